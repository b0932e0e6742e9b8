"""Builds no DAG: it shows what is wrong with any model's spec as an Airflow import error.

A broken spec must not take the other models' DAGs along, so the other files leave it out and
this one names file, key and remedy. When all specs are sound, it does nothing.
"""

from evergreen.orchestration.dag_factory import raise_spec_problems

raise_spec_problems()
