"""What the ledger says, asked from a shell."""

import json
from pathlib import Path

import pytest

from builders.ledger_rows import (
    Call,
    add_decision,
    add_delivery,
    close_as_promoted,
    make_drift,
)
from evergreen.ledger.decisions import decision_id
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import DeliveryStatus
from evergreen.measurements import DecayMeasurement
from evergreen.signals import PolicyDecision, PolicySignals, Request
from evergreen.spec.loader import load_spec


def test_migrate_makes_the_ledger_and_may_be_repeated(call: Call, project: Path) -> None:
    first, second = call("ledger", "migrate"), call("ledger", "migrate")

    assert (first.code, second.code) == (0, 0)
    assert "is up to date: sqlite:///" in second.out
    assert (project / "home" / "ledger.db").is_file()
    assert "No batch of flights has arrived yet." in call("decisions", "flights").out


def test_migrate_hides_the_password(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERGREEN_LEDGER_URL", "postgresql+psycopg2://me:hidden-word@127.0.0.1:1/x")

    refused = call("ledger", "migrate")

    assert refused.code == 2
    assert "hidden-word" not in refused.out + refused.err


def test_decisions_shows_each_batch_with_gate_drift_verdict_and_champion(
    call: Call, ledger: Ledger
) -> None:
    add_delivery(ledger, "2013-03-05")
    close_as_promoted(ledger, add_decision(ledger, "2013-03-05"))
    add_delivery(ledger, "2013-03-12", broken_rule="half of temp is missing")
    add_delivery(ledger, "2013-03-19")

    lines = call("decisions", "flights").out.splitlines()

    decided, rejected, waiting = (
        next(line for line in lines if batch in line)
        for batch in ("2013-03-05", "2013-03-12", "2013-03-19")
    )
    for part in ("accepted", "1 of 2: temp", "0.410 temp", "0.310 temp", "+0.0310", "v1 → v2"):
        assert part in decided
    assert "retrain (drift) → promoted" in decided
    assert "1 of 2 features drifted. v2 beats v1 by 0.02." in decided
    assert "rejected" in rejected
    assert "half of temp is missing" in rejected
    assert "not decided yet" in waiting


def test_decisions_tells_who_forced_and_shows_every_attempt(call: Call, ledger: Ledger) -> None:
    add_delivery(ledger, "2013-03-05")
    add_decision(ledger, "2013-03-05", verdict="stand_down", trigger="none", run_id="one", psi=0.1)
    request = Request(force_retrain=True, reason="new carrier", requested_by="anna")
    add_decision(ledger, "2013-03-05", trigger="forced", run_id="two", request=request)

    lines = [line for line in call("decisions", "flights").out.splitlines() if "2013-03" in line]

    assert len(lines) == 2
    assert "stand down" in lines[0]
    assert "retrain (forced by anna)" in lines[1]


def test_decisions_limit_keeps_the_newest(call: Call, ledger: Ledger) -> None:
    for batch in ("2013-03-05", "2013-03-12", "2013-03-19"):
        add_delivery(ledger, batch)

    rows = json.loads(call("decisions", "flights", "--limit", "2", "--json").out)

    assert [row["batch"] for row in rows] == ["2013-03-12", "2013-03-19"]


def test_decisions_fits_a_narrow_terminal(
    call: Call, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_delivery(ledger, "2013-03-05")
    close_as_promoted(ledger, add_decision(ledger, "2013-03-05"))
    monkeypatch.setenv("COLUMNS", "100")

    shown = call("decisions", "flights").out

    assert max(len(line) for line in shown.splitlines()) <= 100
    assert "2013-03-05" in shown
    assert "worst PSI" in shown.splitlines()[-1]


def test_an_unknown_model_names_those_there_are(call: Call, ledger: Ledger) -> None:
    ledger.alerts.history()

    for command in (("decisions", "fligts"), ("why", "fligts", "2013-03-05")):
        refused = call(*command)
        assert refused.code == 2
        assert "no model 'fligts'; the models here: flights" in refused.err


def test_control_characters_and_markup_are_shown_not_obeyed(call: Call, ledger: Ledger) -> None:
    request = Request(force_retrain=True, reason="\x1b[31mred[/] [bold]x", requested_by="anna")
    add_decision(ledger, "2013-03-05", trigger="forced", request=request)

    shown = call("why", "flights", "2013-03-05").out

    assert "\x1b" not in shown
    assert "[31mred[/] [bold]x" in shown


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param("2013-03-05", id="its id"),
        pytest.param("2013-03-08", id="a date in it"),
        pytest.param("2013-03-11", id="its last day"),
        pytest.param("2013-03-11T23:59", id="its last minute"),
    ],
)
def test_why_finds_the_batch_and_explains_it(call: Call, ledger: Ledger, asked: str) -> None:
    add_delivery(ledger, "2013-03-05")
    add_delivery(ledger, "2013-03-12")
    promotion = close_as_promoted(ledger, add_decision(ledger, "2013-03-05"))

    shown = call("why", "flights", asked).out

    assert shown.startswith("flights, batch 2013-03-05")
    for part in (
        "accepted: all 2 rules met",
        "retrain (drift) → promoted",
        "metric drop",
        "AUC fell by 0.031, more than 0.02",
        "0.6690 ± 0.0080",
        "metric now",
        "age of the champion",
        "PSI 0.41 over 0.25",
        "insufficient data",
        "48,000",
        "gain +0.0200 ± 0.0050 over 6,000 rows",
        f"epoch {promotion.epoch}: v2 (promotion, committed)",
        "reports/flights/2013-03-05/drift.html",
        "The spec has changed since",
    ):
        assert part in shown


def test_why_shows_the_limits_of_the_spec_that_decided(
    call: Call, ledger: Ledger, project: Path
) -> None:
    add_delivery(ledger, "2013-03-05")
    made = add_decision(ledger, "2013-03-05")
    now = load_spec(project / "include/models/flights", home=project).spec_hash
    ledger.decisions.open(
        "flights",
        made.batch,
        made.run_id,
        decision=_as_policy(made.verdict, made.trigger, made.sentence),
        signals=made.signals,
        spec_hash=now,
    )

    explained = json.loads(call("why", "flights", "2013-03-05", "--json").out)

    (attempt,) = explained["attempts"]
    assert attempt["decision"]["id"] == decision_id("flights", "2013-03-05", made.run_id)
    assert attempt["limits"] == {
        "share_to_retrain": 0.5,
        "min_coverage": 0.8,
        "min_training_rows": 5000,
        "min_holdout_rows": 1000,
        "drift_reference": "champion",
    }
    assert "The spec has changed since" not in call("why", "flights", "2013-03-05").out


def _as_policy(verdict: str, trigger: str, sentence: str) -> PolicyDecision:
    return PolicyDecision.model_validate(
        {"verdict": verdict, "trigger": trigger, "sentence": sentence}
    )


def test_why_tells_broken_rules_where_no_decision_was_made(call: Call, ledger: Ledger) -> None:
    add_delivery(ledger, "2013-03-12", broken_rule="half of temp is missing")

    shown = call("why", "flights", "2013-03-14").out

    assert "null_share temp: half of temp is missing" in shown
    assert "row_count" not in shown
    assert "No decision was made: the batch was rejected." in shown


def test_why_finds_a_delivery_that_was_too_broken_to_say_its_window(
    call: Call, ledger: Ledger
) -> None:
    ledger.batches.record_refusal(
        "flights", "data", "2013-03-26", status="rejected", sentence="manifest unreadable"
    )

    assert "rejected: manifest unreadable" in call("why", "flights", "2013-04-01").out
    assert call("why", "flights", "2013-04-02").code == 2


def test_why_refuses_a_date_that_no_batch_or_several_hold(call: Call, ledger: Ledger) -> None:
    for batch in ("2013-03-05", "2013-03-06"):
        add_delivery(ledger, batch)

    nobody = call("why", "flights", "2014-01-01")
    several = call("why", "flights", "2013-03-08")

    assert nobody.code == several.code == 2
    assert "no batch holds 2014-01-01; the newest known are 2013-03-05, 2013-03-06" in nobody.err
    assert "2013-03-08 lies in 2 batches: 2013-03-05, 2013-03-06; name one" in several.err


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("received", "the quality gate has not checked the batch yet"),
        ("accepted", "continual_training has not reached the batch yet"),
    ],
)
def test_why_says_what_an_undecided_batch_waits_for(
    call: Call, ledger: Ledger, status: DeliveryStatus, told: str
) -> None:
    ledger.batches.record_refusal("flights", "data", "2013-03-05", status=status, sentence="x")
    ledger.batches.record_refusal("flights", "labels", "2013-03-05", status="skipped", sentence="y")

    shown = call("why", "flights", "2013-03-05").out

    assert told in shown
    assert "skipped: y" in shown


def test_the_first_model_is_explained_without_champion_or_drift(call: Call, ledger: Ledger) -> None:
    signals = PolicySignals(
        batch="2013-03-05",
        champion_version=None,
        drift=None,
        decay=None,
        n_training_rows=48_000,
        n_holdout_rows=6_000,
    )
    made = ledger.decisions.open(
        "flights",
        "2013-03-05",
        "run",
        decision=_as_policy("bootstrap", "first_model", "no champion yet"),
        signals=signals,
        spec_hash="c" * 64,
    )
    ledger.decisions.close(
        made.id,
        outcome="bootstrapped",
        sentence="v1 is the first champion",
        challenger_version="1",
        champion_after="1",
        evaluation=None,
        report_path=None,
    )

    line = next(
        line for line in call("decisions", "flights").out.splitlines() if "2013-03-05" in line
    )
    shown = call("why", "flights", "2013-03-05").out

    assert "none → v1" in line
    assert "bootstrap" in line
    assert "not measured: there was no champion yet" in shown
    assert "the batch has not arrived" not in shown
    assert "Drift per feature" not in shown


def test_a_decay_that_could_not_be_judged_says_so_in_its_column(call: Call, ledger: Ledger) -> None:
    drift = make_drift()
    many = tuple(
        drift.columns[0].model_copy(update={"column": f"temp_{number}"}) for number in range(5)
    )
    signals = PolicySignals(
        batch="2013-03-05",
        champion_version="1",
        drift=drift.model_copy(update={"columns": many}),
        decay=DecayMeasurement(verdict="insufficient_data", sentence="no labels yet"),
        n_training_rows=1,
        n_holdout_rows=1,
    )
    ledger.decisions.open(
        "flights",
        "2013-03-05",
        "run",
        decision=_as_policy("stand_down", "none", "nothing"),
        signals=signals,
        spec_hash="c" * 64,
    )

    shown = call("decisions", "flights").out

    assert "insufficient data" in shown
    assert "5 of 5: temp_0, temp_1, temp_2, +2" in shown


def test_many_known_batches_are_not_all_listed(call: Call, ledger: Ledger) -> None:
    for day in range(1, 8):
        add_delivery(ledger, f"2013-03-0{day}")

    refused = call("why", "flights", "2014-01-01")

    assert "..., 2013-03-03, 2013-03-04, 2013-03-05, 2013-03-06, 2013-03-07" in refused.err


def test_history_outlives_the_spec(call: Call, ledger: Ledger, project: Path) -> None:
    ledger.batches.record_refusal(
        "flights", "data", "2013-03-05", status="rejected", sentence="unreadable"
    )
    (project / "include/models/flights/model.yaml").unlink()

    assert "unreadable" in call("decisions", "flights").out
    assert "unreadable" in call("why", "flights", "2013-03-05").out
    assert call("why", "flights", "2013-03-06").code == 2
