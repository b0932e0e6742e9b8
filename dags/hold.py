"""Holds the promotions of a model, or releases them: the kill switch.

**When:** only by hand, with a reason: `{"action": "hold", "reason": "…"}` or `{"action":
"release", "reason": "…"}`. For all models at once: `evergreen hold --all --reason …`.

**Writes:** a row with who held, since when and why. During a hold no version becomes champion,
neither automatically nor by force; measuring, training, evaluation and rollback by hand continue.
After a release `decide_anew` starts `continual_training` if a promotion was held. It is pink
(skipped) if none was held, or if another hold or a freeze is still in force.

**When it fails:** `change_hold` red: the log says why the request was refused; nothing has changed.
Any other task: the hold has already changed; clear the task.
"""

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG

from evergreen.orchestration import manual_tasks
from evergreen.orchestration.dag_factory import anew_run, models_for, shared
from evergreen.orchestration.task_links import link_tasks
from evergreen.orchestration.trigger_params import hold_params

for spec in models_for("hold"):
    with DAG(**shared("hold", spec), schedule=None, params=hold_params(), doc_md=__doc__) as dag:
        changed = manual_tasks.change_hold(spec.name)
        held = manual_tasks.find_held(spec.name, changed)
        TriggerDagRunOperator(task_id="decide_anew", conf=held, **anew_run(spec))
        link_tasks(dag)
