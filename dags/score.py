"""Scores an accepted batch with the champion.

**When:** for every batch that the asset `batches/<model>` announces. By hand with `{"batch":
"<id>"}`.

**Writes:** the prediction log of the batch and the champion's version (Parquet: key and
prediction, rewritten completely on a rerun), a row in the ledger, and an event of the asset
`predictions/<model>`. Without a champion it scores nothing but still announces the batch.

**When it fails:** read the log and clear `score_batch`; the same batch and version give the
same file.
"""

from airflow.sdk import DAG

from evergreen.orchestration import assets, score_tasks
from evergreen.orchestration.dag_factory import models_for, shared
from evergreen.orchestration.task_links import link_tasks
from evergreen.orchestration.trigger_params import batch_param

for spec in models_for("score"):
    with DAG(
        **shared("score", spec),
        schedule=assets.each_partition_of(assets.batches(spec.name)),
        params={"batch": batch_param("Score this batch. Empty: the one that was announced.")},
        doc_md=__doc__,
    ) as dag:
        score = score_tasks.score_batch.override(outlets=[assets.predictions(spec.name)])
        score(spec.name)
        link_tasks(dag)
