"""The actions of the pages: retrain, hold, release, acknowledge, snooze."""
