"""Makes a version that you name the champion, without asking the promotion rule.

**When:** only by hand, with a reason: `{"version": "7", "reason": "…"}`. Refused while promotions
are held; a freeze of the spec does not stop it. The version has to be READY in MLflow, with the
file that the ledger knows.

**Writes:** a promotion row of kind `forced` with your name, through the same protocol as any
promotion, then the MLflow alias, and one message. The version that steps down is kept.

**When it fails:** nothing has moved, or the ledger has moved and the alias follows when you
clear the task. `evergreen champion <model>` shows who is champion.
"""

from airflow.sdk import DAG

from evergreen.orchestration import assets, manual_tasks
from evergreen.orchestration.dag_factory import models_for, shared
from evergreen.orchestration.task_links import link_tasks
from evergreen.orchestration.trigger_params import force_promote_params

for spec in models_for("force_promote"):
    with DAG(
        **shared("force_promote", spec),
        schedule=None,
        params=force_promote_params(),
        doc_md=__doc__,
    ) as dag:
        force = manual_tasks.force_promote.override(outlets=[assets.champion(spec.name)])
        force(spec.name)
        link_tasks(dag)
