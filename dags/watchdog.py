"""Checks the suite: late decisions, undelivered alerts, aliases that disagree with the ledger.

**When:** every 10 minutes.

**Writes:** an alert for each accepted batch without a decision within its limit, and for each
MLflow alias that disagrees with the ledger; one reminder of each unanswered question; the end of
incidents that are over; one summary a day if a spec asks for it. It sends what is still in the
outbox and finishes promotions whose alias has not been set yet. It never changes an alias that
somebody else has moved.

**When it fails:** the ledger, MLflow or Slack did not answer; the next run tries again
automatically.
"""

from datetime import timedelta

from airflow.sdk import DAG

from evergreen.orchestration import watchdog_tasks
from evergreen.orchestration.dag_factory import suite
from evergreen.orchestration.task_links import link_tasks

with DAG(**suite("watchdog"), schedule=timedelta(minutes=10), doc_md=__doc__) as dag:
    watchdog_tasks.check_decisions()
    watchdog_tasks.reconcile_champions()
    watchdog_tasks.remind_of_approvals()
    watchdog_tasks.end_incidents()
    watchdog_tasks.send_digests()
    watchdog_tasks.deliver_alerts()
    link_tasks(dag)
