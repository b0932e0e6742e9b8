"""What people are told, and when an incident opens, goes on and ends; nothing is sent here."""
