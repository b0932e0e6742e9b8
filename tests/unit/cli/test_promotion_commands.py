"""What a person orders about promotions from a shell."""

import shlex
from pathlib import Path

import pytest

from builders.ledger_rows import Call, add_decision, add_delivery
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Decision
from evergreen.records import ModelVersion
from evergreen.registry.client import ModelRegistry

BATCH = "2013-03-05"
FREEZE = """
promotion:
  freeze:
    - {start: 2013-01-01T00:00:00Z, end: 2124-01-01T00:00:00Z, reason: for good}
"""


def close_as_held(ledger: Ledger) -> Decision:
    add_delivery(ledger, BATCH)
    return ledger.decisions.close(
        add_decision(ledger, BATCH).id,
        outcome="held",
        sentence="promotions of flights are held by ada: audit",
        challenger_version="2",
        champion_after="1",
        evaluation=None,
        report_path=None,
    )


@pytest.mark.parametrize(
    ("scope", "model", "whose"), [("flights", "flights", "flights"), ("--all", "*", "all models")]
)
def test_a_hold_is_kept_with_name_and_reason_and_shown_until_released(
    call: Call, ledger: Ledger, scope: str, model: str, whose: str
) -> None:
    held = call("hold", scope, "--reason", "an audit", "--as", "ada")
    shown = call("champion", "flights")

    assert held.code == 0
    assert f"promotions of {whose} are held by ada since" in held.out
    assert "an audit" in shown.out
    (row,) = ledger.holds.history(model)
    assert (row.held_by, row.reason) == ("ada", "an audit")

    released = call("release", scope, "--reason", "it is over", "--as", "ben")

    assert f"promotions of {whose} are released by ben: it is over" in released.out
    assert "an audit" not in call("champion", "flights").out
    assert ledger.holds.in_force("flights") == []


def test_the_name_is_the_login_unless_told(
    call: Call, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "carla")

    call("hold", "flights", "--reason", "an audit")

    assert ledger.holds.in_force("flights")[0].held_by == "carla"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["hold", "flights"], "expected a reason, got none", id="no reason"),
        pytest.param(
            ["hold", "flights", "--reason", " "], "expected a reason, got none", id="blank reason"
        ),
        pytest.param(["hold", "--reason", "x"], "expected one model, or --all", id="neither"),
        pytest.param(
            ["hold", "flights", "--all", "--reason", "x"], "expected one model", id="both"
        ),
        pytest.param(["hold", "fligths", "--reason", "x"], "flights", id="no such model"),
        pytest.param(["release", "flights", "--reason", "x"], "are not held", id="not held"),
        pytest.param(["hold", "flights", "--reason", "x" * 501], "501 characters", id="long"),
        pytest.param(
            ["hold", "flights", "--reason", "x", "--as", "y" * 101], "101 characters", id="name"
        ),
    ],
)
def test_a_wrong_order_changes_nothing(
    call: Call, ledger: Ledger, words: list[str], says: str
) -> None:
    refused = call(*words)

    assert refused.code == 2
    assert says in refused.err
    assert ledger.holds.in_force("flights") == []


def test_a_release_says_how_to_decide_at_once_about_what_was_held(
    call: Call, ledger: Ledger
) -> None:
    close_as_held(ledger)
    call("hold", "flights", "--reason", "an audit")

    released = call("release", "flights", "--reason", "ben's audit is over", "--as", "ben")

    (command,) = [line for line in released.out.splitlines() if "airflow dags trigger" in line]
    words = shlex.split(command)
    assert words[:4] == ["airflow", "dags", "trigger", "continual_training__flights"]
    assert '"force_retrain": true' in words[-1]


def test_a_release_where_something_else_holds_promises_nothing(call: Call, ledger: Ledger) -> None:
    close_as_held(ledger)
    call("hold", "flights", "--reason", "an audit")
    call("hold", "--all", "--reason", "quarter end")

    released = call("release", "flights", "--reason", "over")

    assert released.code == 0
    assert "airflow" not in released.out


def test_a_freeze_of_the_spec_is_shown(call: Call, project: Path, ledger: Ledger) -> None:
    file = project / "include" / "models" / "flights" / "model.yaml"
    file.write_text(file.read_text() + FREEZE)

    shown = call("champion", "flights")

    assert "promotions are frozen until 2124-01-01 00:00 UTC: for good" in shown.out


def test_why_and_decisions_tell_of_a_held_promotion_and_of_approvals(
    call: Call, ledger: Ledger
) -> None:
    decision = close_as_held(ledger)
    ledger.approvals.ask(
        decision.id, model="flights", version="2", due_at=decision.decided_at.replace(year=2124)
    )
    waiting = call("champion", "flights").out
    ledger.approvals.answer(decision.id, "refused", answered_by="ada", comment="not on Fridays")

    shown = call("why", "flights", BATCH).out

    assert "v2 has been waiting for approval since" in waiting
    assert "refused by ada: not on Fridays" in shown
    assert "→ held" in call("decisions", "flights").out
    assert "waits for approval" not in call("champion", "flights").out


def test_a_forced_promotion_of_an_unknown_version_is_refused(call: Call, ledger: Ledger) -> None:
    refused = call("promote", "flights", "v7", "--reason", "audit")

    assert refused.code == 2
    assert "no version '7' in the ledger" in refused.err
    assert call("promote", "flights", "7").code == 2


def test_a_forced_promotion_moves_the_champion_and_leaves_telling_to_the_watchdog(
    call: Call, ledger: Ledger, mlflow_uri: str, two_versions: list[ModelVersion]
) -> None:
    first, second = (version.version for version in two_versions)
    order = ("promote", "flights", first, "--reason", "the audit saw it", "--as", "ada")

    done, again = call(*order), call(*order)

    assert (done.code, again.code) == (0, 0)
    assert f"flights: v{first} is champion (epoch 2, forced, committed), before: v{second}" in (
        done.out
    )
    assert "forced by ada: the audit saw it" in done.out
    row = ledger.promotions.history("flights")[-1]
    assert (row.epoch, row.kind, row.requested_by) == (2, "forced", "ada")
    alias = ModelRegistry(mlflow_uri).get_alias("flights", "champion")
    assert alias is not None
    assert alias.version == first
    assert [entry.alert.kind for entry in ledger.alerts.history("flights")] == ["forced"]


def test_a_forced_promotion_waits_for_a_release(
    call: Call, ledger: Ledger, two_versions: list[ModelVersion]
) -> None:
    call("hold", "--all", "--reason", "quarter end", "--as", "ben")

    refused = call("promote", "flights", two_versions[0].version, "--reason", "audit")

    assert refused.code == 2
    assert "held by ben" in refused.err
    assert "evergreen release --all" in refused.err
    assert len(ledger.promotions.history("flights")) == 1
