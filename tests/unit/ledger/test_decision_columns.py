import json
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from builders.ledger_rows import add_decision, make_drift, make_metric
from evergreen.ledger.database import MIGRATIONS
from evergreen.ledger.decision_columns import figures_of
from evergreen.ledger.ledger import Ledger
from evergreen.measurements import ColumnDrift, DecayMeasurement, DriftMeasurement
from evergreen.signals import PolicyDecision, PolicySignals

OLD_DECISION = """
    INSERT INTO decisions (
        id, model, batch, run_id, verdict, trigger, sentence, signals, spec_hash, requested_by,
        reason, outcome, outcome_sentence, decided_at, decided
    ) VALUES (
        :id, 'flights', :id, 'r', 'stand_down', 'none', 's', :signals, 'h', '',
        '', 'stood_down', '', '2013-03-05 00:00:00+00', :decided
    )
"""
QUIET = PolicyDecision(verdict="stand_down", trigger="none", sentence="all is quiet")
HARMLESS = QUIET.model_copy(update={"is_harmless_drift": True})
DECAY = DecayMeasurement(
    verdict="stable",
    sentence="auc is what it was",
    reference=make_metric(0.70),
    current=make_metric(0.69),
    coverage=0.97,
)


def make_signals(**changes: Any) -> PolicySignals:
    given: dict[str, Any] = {
        "batch": "2013-03-05",
        "champion_version": "1",
        "drift": make_drift(),
        "decay": DECAY,
        "n_training_rows": 1,
        "n_holdout_rows": 1,
    }
    return PolicySignals(**given | changes)


def make_unjudged(*verdicts: Any, share: float | None) -> DriftMeasurement:
    columns = tuple(
        ColumnDrift(column=f"x{i}", kind="numeric", verdict=verdict, sentence="", n_rows=1)
        for i, verdict in enumerate(verdicts)
    )
    return DriftMeasurement(columns=columns, n_rows=1, drifted_share=share, sentence="")


SIGNALS = {
    "measured": (make_signals(), HARMLESS),
    "no champion yet": (make_signals(champion_version=None, drift=None, decay=None), QUIET),
    "no labels yet": (make_signals(decay=DECAY.model_copy(update={"current": None})), QUIET),
    "too few rows": (
        make_signals(drift=make_unjudged("insufficient_data", share=None), decay=None),
        QUIET,
    ),
    "not computable": (make_signals(drift=make_unjudged("not_computable", share=1.0)), QUIET),
    "stable": (make_signals(drift=make_unjudged("stable", "insufficient_data", share=0.0)), QUIET),
}


@pytest.mark.parametrize(
    ("case", "verdict"),
    [
        pytest.param("measured", "drifted", id="one feature over its limit"),
        pytest.param("not computable", "drifted", id="one feature not computable"),
        pytest.param("stable", "stable", id="no feature over its limit"),
        pytest.param("too few rows", "insufficient_data", id="nothing could be judged"),
        pytest.param("no champion yet", None, id="not measured"),
    ],
)
def test_the_verdict_of_a_batch_follows_its_features(case: str, verdict: str | None) -> None:
    assert figures_of(*SIGNALS[case]).drift_verdict == verdict


def test_figures_are_those_of_the_signals() -> None:
    figures = figures_of(*SIGNALS["measured"])

    assert figures._asdict() == {
        "n_rows": 6000,
        "drift_verdict": "drifted",
        "drifted_share": 0.5,
        "moved_share": None,
        "decay_verdict": "stable",
        "metric_name": "auc",
        "metric": 0.69,
        "metric_se": 0.008,
        "reference_metric": 0.70,
        "coverage": 0.97,
        "is_harmless": True,
    }


def test_what_was_not_measured_is_none_and_never_zero() -> None:
    figures = figures_of(*SIGNALS["no champion yet"])

    assert figures._replace(is_harmless=True) == (None,) * 10 + (True,)


def test_a_decision_is_stored_with_its_figures(ledger: Ledger) -> None:
    decision = add_decision(ledger, "2013-03-05")

    found = ledger.overview.latest()["flights"].figures
    assert decision.decided is not None
    assert found[6:] == tuple(figures_of(decision.signals, decision.decided))


def test_decisions_of_before_the_figures_have_theirs_afterwards(ledger_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(ledger_url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for name, (signals, decided) in SIGNALS.items():
            values = {"signals": json.dumps(signals.to_json())}
            values["decided"] = json.dumps(decided.to_json())
            connection.execute(text(OLD_DECISION), {"id": name, **values})
    engine.dispose()

    with Ledger(ledger_url) as ledger:
        ledger.migrate()
        points = ledger.overview.points(["flights"], newest=10)["flights"]

    assert {point.id: point[6:] for point in points} == {
        name: tuple(figures_of(*given)) for name, given in SIGNALS.items()
    }


def test_an_old_decision_without_the_policys_answer_is_not_harmless(ledger_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(ledger_url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        signals = json.dumps(SIGNALS["measured"][0].to_json())
        connection.execute(text(OLD_DECISION), {"id": "i", "signals": signals, "decided": None})
    engine.dispose()

    with Ledger(ledger_url) as ledger:
        ledger.migrate()
        (point,) = ledger.overview.points(["flights"], newest=10)["flights"]

    assert (point.drift_verdict, point.is_harmless) == ("drifted", False)
