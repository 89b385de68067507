"""The conformance suite that every driver of failoverkit passes, on MariaDB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pymysql.constants import SERVER_STATUS

from failoverkit.testing import DriverConformance


class TestMariaDBConformance(DriverConformance):
    @pytest.fixture
    def driver(self) -> str:
        return "mariadb"

    @pytest.fixture
    def knows_role_at_connect(self) -> bool:
        return False

    @pytest.fixture
    def has_epoch(self) -> bool:
        return False

    @pytest.fixture
    def in_transaction(self) -> Callable[[Any], bool]:
        return lambda connection: bool(connection.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS)
