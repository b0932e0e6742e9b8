"""A new champion against the former one on the weeks that are labelled after its promotion."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from drivers.history import REJECTED, accept, begin, crown, enthrone, label, predict, take
from drivers.tiny import FIRST, WEEK, Upstream
from evergreen.errors import ExternalError, RequestError
from evergreen.ledger.records import Delivery, Watch
from evergreen.records import Promotion
from evergreen.signals import PolicyDecision, PolicySignals
from evergreen.spec.deciding import ExcludedSpan
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.champion_watch import labelled_batch, watch_batch, why_not_watched
from standins.shelf import Shelf


def champion_of(context: ModelContext) -> Promotion:
    found = context.ledger.promotions.latest(context.spec.name)
    assert found is not None
    return found


def ruled(context: ModelContext, **changes: Any) -> ModelContext:
    """Return the same model context under other rules."""
    spec = context.spec.model_copy(update=changes)
    other = ModelContext(context.settings, replace(context.loaded, spec=spec), context.ledger)
    other.__dict__.update({k: v for k, v in context.__dict__.items() if k == "registry"})
    return other


def look(context: ModelContext, batch: str) -> Watch:
    labels = labelled_batch(context, batch)
    promotion = champion_of(context)
    assert why_not_watched(context, promotion, labels) == ""
    return watch_batch(context, promotion, labels)


def why_not(context: ModelContext, batch: str) -> str:
    return why_not_watched(context, champion_of(context), labelled_batch(context, batch))


@pytest.fixture
def pass_weeks(context: ModelContext, upstream: Upstream) -> Callable[..., list[str]]:
    """Let both versions score the weeks from 5 on, and label them."""

    def play(n_weeks: int = 1, *, is_right: bool = True, **labelled: Any) -> list[str]:
        found = []
        for week in range(5, 5 + n_weeks):
            batch = f"{FIRST + week * WEEK:%Y-%m-%d}"
            predict(context, batch, "1")
            predict(context, batch, "2", is_right=is_right)
            label(context, upstream, week, **labelled)
            accept(context, upstream, week + 1)
            found.append(batch)
        return found

    return play


@pytest.fixture
def promoted(context: ModelContext, upstream: Upstream) -> str:
    """Let v2 take the place of v1; give the batch of week 5, which neither has learnt from."""
    batch = begin(context, upstream)
    crown(context)
    crown(context, "2")
    context.__dict__["registry"] = Shelf({})
    return batch


# What a batch says


def test_a_champion_that_is_always_wrong_is_worse_after_one_batch(
    context: ModelContext, promoted: str, pass_weeks: Callable[..., list[str]]
) -> None:
    pass_weeks(is_right=False)

    watch = look(context, promoted)

    assert (watch.verdict, watch.epoch, watch.n_rows) == ("worse", 2, 400)
    assert (watch.gain or 0) < -0.5
    assert watch.sentence.startswith("v2 is worse than v1: auc gain -0.")
    assert context.ledger.watches.history(context.spec.name) == [watch]


def test_an_equal_champion_passes_its_watch_and_is_not_watched_any_longer(
    context: ModelContext, promoted: str, pass_weeks: Callable[..., list[str]]
) -> None:
    batches = pass_weeks(5)

    verdicts = [look(context, batch).verdict for batch in batches[:4]]

    assert verdicts == ["watching", "watching", "watching", "passed"]
    assert why_not(context, batches[4]) == "the watch of v2 is over: it lasts 4 labelled batches"
    assert why_not(context, batches[3]) == ""


def test_a_batch_counts_once_whatever_is_scored_later(
    context: ModelContext, promoted: str, pass_weeks: Callable[..., list[str]]
) -> None:
    pass_weeks()
    first = look(context, promoted)
    predict(context, promoted, "2", is_right=False)

    assert look(context, promoted) == first
    assert len(context.ledger.watches.history(context.spec.name)) == 1


def test_scores_that_are_missing_are_made_in_shadow(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    digest = sha256(model_file.read_bytes()).hexdigest()
    batch = begin(context, upstream)
    crown(context, sha256=digest)
    crown(context, "2", sha256=digest)
    context.__dict__["registry"] = Shelf({"1": model_file, "2": model_file})
    label(context, upstream, 5)

    watch = look(context, batch)

    assert (watch.verdict, watch.gain) == ("watching", 0.0)
    logs = context.ledger.batches.predictions(context.spec.name, batch=batch)
    assert sorted(log.version for log in logs) == ["1", "2"]


def test_a_former_champion_that_is_gone_does_not_count_and_may_come_back(
    context: ModelContext, upstream: Upstream, promoted: str
) -> None:
    predict(context, promoted, "2")
    label(context, upstream, 5)

    without = look(context, promoted)
    predict(context, promoted, "1")

    assert without.verdict == "not_computable"
    assert "restore it there" in without.sentence
    assert look(context, promoted).verdict == "watching"


def test_a_system_that_is_down_is_tried_again(
    context: ModelContext, promoted: str, pass_weeks: Callable[..., list[str]]
) -> None:
    pass_weeks()
    context.store.delete(f"predictions/{context.spec.name}/{promoted}/v1.parquet")

    with pytest.raises(ExternalError):
        look(context, promoted)

    assert context.ledger.watches.history(context.spec.name) == []


def test_rows_that_differ_are_not_compared(
    context: ModelContext, promoted: str, pass_weeks: Callable[..., list[str]]
) -> None:
    pass_weeks()
    path = f"predictions/{context.spec.name}/{promoted}/v1.parquet"
    context.store.write_table(path, context.store.read_table(path).slice(1))

    watch = look(context, promoted)

    assert (watch.verdict, watch.gain) == ("not_computable", None)


# What is left out


@pytest.mark.parametrize(("n_rows", "verdict"), [(319, "left_out"), (320, "watching")])
def test_labels_of_too_few_rows_do_not_count(
    context: ModelContext,
    promoted: str,
    pass_weeks: Callable[..., list[str]],
    n_rows: int,
    verdict: str,
) -> None:
    pass_weeks(n_rows=n_rows)

    watch = look(context, promoted)

    assert watch.verdict == verdict
    assert ("80% of its rows have labels, needs 80%" in watch.sentence) is (n_rows == 319)


def test_a_batch_in_an_excluded_span_does_not_count(
    context: ModelContext, promoted: str, pass_weeks: Callable[..., list[str]]
) -> None:
    pass_weeks(is_right=False)
    start = FIRST + 5 * WEEK
    span = ExcludedSpan(start=start, end=start + timedelta(hours=1), reason="a strike")
    policy = context.spec.policy.model_copy(update={"excluded_spans": (span,)})

    watch = look(ruled(context, policy=policy), promoted)

    assert watch.verdict == "left_out"
    assert "excluded span" in watch.sentence


def test_a_held_batch_counts_when_it_was_released(
    context: ModelContext, promoted: str, pass_weeks: Callable[..., list[str]]
) -> None:
    pass_weeks(is_right=False)
    decide_suspect(context, promoted, is_suspect=True)

    held = look(context, promoted)
    decide_suspect(context, promoted, is_suspect=False)

    assert held.verdict == "left_out"
    assert look(context, promoted).verdict == "worse"


def decide_suspect(context: ModelContext, batch: str, *, is_suspect: bool) -> None:
    decision = PolicyDecision(
        verdict="stand_down", trigger="none", sentence="", is_suspect=is_suspect
    )
    signals = PolicySignals(
        batch=batch,
        champion_version="2",
        drift=None,
        decay=None,
        n_training_rows=0,
        n_holdout_rows=0,
    )
    context.ledger.decisions.open(
        context.spec.name, batch, "run", decision=decision, signals=signals, spec_hash="f"
    )


# What is watched at all


def test_without_a_promotion_nothing_is_watched(
    context: ModelContext, promoted: str, pass_weeks: Callable[..., list[str]]
) -> None:
    pass_weeks()
    labels = labelled_batch(context, promoted)
    row = champion_of(context)

    def told(promotion: Promotion | None) -> str:
        return why_not_watched(context, promotion, labels)

    assert told(None) == f"{context.spec.name} has no champion yet"
    for kind in ("bootstrap", "rollback"):
        came = row.model_copy(update={"kind": kind})
        assert told(came) == f"v2 came by a {kind}, it has nothing to be watched for"
    assert told(row.model_copy(update={"kind": "forced"})) == ""


def test_a_watch_of_no_batches_is_none(
    context: ModelContext, promoted: str, pass_weeks: Callable[..., list[str]]
) -> None:
    pass_weeks()
    promotion = context.spec.promotion.model_copy(update={"watch_batches": 0})

    assert "over" in why_not(ruled(context, promotion=promotion), promoted)


def test_labels_from_before_the_promotion_are_not_watched(
    context: ModelContext, upstream: Upstream, promoted: str, pass_weeks: Callable[..., list[str]]
) -> None:
    pass_weeks()

    enthrone(context, "1", decision="forced")

    assert why_not(context, promoted).endswith("came before v1 was promoted")


@pytest.mark.parametrize("version", ["1", "2"], ids=["former", "champion"])
@pytest.mark.parametrize("seen", ["trained", "judged"])
def test_rows_that_either_model_has_seen_are_not_watched(
    context: ModelContext,
    promoted: str,
    pass_weeks: Callable[..., list[str]],
    version: str,
    seen: str,
) -> None:
    pass_weeks()
    see(context, version, seen, until=FIRST + 6 * WEEK)

    assert why_not(context, promoted).startswith(f"v{version} learnt from, or was judged on, rows")

    see(context, version, seen, until=FIRST + 5 * WEEK)
    assert why_not(context, promoted) == ""


def see(context: ModelContext, version: str, seen: str, *, until: datetime) -> None:
    """Let a version have learnt from, or have been judged on, rows until a moment."""
    versions, name = context.ledger.versions, context.spec.name
    entry = versions.get(name, version)
    assert entry.evaluation is not None
    trained, evaluation = entry.trained, entry.evaluation
    if seen == "trained":
        window = trained.window.model_copy(update={"end": until})
        trained = trained.model_copy(update={"window": window})
    else:
        window = evaluation.holdout.model_copy(update={"end": until})
        evaluation = evaluation.model_copy(update={"holdout": window})
    versions.record(
        name,
        version,
        idempotency_key=entry.idempotency_key,
        sha256=entry.sha256,
        folder=entry.folder,
        trained=trained,
    )
    versions.record_evaluation(name, version, evaluation)


# Which batch


def test_the_newest_labelled_batch_is_taken_where_none_was_announced(
    context: ModelContext, promoted: str, pass_weeks: Callable[..., list[str]]
) -> None:
    batches = pass_weeks(2)

    found: list[Delivery] = [labelled_batch(context, one) for one in (None, batches[0])]

    assert [labels.batch for labels in found] == [batches[1], batches[0]]


@pytest.mark.parametrize("announced", [None, "2024-01-01"])
def test_without_accepted_labels_there_is_nothing_to_compare(
    context: ModelContext, upstream: Upstream, announced: str | None
) -> None:
    take(context, upstream.deliver(0), result=REJECTED)

    with pytest.raises(RequestError, match="no accepted labels"):
        labelled_batch(context, announced)
