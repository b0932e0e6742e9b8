"""From a decision to an evaluated challenger: train, register, compare, document."""
