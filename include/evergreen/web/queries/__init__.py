"""The data of the pages and the API, read from the ledger and the specs."""
