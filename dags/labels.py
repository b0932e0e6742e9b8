"""Ingests the labels of a batch, runs the label gate and joins them to the batch.

**When:** starts to wait at the times of the spec's schedule; one delivery of labels per run, in
batch order. For labels that were delivered again, or too late, use `redelivery__<model>`.

**Writes:** the labelled batch (rows and labels joined by key), a row in the ledger, and an
event of the asset `labelled/<model>`. Decay is measured on these labels, and challengers are
judged on them.

**Ends:** green with `publish_labels`; with `reject_labels` when too few matched, a value was
out of range, or a key had two labels (one alert); with `skip_labels` when the batch itself was
never accepted.

**When it fails:** read the log of the red task and clear it. No label is ever counted twice.
"""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from evergreen.orchestration import assets, ingest_tasks
from evergreen.orchestration.dag_factory import models_for, schedule_of, shared
from evergreen.orchestration.sensors import wait_for_delivery
from evergreen.orchestration.task_links import link_tasks

for spec in models_for("labels"):
    with DAG(
        **shared("labels", spec),
        schedule=schedule_of(spec),
        doc_md=__doc__,
    ) as dag:
        found = ingest_tasks.find_next_batch(spec.name, "labels")
        arrived = wait_for_delivery(spec, "labels")
        taken = ingest_tasks.take_snapshot(spec.name, found)
        gate = ingest_tasks.check_labels(spec.name, taken)
        publish = ingest_tasks.publish_labels.override(outlets=[assets.labelled(spec.name)])
        found >> arrived >> taken
        gate >> publish(spec.name, taken)
        gate >> ingest_tasks.reject_labels(spec.name, taken)
        gate >> EmptyOperator(task_id="skip_labels")
        link_tasks(dag)
