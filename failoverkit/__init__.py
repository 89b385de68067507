"""Connection pools that keep working when a replicated database fails over."""
