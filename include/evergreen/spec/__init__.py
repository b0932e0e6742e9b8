"""The typed model spec: what a user writes about one model, checked before anything runs."""
