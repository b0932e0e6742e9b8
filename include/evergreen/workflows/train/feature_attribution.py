"""How much each feature moves the scores of a version and of the champion, on the same rows."""

import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.errors import EvergreenError
from evergreen.evaluation.card import Attribution, Attributions
from evergreen.workflows.decide.score import ScoringAccess, registered_scorer, score_job
from evergreen.workflows.model_context import scratch_folder

SAMPLE_ROWS = 2000
SEED = 0
TIME_LIMIT_SECONDS = 60.0
UNITS = {"regression": "in the target's unit", "multiclass": "in log odds, summed over classes"}


def attribute_features(
    access: ScoringAccess,
    version: str,
    champion: str | None,
    rows: pa.Table,
    *,
    time_limit_seconds: float = TIME_LIMIT_SECONDS,
) -> Attributions:
    """Explain both models on a sample of the rows; where that fails, say so instead.

    Args:
        access: What scoring needs of the model.
        version: The version to explain.
        champion: The one that it is held against, if any.
        rows: Rows of the holdout; at most 2,000 are looked at, the same ones for both.
        time_limit_seconds: For each of the two.
    """
    try:
        mine, n_rows = _contributions(access, version, rows, time_limit_seconds)
    except EvergreenError as err:
        return Attributions(sentence=f"not computed: {err}")
    theirs, note = _champions(access, champion, rows, time_limit_seconds)
    unit = UNITS.get(access.spec.data.task, "in log odds")
    return Attributions(
        features=tuple(
            Attribution(feature=name, contribution=value, champion=theirs.get(name))
            for name, value in mine.items()
        ),
        n_rows=n_rows,
        sentence=f"mean absolute TreeSHAP contribution to the score, {unit}, over {n_rows:,} rows"
        f" of the holdout{note}",
    )


def _champions(
    access: ScoringAccess, champion: str | None, rows: pa.Table, time_limit_seconds: float
) -> tuple[dict[str, float], str]:
    if champion is None:
        return {}, "; there is no champion to hold it against"
    try:
        theirs, _ = _contributions(access, champion, rows, time_limit_seconds)
    except EvergreenError as err:
        return {}, f"; those of the champion v{champion} were not computed: {err}"
    return theirs, f"; the champion is v{champion}"


def _contributions(
    access: ScoringAccess, version: str, rows: pa.Table, time_limit_seconds: float
) -> tuple[dict[str, float], int]:
    from evergreen.training.attribute import CONTRIBUTION, FEATURE
    from evergreen.training.process import run_child

    with scratch_folder(access.spec.name) as folder:
        scorer = registered_scorer(
            access.spec.name, access.ledger, access.open_registry(), version, folder
        )
        job = score_job(access.spec, access.store, scorer, rows, folder)
        asked = job.model_copy(update={"attribute_rows": SAMPLE_ROWS, "seed": SEED})
        done = run_child(
            asked,
            time_limit_seconds=time_limit_seconds,
            memory_limit_bytes=access.memory_bytes,
        )
        told = pq.read_table(done.path).to_pydict()
    return dict(zip(told[FEATURE], told[CONTRIBUTION], strict=True)), done.n_rows
