"""Moves the champion back to its predecessor, or to a version that you name.

**When:** only by hand, with a reason: `{"reason": "…"}` or `{"version": "3", "reason": "…"}`.

**Writes:** a promotion row of kind `rollback` through the same protocol as any promotion, then
the MLflow alias, and one message. The version that steps down is kept, and is no former champion
that might be let back by itself. From a shell: `evergreen rollback <model> --reason "…"`.

**When it fails:** nothing has moved, or the ledger has moved and the alias follows when you
clear the task. `evergreen champion <model>` shows who is champion.
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
