"""Reads over the ledger for pages, terminal and metrics. Nothing is written here."""
