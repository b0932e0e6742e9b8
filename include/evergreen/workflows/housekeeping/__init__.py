"""What is deleted when, and what never is."""
