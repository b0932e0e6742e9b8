"""Ingests the next batch of data and runs the quality gate.

**When:** starts to wait at the times of the spec's schedule; one batch per run, the oldest new one
first. For a batch that was delivered again after a rejection use `redelivery__<model>`.

**Writes:** the snapshot (immutable, named by its content), a row in the ledger's `batches`,
Data Docs for a rejected batch, and an event of the asset `batches/<model>` whose partition key
is the batch id.

**Ends:** green with `publish_batch`, or green with `quarantine_batch` when the data was
rejected; then one alert says which rule broke. Red means that the gate itself or a system that it
needs failed, not the data.

**When it fails:** read the log of the red task; it says what was expected and what to do. Clear
the red task: every task can be run again. `wait_for_batch` red or retrying means that no data
arrived in time.
"""

from airflow.sdk import DAG

from evergreen.orchestration import assets, ingest_tasks
from evergreen.orchestration.dag_factory import models_for, schedule_of, shared
from evergreen.orchestration.sensors import wait_for_delivery
from evergreen.orchestration.task_links import link_tasks

for spec in models_for("ingest"):
    with DAG(
        **shared("ingest", spec),
        schedule=schedule_of(spec),
        doc_md=__doc__,
    ) as dag:
        found = ingest_tasks.find_next_batch(spec.name, "data")
        arrived = wait_for_delivery(spec, "data")
        taken = ingest_tasks.take_snapshot(spec.name, found)
        gate = ingest_tasks.check_quality(spec.name, taken)
        publish = ingest_tasks.publish_batch.override(outlets=[assets.batches(spec.name)])
        found >> arrived >> taken
        gate >> publish(spec.name, taken)
        gate >> ingest_tasks.quarantine_batch(spec.name, taken)
        gate >> ingest_tasks.write_data_docs(spec.name, taken)
        link_tasks(dag)
