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

from evergreen.orchestration import watch_tasks
from evergreen.orchestration.task_links import link_tasks
from evergreen.orchestration.wiring import suite

with DAG(**suite("watchdog"), schedule=timedelta(minutes=10), doc_md=__doc__) as dag:
    watch_tasks.check_decisions()
    watch_tasks.reconcile_champions()
    watch_tasks.remind_of_approvals()
    watch_tasks.end_incidents()
    watch_tasks.send_digests()
    watch_tasks.deliver_alerts()
    link_tasks(dag)
