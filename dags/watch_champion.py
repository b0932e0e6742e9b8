"""Watches a new champion on the batches that are labelled after its promotion; goes back if worse.

**When:** for every batch that the asset `labelled/<model>` announces. By hand without a conf: the
newest labelled batch. Pink (skipped) where there is nothing to watch: no promotion lately, the
watch is over, or the rows were seen before.

**Way:** `compare_with_former` scores champion and former champion on the batch and judges all
batches of the watch so far → `roll_back_if_worse`, pink unless the champion is significantly worse.

**Writes:** a row of the watch, late scores where they were missing; at most one promotion of kind
`rollback` per promotion, with one message. `evergreen champion <model>` shows how the watch
stands. While promotions are held, nothing moves and one message asks a person.

**When it fails:** the champion stays. Read the log of the red task and clear it: a batch that has
counted is not counted again, and what was begun is finished.
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
