"""Deliveries of the bundled flights data, and faults put into them."""
