"""Ingests a corrected or late delivery: a batch, or its labels.

**When:** only by hand, after the upstream system has delivered what was rejected, skipped or
missing: `{"batch": "<id>"}`, for labels `{"batch": "<id>", "kind": "labels"}`. A batch that was
already accepted is refused, because decisions depend on it.

**Writes:** what `ingest` and `labels` write, by the same steps. An accepted batch is scored and
decided about like any other; a batch that is not the newest never promotes.

**When it fails:** `check_request` red: the log says why the request was refused; nothing changed.
Any other task: read its log and clear it.
"""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from evergreen.orchestration import assets, ingest_tasks
from evergreen.orchestration.dag_factory import models_for, shared
from evergreen.orchestration.task_links import link_tasks
from evergreen.orchestration.trigger_params import redelivery_params

for spec in models_for("redelivery"):
    with DAG(
        **shared("redelivery", spec), schedule=None, params=redelivery_params(), doc_md=__doc__
    ) as dag:
        asked = ingest_tasks.check_request(spec.name)
        taken = ingest_tasks.take_snapshot(spec.name, asked)
        gate = ingest_tasks.check_delivery(spec.name, taken)
        publish_batch = ingest_tasks.publish_batch.override(outlets=[assets.batches(spec.name)])
        publish_labels = ingest_tasks.publish_labels.override(outlets=[assets.labelled(spec.name)])
        gate >> publish_batch(spec.name, taken)
        gate >> ingest_tasks.quarantine_batch(spec.name, taken)
        gate >> ingest_tasks.write_data_docs(spec.name, taken)
        gate >> publish_labels(spec.name, taken)
        gate >> ingest_tasks.reject_labels(spec.name, taken)
        gate >> EmptyOperator(task_id="skip_labels")
        link_tasks(dag)
