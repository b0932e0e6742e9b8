"""Numbers, dates, labels and rows of signals, written once for terminal, pages and messages."""
