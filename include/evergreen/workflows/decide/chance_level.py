"""What a model that knows nothing would score; the policy measures drops against it."""

from typing import TYPE_CHECKING

from evergreen.ledger.ledger import Ledger
from evergreen.spec.model import ModelSpec
from evergreen.workflows.decide.version_baseline import read_baseline
from evergreen.workflows.ingest.labelled_data import labelled_path, matured

if TYPE_CHECKING:
    from evergreen.storage.store import Store

# Of a regression without any labels yet; nothing is judged by it.
UNKNOWN = 1.0


def chance_of(
    spec: ModelSpec, ledger: Ledger, store: "Store", version: str | None, *, before: str
) -> float:
    """Return what a model that knows nothing scores by the spec's metric.

    For classes it follows from their number. For a regression it is what the labels' mean or median
    would have scored on the champion's holdout; where nothing is kept of that, on the newest
    labelled batch.

    Args:
        spec: The model's spec.
        ledger: Knows the version, and which labels have come.
        store: Where both are kept.
        version: The champion; None before the first.
        before: Id of the batch that is decided about.
    """
    from evergreen.metrics.chance import chance

    data, metric = spec.data, spec.metric
    if data.task != "regression":
        return chance(metric, n_classes=data.n_classes)
    baseline = None if version is None else read_baseline(ledger, store, spec.name, version)
    if baseline is not None and baseline.chance is not None:
        return baseline.chance
    newest = matured(ledger, spec.name, before=before)
    if not newest:
        return UNKNOWN
    path = labelled_path(spec.name, newest[-1].batch)
    labels = store.read_table(path, columns=[data.target])[data.target].to_numpy()
    return chance(metric, target=labels) if labels.size else UNKNOWN
