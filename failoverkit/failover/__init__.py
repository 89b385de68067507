"""The brain: pure and immutable. Folds observations into topologies and returns effects as data."""
