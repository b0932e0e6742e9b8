"""Replay of a policy over a history of batches."""
