import pytest

from builders.signals import make_decay, make_drift, make_rules, make_signals, play
from evergreen.signals import PolicyDecision

ALARMING = {"drift": make_drift(10), "decay": make_decay("decayed")}


def decide_all(policy: str, n_batches: int = 12, **rules: int) -> list[PolicyDecision]:
    signals = [
        make_signals(number=number, batch=f"2013-01-{number + 1:02}", **ALARMING)
        for number in range(n_batches)
    ]
    decisions, _ = play(signals, make_rules(policy, **rules))
    return decisions


def test_never_wants_nothing_whatever_happens() -> None:
    decisions = decide_all("never")

    assert {(d.verdict, d.trigger) for d in decisions} == {("stand_down", "none")}
    assert decisions[0].sentence == "stand down: the policy is never to retrain"


def test_every_batch_means_every_batch() -> None:
    assert {(d.verdict, d.trigger) for d in decide_all("every")} == {("retrain", "every")}


@pytest.mark.parametrize(
    ("phase", "due"),
    [(0, [0, 5, 10]), (2, [2, 7]), (4, [4, 9]), (7, [2, 7])],
    ids=["from the first", "from the third", "from the fifth", "from the eighth"],
)
def test_periodic_counts_from_its_phase(phase: int, due: list[int]) -> None:
    decisions = decide_all("periodic", every_batches=5, phase=phase)

    assert [n for n, d in enumerate(decisions) if d.verdict == "retrain"] == due
    assert {d.trigger for d in decisions} == {"periodic", "none"}


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (0, "retrain: due every 5 batches, now"),
        (
            1,
            "stand down: due every 5 batches, next in 4 batches; 1 batch since the newest training",
        ),
        (
            4,
            "stand down: due every 5 batches, next in 1 batch; 4 batches since the newest training",
        ),
        (5, "retrain: due every 5 batches, now; 5 batches since the newest training"),
    ],
)
def test_periodic_tells_what_is_due_by_batches_and_dates(number: int, sentence: str) -> None:
    decision = decide_all("periodic", every_batches=5)[number]

    assert decision.sentence == sentence + (" (2013-01-01)" if number else "")


def test_periodic_at_every_batch_says_so() -> None:
    assert decide_all("periodic", every_batches=1)[1].sentence == (
        "retrain: due at every batch; 1 batch since the newest training (2013-01-01)"
    )


def test_policies_that_heed_no_budget_run_up_no_debt() -> None:
    signals = [make_signals(number=number) for number in range(50)]

    _, state = play(signals, make_rules("every"))

    assert state.credit >= 0
