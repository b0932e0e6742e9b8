"""What `why` shows of an evaluation: candidates, and the guards that did not pass."""

from builders.ledger_rows import Call, add_decision, add_delivery, close_as_promoted
from evergreen.ledger.ledger import Ledger
from evergreen.records import CandidateResult, GuardResult


def guard(name: str, verdict: str) -> GuardResult:
    return GuardResult.model_validate(
        {"guard": name, "verdict": verdict, "value": 0.1, "limit": 0.05, "sentence": f"of {name}"}
    )


def test_why_counts_the_guards_and_names_those_that_did_not_pass(
    call: Call, ledger: Ledger
) -> None:
    add_delivery(ledger, "2013-03-05")
    decision = add_decision(ledger, "2013-03-05")
    close_as_promoted(ledger, decision)
    judged = ledger.decisions.get(decision.id).evaluation
    assert judged is not None
    recent = CandidateResult(candidate="recent", version=None, gain=0.01, gain_se=0.1, sentence="")
    guards = (
        guard("size", "passed"),
        guard("latency", "failed"),
        guard("slice a=1", "insufficient"),
    )
    ledger.decisions.close(
        decision.id,
        outcome="kept",
        sentence="latency",
        challenger_version="2",
        champion_after="1",
        evaluation=judged.model_copy(update={"guards": guards, "candidates": (recent,)}),
        report_path=None,
    )

    shown = call("why", "flights", "2013-03-05").out

    assert "1 of 3 passed" in shown
    assert "latency failed: of latency" in shown
    assert "slice a=1 insufficient: of slice a=1" in shown
    assert "size" not in shown
    assert "candidate recent: gain +0.0100" in shown
