"""The policies replayed on history: what each would have cost and kept, batch by batch."""
