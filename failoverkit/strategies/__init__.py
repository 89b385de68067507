"""The built-in strategies: plugins like any other, found in the group ``failoverkit.strategies``."""
