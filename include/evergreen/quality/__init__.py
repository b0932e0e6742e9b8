"""The data quality gate: a model's own expectations, and rules that always hold.

Importing this package is light; Great Expectations is imported when a gate runs.
"""

from evergreen.quality.docs import render_data_docs
from evergreen.quality.expectations import parse_expectations
from evergreen.quality.gate import run_gate
from evergreen.quality.labels import gate_labels

__all__ = ["gate_labels", "parse_expectations", "render_data_docs", "run_gate"]
