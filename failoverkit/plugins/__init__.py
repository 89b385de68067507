"""Plugins: find them, load them by name, check them, list them."""

from failoverkit.plugins.listing import PluginInfo, installed
from failoverkit.plugins.plugins import Plugins, load

__all__ = ["PluginInfo", "Plugins", "installed", "load"]
