import pytest

from builders.signals import make_decay, make_drift, make_rules, make_signals, play
from evergreen.signals import PolicyDecision

ALARMING = {"drift": make_drift(10), "decay": make_decay("decayed")}


def decide_all(policy: str, n_batches: int = 12, **rules: int) -> list[PolicyDecision]:
    signals = [make_signals(position=position, **ALARMING) for position in range(n_batches)]
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
    assert decisions[1].sentence == (f"stand down: batch 1, due at every 5 batches from {phase}")


def test_policies_that_heed_no_budget_run_up_no_debt() -> None:
    signals = [make_signals(position=position) for position in range(50)]

    _, state = play(signals, make_rules("every"))

    assert state.credit >= 0
