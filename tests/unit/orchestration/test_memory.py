"""What the policy remembers from one decision of the suite to the next, through the ledger."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from drivers.history import accept, begin, crown, label, run_about
from drivers.tiny import FIRST, WEEK, Upstream
from evergreen.errors import DataError
from evergreen.ledger.records import Decision
from evergreen.ledger.tables import DecisionRow
from evergreen.records import Window
from evergreen.signals import PolicyDecision, PolicyState
from evergreen.workflows.decide.decide import decide_batch, decision_of
from evergreen.workflows.decide.measure import measure_batch_drift, measure_champion_decay
from evergreen.workflows.decision_run import DecisionRun
from evergreen.workflows.ingest.labelled_data import count_labelled, read_labelled, scored_batches
from evergreen.workflows.model_context import ModelContext
from standins.shelf import Shelf

Json = dict[str, Any]
Rule = Callable[..., ModelContext]


@pytest.fixture
def ruled(context: ModelContext) -> Rule:
    """Return the model context with another policy section."""

    def under(**changes: Any) -> ModelContext:
        policy = context.spec.policy.model_copy(update=changes)
        spec = context.spec.model_copy(update={"policy": policy})
        other = ModelContext(context.settings, replace(context.loaded, spec=spec), context.ledger)
        other.__dict__["registry"] = Shelf({})
        return other

    return under


def decide(context: ModelContext, about: DecisionRun, run_id: str = "run") -> PolicyDecision:
    """Measure and decide, as the tasks do."""
    drift = measure_batch_drift(context, about)
    decay = measure_champion_decay(context, about)
    decision, _ = decide_batch(context, about, drift, decay, run_id=run_id)
    return decision


def decided(context: ModelContext, about: DecisionRun, run_id: str = "run") -> Decision:
    decide(context, about, run_id)
    return context.ledger.decisions.get(about.decision_id)


def state_of(context: ModelContext, about: DecisionRun) -> PolicyState:
    found = decided(context, about).state_after
    assert found is not None
    return found


def test_each_decision_goes_on_from_the_one_before(
    context: ModelContext, upstream: Upstream, ruled: Rule
) -> None:
    paced = ruled(name="default", budget=0.2)
    batch = begin(paced, upstream)
    crown(paced)
    first = state_of(paced, run_about(paced, batch))
    label(paced, upstream, 5)
    second = state_of(paced, run_about(paced, accept(paced, upstream, 6)))

    assert (first.credit, second.credit) == pytest.approx((1.19, 1.38))
    assert (len(first.drifted), len(second.drifted)) == (1, 2)
    assert (first.seen, second.seen) == (0, 1)  # five weeks of history are one batch


def test_a_rerun_comes_to_the_same_decision_and_the_same_memory(
    context: ModelContext, upstream: Upstream, ruled: Rule
) -> None:
    paced = ruled(name="default")
    begin(paced, upstream)
    crown(paced)
    about = run_about(paced, accept(paced, upstream, 6))

    one, again = decided(paced, about), decided(paced, about)

    assert (one.decided, one.state_after) == (again.decided, again.state_after)


def test_the_whole_answer_is_read_back(context: ModelContext, upstream: Upstream) -> None:
    begin(context, upstream)
    crown(context)
    about = run_about(context, accept(context, upstream, 6, shift=3.0))

    decision = decide(context, about)

    assert decision_of(context, about) == decision


def test_a_dry_run_is_read_back_and_not_remembered(
    context: ModelContext, upstream: Upstream
) -> None:
    batch = begin(context, upstream)
    crown(context)
    dry = run_about(context, batch, "dry", dry_run=True, force_retrain=True, reason="a try")

    decision = decide(context, dry)

    assert decision_of(context, dry) == decision
    assert decision.trigger == "forced"
    later = run_about(context, batch).decision_id
    assert context.ledger.decisions.state_before(context.spec.name, later) == PolicyState()


def test_what_an_older_version_decided_cannot_be_read_back(
    context: ModelContext, upstream: Upstream
) -> None:
    about = run_about(context, begin(context, upstream))
    decide(context, about)
    with context.ledger.decisions._database.session() as session:
        session.get_one(DecisionRow, about.decision_id).decided = None

    with pytest.raises(DataError, match="of an older version; clear decide"):
        decision_of(context, about)


def test_a_decision_about_the_past_is_not_remembered(
    context: ModelContext, upstream: Upstream
) -> None:
    old = begin(context, upstream)
    crown(context)
    newest = run_about(context, accept(context, upstream, 6))
    before = state_of(context, newest)

    about_the_past = decided(context, run_about(context, old, "later"), "later")

    assert about_the_past.state_after is None
    later = run_about(context, "2024-02-19").decision_id
    assert context.ledger.decisions.state_before(context.spec.name, later) == before


@pytest.mark.parametrize(("min_new_rows", "verdict"), [(400, "retrain"), (401, "stand_down")])
def test_new_rows_are_counted_since_the_last_training_whichever_policy_decides(
    upstream: Upstream, ruled: Rule, min_new_rows: int, verdict: str
) -> None:
    every = ruled(name="every", min_new_rows=min_new_rows)
    batch = begin(every, upstream)
    crown(every)
    first = decide(every, run_about(every, batch))
    label(every, upstream, 5)

    second = decide(every, run_about(every, accept(every, upstream, 6)))

    assert (first.verdict, second.verdict) == ("retrain", verdict)


# Held batches


@pytest.fixture
def held(context: ModelContext, upstream: Upstream) -> str:
    """Return a batch that was held because all its ``temp`` lie far away; its labels have come."""
    begin(context, upstream)
    crown(context)
    label(context, upstream, 5)
    batch = accept(context, upstream, 6, shift=1000.0)
    assert decide(context, run_about(context, batch)).is_suspect
    label(context, upstream, 6)
    return batch


def test_a_held_batch_is_in_no_training_and_no_measure_of_decay(
    context: ModelContext, upstream: Upstream, held: str
) -> None:
    span = Window(start=FIRST, end=FIRST + 8 * WEEK)
    about = run_about(context, accept(context, upstream, 7))

    rows = read_labelled(context.spec, context.ledger, context.store, span)

    assert context.ledger.decisions.quarantined_batches(context.spec.name) == {held}
    assert (
        rows.num_rows
        == count_labelled(context.spec, context.ledger, context.store, span)
        == 6 * 400
    )
    assert max(rows["temp"].to_pylist()) < 100
    assert scored_batches(context.spec, context.ledger, context.store, "1", newest=5) == []
    assert decide(context, about).verdict == "stand_down"


def test_what_was_held_counts_again_once_it_is_the_new_normal(
    context: ModelContext, upstream: Upstream, held: str
) -> None:
    decisions = []
    for week in range(7, 11):
        batch = accept(context, upstream, week, shift=1000.0)
        decisions.append(decide(context, run_about(context, batch)))

    assert [d.is_suspect for d in decisions] == [True, True, True, False]
    assert decisions[-1].is_released
    assert decisions[-1].verdict == "stand_down"
    assert context.ledger.decisions.quarantined_batches(context.spec.name) == frozenset()
    assert (
        count_labelled(
            context.spec, context.ledger, context.store, Window(start=FIRST, end=FIRST + 8 * WEEK)
        )
        == 7 * 400
    )


# Windows


@pytest.mark.parametrize(
    ("fraction", "request_", "days"),
    [
        pytest.param(1.0, {}, 28, id="full"),
        pytest.param(0.25, {}, 7, id="a quarter"),
        pytest.param(0.25, {"training_window_days": 9}, 9, id="a person's word counts"),
    ],
)
def test_a_share_of_the_window_is_its_newest_part(
    context: ModelContext, upstream: Upstream, fraction: float, request_: Json, days: float
) -> None:
    about = run_about(context, begin(context, upstream), **request_)

    full = run_about(context, about.batch).training
    training, holdout = about.training_window(fraction), about.holdout

    assert full is not None
    assert training is not None
    assert holdout is not None
    assert (training.days, training.end) == (days, full.end)
    assert holdout.start == training.end
