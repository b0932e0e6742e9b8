"""What the pages and the API show, read from the ledger and the specs."""
