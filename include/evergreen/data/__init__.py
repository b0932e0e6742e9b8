"""Deliveries, windows and joins as values: what a batch is, and whether one can be used."""
