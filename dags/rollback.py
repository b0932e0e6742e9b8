"""Moves the champion back to the previous champion, or to a named version.

**When:** only by hand, with a reason: `{"reason": "…"}` or `{"version": "3", "reason": "…"}`.

**Writes:** a promotion row of kind `rollback` through the same protocol as any promotion, then
the MLflow alias, and one message. The replaced version is kept; it is not nominated to return
automatically. From a shell: `evergreen rollback <model> --reason "…"`.

**When it fails:** either nothing has changed, or only the ledger has; then clear the task and the
alias follows. `evergreen champion <model>` shows which version is champion.
"""

from airflow.sdk import DAG

from evergreen.orchestration import assets, rollback_tasks
from evergreen.orchestration.dag_factory import models_for, shared
from evergreen.orchestration.task_links import link_tasks
from evergreen.orchestration.trigger_params import rollback_params

for spec in models_for("rollback"):
    with DAG(
        **shared("rollback", spec), schedule=None, params=rollback_params(), doc_md=__doc__
    ) as dag:
        roll_back = rollback_tasks.roll_back.override(outlets=[assets.champion(spec.name)])
        roll_back(spec.name)
        link_tasks(dag)
