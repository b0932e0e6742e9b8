"""What earlier decisions found about challengers, for the rule that looks back."""

from builders.ledger_rows import add_decision, close_as_promoted, week_of
from evergreen.ledger.ledger import Ledger
from evergreen.records import Evaluation, MetricEstimate

AUC = MetricEstimate(name="auc", value=0.7, se=0.01, n_rows=900)


def close_as_bootstrapped(ledger: Ledger, identity: str) -> None:
    first = Evaluation(
        challenger_version="1",
        champion_version=None,
        challenger=AUC,
        champion=None,
        gain=None,
        gain_se=None,
        n_rows=900,
        holdout=week_of("2013-01-01"),
        sentence="the first",
    )
    ledger.decisions.close(
        identity,
        outcome="bootstrapped",
        sentence="",
        challenger_version="1",
        champion_after="1",
        evaluation=first,
        report_path=None,
    )


def test_evaluations_are_those_against_a_champion_before_the_decision(ledger: Ledger) -> None:
    first = add_decision(ledger, "2013-01-08")
    close_as_bootstrapped(ledger, first.id)
    second = add_decision(ledger, "2013-01-15")
    close_as_promoted(ledger, second)
    third = add_decision(ledger, "2013-01-22")

    (seen,) = ledger.decisions.evaluations("flights", before=third.id)

    assert (seen.challenger_version, seen.gain) == ("2", 0.02)
    assert ledger.decisions.evaluations("flights", before=second.id) == []


def test_a_decision_without_a_row_sees_all_earlier_evaluations(ledger: Ledger) -> None:
    close_as_promoted(ledger, add_decision(ledger, "2013-01-15"))

    assert len(ledger.decisions.evaluations("flights", before="a dry run")) == 1
    assert ledger.decisions.evaluations("another", before="a dry run") == []
