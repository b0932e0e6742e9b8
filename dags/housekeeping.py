"""Removes what is older than its retention, for each model.

**When:** daily at 03:30 UTC.

**Writes:** nothing; removes reports, predictions, snapshots and model versions older than the
spec's `retention`. It never removes the champion, the previous champion, or anything they need.

**When it fails:** something could not be removed; nothing depends on it, and tomorrow's run
tries again.
"""

from airflow.sdk import DAG

from evergreen.orchestration import watchdog_tasks
from evergreen.orchestration.dag_factory import suite
from evergreen.orchestration.task_links import link_tasks

with DAG(**suite("housekeeping"), schedule="30 3 * * *", doc_md=__doc__) as dag:
    watchdog_tasks.apply_retention()
    link_tasks(dag)
