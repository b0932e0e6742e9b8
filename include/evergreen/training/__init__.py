"""Fitting and scoring with LightGBM, each in a fresh child process that can be killed."""
