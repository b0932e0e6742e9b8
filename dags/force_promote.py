"""Makes a named version champion, without the promotion rule.

**When:** only by hand, with a reason: `{"version": "7", "reason": "…"}`. Refused while promotions
are held; a freeze of the spec does not stop it. The version must be READY in MLflow, and its file
must match the ledger.

**Writes:** a promotion row of kind `forced` with your name, through the same protocol as any
promotion, then the MLflow alias, and one message. The replaced version is kept.

**When it fails:** either nothing has changed, or only the ledger has; then clear the task and the
alias follows. `evergreen champion <model>` shows which version is champion.
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
