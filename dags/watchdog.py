"""Looks after the suite itself: late decisions, undelivered alerts, aliases that left the ledger.

**When:** every 10 minutes.

**Writes:** an alert for each accepted batch without a decision in its time, and for each MLflow
alias that names another version than the ledger; one reminder of each question that nobody has
answered; the end of incidents that are over; one summary a day where a spec asks for it; delivers
what is still in the outbox; finishes promotions whose alias had not followed yet. It never moves an
alias that somebody else has moved.

**When it fails:** the ledger, MLflow or Slack did not answer; the next run tries again by
itself.
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
