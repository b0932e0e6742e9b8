"""From a scored batch to a decision: measure, decide, record."""
