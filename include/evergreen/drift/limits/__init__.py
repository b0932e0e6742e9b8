"""Drift limits that follow from a yearly budget of false alarms."""
