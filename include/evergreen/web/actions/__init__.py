"""What a person may do on a page: retrain, hold, release, acknowledge, snooze."""
