"""Champion and challenger on the same rows."""
