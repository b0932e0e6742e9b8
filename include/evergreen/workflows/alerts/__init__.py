"""Telling people: opening, continuing and closing incidents, and the outbox."""
