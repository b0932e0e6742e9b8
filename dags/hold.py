"""Holds the promotions of a model, or releases them: the kill switch.

**When:** only by hand, with a reason: `{"action": "hold", "reason": "…"}` or `{"action":
"release", "reason": "…"}`. For all models at once: `evergreen hold --all --reason …`.

**Writes:** a row of who held, since when and why. While it stands no champion moves by itself and
none by force; measuring, training, evaluation and rollback by hand go on. After a release, what
was held is decided anew: `decide_anew` starts `continual_training` where something was. It is pink
(skipped) where nothing was held, or where something else still holds.

**When it fails:** `change_hold` red: the log says why the request was refused, nothing was done.
Any other task: the hold is changed already; clear the task.
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
