"""The reference profile: how the training data of a model were distributed, per column."""
