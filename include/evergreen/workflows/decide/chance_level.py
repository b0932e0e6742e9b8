"""What a model of the suite would score if it knew nothing; the policy measures harm against it."""

from evergreen.workflows.decide.version_baseline import read_baseline
from evergreen.workflows.ingest.labelled_data import labelled_path, matured
from evergreen.workflows.model_context import ModelContext

# Of a regression without any labels yet; nothing is judged by it.
UNKNOWN = 1.0


def chance_of(context: ModelContext, version: str | None, *, before: str) -> float:
    """Return what a model that knows nothing scores by the spec's metric.

    For classes it follows from their number. For a regression it is what the labels' mean or median
    would have scored on the champion's holdout; where nothing is kept of that, on the newest
    labelled batch.

    Args:
        context: The model's spec and adapters.
        version: The champion; None before the first.
        before: Id of the batch that is decided about.
    """
    from evergreen.metrics.chance import chance

    data, metric = context.spec.data, context.spec.metric
    if data.task != "regression":
        return chance(metric, n_classes=data.n_classes)
    baseline = None if version is None else read_baseline(context, version)
    if baseline is not None and baseline.chance is not None:
        return baseline.chance
    newest = matured(context, before=before)
    if not newest:
        return UNKNOWN
    path = labelled_path(context.spec.name, newest[-1].batch)
    labels = context.store.read_table(path, columns=[data.target])[data.target].to_numpy()
    return chance(metric, target=labels) if labels.size else UNKNOWN
