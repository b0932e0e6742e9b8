"""Replays the policies on a model's history: what each would have kept and cost.

**When:** only by hand. All fields of the form may stay as they are; `{"policies": "default"}`
replays fewer, `{"budget": 0.1}` or `{"every_batches": 8}` asks "what if" without touching the spec.
The policies `never`, `every` and `periodic` are always included for comparison.

**Writes:** a page and its numbers, `backtest.html` and `backtest.json`, in
`reports/<model>/backtests/<run>/` of the store, and the same table in the log of `replay_policies`.
No decision, no model version, no alias. `retention.reports_days` removes them.

**When it fails:** nothing else depends on it. The log says what was expected, what was found and
what to do; with too little history nothing is replayed. The time limit is two hours: if that is
too short, choose fewer policies, or more jobs on a worker with as many cores.
"""

from airflow.sdk import DAG

from evergreen.orchestration import backtest_tasks
from evergreen.orchestration.dag_factory import models_for, shared
from evergreen.orchestration.task_links import link_tasks
from evergreen.orchestration.trigger_params import backtest_params

for spec in models_for("backtest"):
    with DAG(
        **shared("backtest", spec), schedule=None, params=backtest_params(), doc_md=__doc__
    ) as dag:
        backtest_tasks.check_request(spec.name) >> backtest_tasks.replay_policies(spec.name)
        link_tasks(dag)
