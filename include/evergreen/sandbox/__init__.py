"""What only the demo and the tests need. Production deployments do not use it."""
