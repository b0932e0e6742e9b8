"""Shows errors in model specs as an Airflow import error; builds no DAG.

A broken spec must not affect the DAGs of other models, so the other files skip it and this one
names file, key and remedy. If all specs are valid, it does nothing.
"""

from evergreen.orchestration.dag_factory import raise_spec_problems

raise_spec_problems()
