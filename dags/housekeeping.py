"""Removes what has passed its retention, model by model.

**When:** daily at 03:30 UTC.

**Writes:** nothing; removes reports, predictions, snapshots and model versions older than the
spec's `retention`. It never touches the champion, the previous champion, or anything they need.

**When it fails:** something could not be removed; nothing depends on it, and tomorrow's run
tries again.
"""

from airflow.sdk import DAG

from evergreen.orchestration import watch_tasks
from evergreen.orchestration.task_links import link_tasks
from evergreen.orchestration.wiring import suite

with DAG(**suite("housekeeping"), schedule="30 3 * * *", doc_md=__doc__) as dag:
    watch_tasks.apply_retention()
    link_tasks(dag)
