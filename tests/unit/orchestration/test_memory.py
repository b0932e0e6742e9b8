"""What the policy remembers from one decision of the suite to the next, through the ledger."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from drivers.history import accept, asked_for, begin, crown, label
from drivers.tiny import FIRST, WEEK, Upstream
from evergreen.errors import DataError
from evergreen.ledger.records import Decision
from evergreen.ledger.tables import DecisionRow
from evergreen.records import Window
from evergreen.signals import PolicyDecision, PolicyState
from evergreen.workflows.decide.decide import decide_batch, decision_of, windows_for
from evergreen.workflows.decide.measure import measure_batch_drift, measure_champion_decay
from evergreen.workflows.ingest.labelled_data import count_labelled, read_labelled, scored_batches
from evergreen.workflows.model_context import Workbench
from standins.shelf import Shelf

Json = dict[str, Any]
Rule = Callable[..., Workbench]


@pytest.fixture
def ruled(bench: Workbench) -> Rule:
    """Give the workbench with another policy section."""

    def under(**changes: Any) -> Workbench:
        policy = bench.spec.policy.model_copy(update=changes)
        spec = bench.spec.model_copy(update={"policy": policy})
        other = Workbench(bench.settings, replace(bench.loaded, spec=spec), bench.ledger)
        other.__dict__["registry"] = Shelf({})
        return other

    return under


def decide(bench: Workbench, asked: Json, run_id: str = "run") -> PolicyDecision:
    """Measure and decide, as the tasks do."""
    drift = measure_batch_drift(bench, asked)
    decay = measure_champion_decay(bench, asked)
    decision, _ = decide_batch(bench, asked, drift, decay.to_json(), run_id)
    return decision


def decided(bench: Workbench, asked: Json, run_id: str = "run") -> Decision:
    decide(bench, asked, run_id)
    return bench.ledger.decisions.get(asked["decision"])


def state_of(bench: Workbench, asked: Json) -> PolicyState:
    found = decided(bench, asked).state_after
    assert found is not None
    return found


def test_each_decision_goes_on_from_the_one_before(
    bench: Workbench, upstream: Upstream, ruled: Rule
) -> None:
    paced = ruled(name="default", budget=0.2)
    one = asked_for(paced, begin(paced, upstream))
    crown(paced)
    first = state_of(paced, one)
    label(paced, upstream, 5)
    second = state_of(paced, asked_for(paced, accept(paced, upstream, 6)))

    assert (first.credit, second.credit) == pytest.approx((1.19, 1.38))
    assert (len(first.drifted), len(second.drifted)) == (1, 2)
    assert second.seen - first.seen == 5


def test_a_rerun_comes_to_the_same_decision_and_the_same_memory(
    bench: Workbench, upstream: Upstream, ruled: Rule
) -> None:
    paced = ruled(name="default")
    begin(paced, upstream)
    crown(paced)
    asked = asked_for(paced, accept(paced, upstream, 6))

    one, again = decided(paced, asked), decided(paced, asked)

    assert (one.decided, one.state_after) == (again.decided, again.state_after)


def test_the_whole_answer_is_read_back(bench: Workbench, upstream: Upstream) -> None:
    begin(bench, upstream)
    crown(bench)
    asked = asked_for(bench, accept(bench, upstream, 6, shift=3.0))

    decision = decide(bench, asked)

    assert decision_of(bench, asked) == decision


def test_a_dry_run_is_read_back_and_not_remembered(bench: Workbench, upstream: Upstream) -> None:
    batch = begin(bench, upstream)
    crown(bench)
    dry = asked_for(bench, batch, "dry", dry_run=True, force_retrain=True, reason="a try")

    decision = decide(bench, dry)

    assert decision_of(bench, dry) == decision
    assert decision.trigger == "forced"
    later = asked_for(bench, batch)["decision"]
    assert bench.ledger.decisions.state_before(bench.spec.name, later) == PolicyState()


def test_what_an_older_version_decided_cannot_be_read_back(
    bench: Workbench, upstream: Upstream
) -> None:
    asked = asked_for(bench, begin(bench, upstream))
    decide(bench, asked)
    with bench.ledger.decisions._database.session() as session:
        session.get_one(DecisionRow, asked["decision"]).decided = None

    with pytest.raises(DataError, match="of an older version; clear decide"):
        decision_of(bench, asked)


def test_a_decision_about_the_past_is_not_remembered(bench: Workbench, upstream: Upstream) -> None:
    old = begin(bench, upstream)
    crown(bench)
    newest = asked_for(bench, accept(bench, upstream, 6))
    before = state_of(bench, newest)

    about_the_past = decided(bench, asked_for(bench, old, "later"), "later")

    assert about_the_past.state_after is None
    later = asked_for(bench, "2024-02-19")["decision"]
    assert bench.ledger.decisions.state_before(bench.spec.name, later) == before


@pytest.mark.parametrize(("min_new_rows", "verdict"), [(400, "retrain"), (401, "stand_down")])
def test_new_rows_are_counted_since_the_last_training_whichever_policy_decides(
    upstream: Upstream, ruled: Rule, min_new_rows: int, verdict: str
) -> None:
    every = ruled(name="every", min_new_rows=min_new_rows)
    one = asked_for(every, begin(every, upstream))
    crown(every)
    first = decide(every, one)
    label(every, upstream, 5)

    second = decide(every, asked_for(every, accept(every, upstream, 6)))

    assert (first.verdict, second.verdict) == ("retrain", verdict)


# Held batches


@pytest.fixture
def held(bench: Workbench, upstream: Upstream) -> str:
    """Give a batch that was held because all its ``temp`` lie far away; its labels have come."""
    begin(bench, upstream)
    crown(bench)
    label(bench, upstream, 5)
    batch = accept(bench, upstream, 6, shift=1000.0)
    assert decide(bench, asked_for(bench, batch)).is_suspect
    label(bench, upstream, 6)
    return batch


def test_a_held_batch_is_in_no_training_and_no_measure_of_decay(
    bench: Workbench, upstream: Upstream, held: str
) -> None:
    span = Window(start=FIRST, end=FIRST + 8 * WEEK)
    asked = asked_for(bench, accept(bench, upstream, 7))

    rows = read_labelled(bench, span)

    assert bench.ledger.decisions.held_batches(bench.spec.name) == {held}
    assert rows.num_rows == count_labelled(bench, span) == 6 * 400
    assert max(rows["temp"].to_pylist()) < 100
    assert scored_batches(bench, "1", newest=5) == []
    assert decide(bench, asked).verdict == "stand_down"


def test_what_was_held_counts_again_once_it_is_the_new_normal(
    bench: Workbench, upstream: Upstream, held: str
) -> None:
    decisions = []
    for week in range(7, 11):
        batch = accept(bench, upstream, week, shift=1000.0)
        decisions.append(decide(bench, asked_for(bench, batch)))

    assert [d.is_suspect for d in decisions] == [True, True, True, False]
    assert decisions[-1].is_released
    assert decisions[-1].verdict == "stand_down"
    assert bench.ledger.decisions.held_batches(bench.spec.name) == frozenset()
    assert count_labelled(bench, Window(start=FIRST, end=FIRST + 8 * WEEK)) == 7 * 400


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
    bench: Workbench, upstream: Upstream, fraction: float, request_: Json, days: float
) -> None:
    asked = asked_for(bench, begin(bench, upstream), **request_)

    full, _ = windows_for(bench, asked_for(bench, asked["batch"]))
    training, holdout = windows_for(bench, asked, fraction=fraction)

    assert full is not None
    assert training is not None
    assert holdout is not None
    assert (training.days, training.end) == (days, full.end)
    assert holdout.start == training.end
