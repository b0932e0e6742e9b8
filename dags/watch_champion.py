"""Compares a new champion with the former one on newly labelled batches; rolls back if worse.

**When:** for every batch that the asset `labelled/<model>` announces. By hand without a conf: the
newest labelled batch. Pink (skipped) if there is nothing to watch: no recent promotion, the
watch is over, or the rows were already used.

**Way:** `compare_with_former` scores champion and former champion on the batch and judges all
batches of the watch so far → `roll_back_if_worse`, pink unless the champion is significantly worse.

**Writes:** a row of the watch, scores where they were missing; at most one promotion of kind
`rollback` per promotion, with one message. `evergreen champion <model>` shows the state of the
watch. While promotions are held, nothing changes and one message asks a person to decide.

**When it fails:** the champion stays. Read the log of the red task and clear it: no batch is
counted twice, and unfinished work is completed.
"""

from airflow.sdk import DAG

from evergreen.orchestration import assets, rollback_tasks
from evergreen.orchestration.dag_factory import models_for, shared
from evergreen.orchestration.task_links import link_tasks

for spec in models_for("watch_champion"):
    with DAG(
        **shared("watch_champion", spec),
        schedule=assets.each_partition_of(assets.labelled(spec.name)),
        doc_md=__doc__,
    ) as dag:
        compare = rollback_tasks.compare_with_former(spec.name)
        roll_back = rollback_tasks.roll_back_if_worse.override(outlets=[assets.champion(spec.name)])
        compare >> roll_back(spec.name)
        link_tasks(dag)
