"""The watch after a promotion: champion and former one on each batch that is labelled since."""

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING

from evergreen.errors import EvergreenError, ExternalError, RequestError
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Delivery, Watch, WatchState
from evergreen.presentation.formatting import plural
from evergreen.records import Promotion
from evergreen.spec.model import ModelSpec
from evergreen.workflows.decide.score import ScoringAccess, log_scores
from evergreen.workflows.ingest.labelled_data import in_excluded_span, matured, scored_with
from evergreen.workflows.ingest.quality_gate import read_snapshot, taken
from evergreen.workflows.model_context import ModelContext

if TYPE_CHECKING:
    from evergreen.decay.measure import ScoredBatch
    from evergreen.promotion.watch import WatchedBatch


def labelled_batch(context: ModelContext, announced: str | None) -> Delivery:
    """Return the labels of the batch that was announced, else the newest there are.

    Raises:
        RequestError: There are none.
    """
    found = matured(context.ledger, context.spec.name)
    wanted = [labels for labels in found if announced in (None, labels.batch)]
    if not wanted:
        raise RequestError(
            f"{context.spec.name} has no accepted labels"
            f"{'' if announced is None else f' of batch {announced}'}; there is nothing to compare"
        )
    return wanted[-1]


def why_not_watched(context: ModelContext, promotion: Promotion | None, labels: Delivery) -> str:
    """Say why a batch is no part of a watch; empty when it is.

    It has to lie after all rows that either model learnt from or was judged on, and its labels have
    to have come after the promotion: nobody had seen them then.
    """
    from evergreen.promotion.watch import is_watched

    if promotion is None:
        return f"{context.spec.name} has no champion yet"
    if not is_watched(promotion):
        return f"v{promotion.version} came by a {promotion.kind}, it has nothing to be watched for"
    length = context.spec.promotion.watch_batches
    counted = _counted(context.spec, context.ledger, promotion)
    if len(counted) >= length and labels.batch not in {watch.batch for watch in counted}:
        lasts = plural(length, "labelled batch")
        return f"the watch of v{promotion.version} is over: it lasts {lasts}"
    if labels.taken_at <= promotion.promoted_at:
        return f"the labels of {labels.batch} came before v{promotion.version} was promoted"
    for version in (promotion.version, promotion.previous_version or ""):
        seen = _seen_through(context.spec, context.ledger, version)
        if _start_of(context.spec, context.ledger, labels) < seen:
            return f"v{version} learnt from, or was judged on, rows until {seen:%Y-%m-%d %H:%M} UTC"
    return ""


def watch_batch(context: ModelContext, promotion: Promotion, labels: Delivery) -> Watch:
    """Compare the champion with the former one on a batch, and judge the watch so far.

    A batch that has counted is not looked at again: the row that stands is given.

    Raises:
        ExternalError: An outside system failed; trying again may help.
    """
    for watch in _counted(context.spec, context.ledger, promotion):
        if watch.batch == labels.batch:
            return watch
    name = context.spec.name
    if labels.batch in context.ledger.decisions.quarantined_batches(name):
        return _left_out(context.spec, context.ledger, promotion, labels, "it is quarantined")
    if in_excluded_span(context.spec, labels):
        return _left_out(
            context.spec, context.ledger, promotion, labels, "it reaches into an excluded span"
        )
    access = ScoringAccess.of(context)
    try:
        mine = _scores(access, promotion.version, labels.batch)
        former = _scores(access, promotion.previous_version or "", labels.batch)
    except ExternalError:
        raise
    except EvergreenError as err:
        return _left_out(
            context.spec, context.ledger, promotion, labels, f"{err}", verdict="not_computable"
        )
    coverage = mine.target.size / max(mine.n_scored, 1)
    if coverage < context.spec.decay.min_coverage:
        few = f"{coverage:.0%} of its rows have labels, needs {context.spec.decay.min_coverage:.0%}"
        return _left_out(context.spec, context.ledger, promotion, labels, few)
    return _judged(context.spec, context.ledger, promotion, labels, mine=mine, former=former)


def _judged(
    spec: ModelSpec,
    ledger: Ledger,
    promotion: Promotion,
    labels: Delivery,
    *,
    mine: "ScoredBatch",
    former: "ScoredBatch",
) -> Watch:
    from evergreen.metrics import estimate, paired_gain
    from evergreen.promotion.watch import WatchedBatch, judge_watch, prior_sd

    metric, rule = spec.metric, spec.promotion
    gain, se = None, None
    if mine.target.size == former.target.size:
        gain, se = paired_gain(metric, mine.target, former.prediction, mine.prediction)
    newest = WatchedBatch(batch=labels.batch, n_rows=int(mine.target.size), gain=gain, se=se)
    level = estimate(metric, former.target, former.prediction).value
    verdict = judge_watch(
        [*map(_as_watched, _counted(spec, ledger, promotion)), newest],
        metric=metric,
        n_batches=rule.watch_batches,
        error=rule.watch_error,
        prior=prior_sd(metric, level),
        earlier=_earlier(spec, ledger, promotion),
    )
    relation = "is worse than" if verdict.verdict == "worse" else "against"
    sentence = f"v{promotion.version} {relation} v{promotion.previous_version}: {verdict.sentence}"
    return ledger.watches.record(
        spec.name,
        promotion.epoch,
        labels.batch,
        n_rows=newest.n_rows,
        gain=gain,
        gain_se=se,
        verdict=verdict.verdict,
        sentence=sentence,
    )


def _scores(access: ScoringAccess, version: str, batch: str) -> "ScoredBatch":
    """Return a version's predictions on a batch with its labels; what is missing is scored now."""
    name = access.spec.name
    logs = access.ledger.batches.predictions(name, version=version, batch=batch)
    if logs:
        return scored_with(access.spec, access.store, logs[0])
    rows = read_snapshot(access.store, taken(access.ledger, name, "data", batch))
    log = log_scores(access, version, batch, rows)
    return scored_with(access.spec, access.store, log)


def _seen_through(spec: ModelSpec, ledger: Ledger, version: str) -> datetime:
    """Return the end of what a version learnt from and was judged on."""
    entry = ledger.versions.get(spec.name, version)
    ends = [entry.trained.window.end]
    if entry.evaluation is not None:
        ends.append(entry.evaluation.holdout.end)
    return max(ends)


def _start_of(spec: ModelSpec, ledger: Ledger, labels: Delivery) -> datetime:
    data = ledger.batches.delivery(spec.name, "data", labels.batch)
    starts = [d.window.start for d in (data, labels) if d is not None and d.window is not None]
    return min(starts)


def _counted(spec: ModelSpec, ledger: Ledger, promotion: Promotion) -> list[Watch]:
    rows = ledger.watches.of_epoch(spec.name, promotion.epoch)
    return [watch for watch in rows if watch.has_counted]


def _earlier(spec: ModelSpec, ledger: Ledger, promotion: Promotion) -> "list[list[WatchedBatch]]":
    """Return the batches of each earlier watch of the model."""
    watches: dict[int, list[WatchedBatch]] = defaultdict(list)
    for watch in ledger.watches.history(spec.name):
        if watch.has_counted and watch.epoch != promotion.epoch:
            watches[watch.epoch].append(_as_watched(watch))
    return list(watches.values())


def _as_watched(watch: Watch) -> "WatchedBatch":
    from evergreen.promotion.watch import WatchedBatch

    return WatchedBatch(batch=watch.batch, n_rows=watch.n_rows, gain=watch.gain, se=watch.gain_se)


def _left_out(
    spec: ModelSpec,
    ledger: Ledger,
    promotion: Promotion,
    labels: Delivery,
    why: str,
    *,
    verdict: WatchState = "left_out",
) -> Watch:
    sentence = f"batch {labels.batch} does not count in the watch of v{promotion.version}: {why}"
    return ledger.watches.record(
        spec.name,
        promotion.epoch,
        labels.batch,
        n_rows=0,
        gain=None,
        gain_se=None,
        verdict=verdict,
        sentence=sentence,
    )
