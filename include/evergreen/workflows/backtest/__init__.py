"""Back-tests of a model's policies on its own history."""
