"""The ledger, the truth of the suite: what was delivered, measured, decided, promoted, sent."""
