"""Evergreen keeps tabular models fresh: it decides when to retrain, and promotes safely."""
