# One word each. `make` alone lists them.
VENV ?= .venv
PYTEST = $(VENV)/bin/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help demo test lint types bench docs dist clean test-versions setup

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## a real failover on real PostgreSQL servers, about a minute
	@scripts/setup demo
	@$(VENV)/bin/failoverkit demo $(ARGS)

test: setup ## everything: lint, types, contracts, unit to live
	@scripts/lint
	@scripts/check-types
	$(PYTEST) tests plugins $(ARGS)

lint: setup ## style, format and import contracts
	@scripts/lint

types: setup ## mypy --strict
	@scripts/check-types

bench: setup ## measure against peers in the same run
	@$(VENV)/bin/python -m pip install --quiet --group bench
	@$(VENV)/bin/python tests/benchmarks/run.py $(ARGS)

docs: setup ## regenerate what the docs take from the code
	@$(VENV)/bin/python scripts/generate_docs.py

dist: setup ## wheels of the core and the plugins, in dist/
	@scripts/dist

test-versions: ## the suite on every supported Python this machine has
	@scripts/test-versions $(ARGS)

clean: ## remove what was built, the virtual environments included
	rm -rf .venv .venv-3.* build dist plugins/*/dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup:
	@scripts/setup dev
