"""The drift report that people read, drawn by Evidently."""
