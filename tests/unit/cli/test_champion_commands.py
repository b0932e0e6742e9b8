"""Who serves, who served, and the way back, asked from a shell."""

import getpass
import json
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from builders.ledger_rows import SHA, Call, add_decision, add_delivery, close_as_promoted
from evergreen.cli.user_name import LONGEST_NAME
from evergreen.ledger.ledger import Ledger
from evergreen.records import Promotion
from evergreen.registry.client import ModelRegistry


def score(ledger: Ledger, batch: str, version: str) -> None:
    ledger.batches.record_predictions(
        "flights", batch, version, path=f"predictions/{batch}/{version}", sha256=SHA, n_rows=6000
    )


def promote(ledger: Ledger, version: str, **changes: str) -> Promotion:
    latest = ledger.promotions.latest("flights")
    row = ledger.promotions.write_intent(
        "flights",
        epoch=1 if latest is None else latest.epoch + 1,
        version=version,
        previous_version=None if latest is None else latest.version,
        sha256=changes.get("sha256", SHA),
        kind="bootstrap" if latest is None else "promotion",
        decision_id=uuid.uuid4().hex,
        reason=f"v{version} is better",
        token=None,
        requested_by="",
    )
    ledger.promotions.commit("flights", row.epoch)
    return row


# Now


def test_champion_now(call: Call, ledger: Ledger) -> None:
    close_as_promoted(ledger, add_decision(ledger, "2013-03-05"))

    now = call("champion", "flights")

    assert now.code == 0
    assert now.out.startswith("flights: v2 since ")
    assert "(epoch 1, promotion, committed)" in now.out
    assert "watch" not in now.out
    assert json.loads(call("champion", "flights", "--json").out)["version"] == "2"


def test_champion_tells_how_its_watch_stands(call: Call, ledger: Ledger) -> None:
    row = promote(ledger, "2")
    for batch in ("2013-03-05", "2013-03-12"):
        ledger.watches.record(
            "flights",
            row.epoch,
            batch,
            n_rows=10,
            gain=0.1,
            gain_se=0.1,
            verdict="watching",
            sentence=f"as of {batch}",
        )

    assert "  watch    as of 2013-03-12\n" in call("champion", "flights").out


def test_champion_of_nothing_ends_with_one(call: Call, ledger: Ledger) -> None:
    ledger.alerts.history()

    for when in ((), ("--at", "2013-03-08")):
        assert call("champion", "flights", *when).code == 1
        assert json.loads(call("champion", "flights", *when, "--json").out) is None
        assert call("champion", "fligts", *when).code == 2
    assert (
        call("champion", "flights", "--at", "2013-03-08").out
        == "flights has no champion at 2013-03-08 00:00 UTC.\n"
    )


def test_champion_tells_who_holds_promotions(call: Call, ledger: Ledger) -> None:
    promote(ledger, "2")
    ledger.holds.hold("*", reason="quarter end", held_by="eve")

    shown = call("champion", "flights").out

    assert "  held     promotions of all models are held by eve since" in shown
    assert "watch" not in shown


# Then


def test_a_moment_of_the_data_names_the_version_that_scored_its_batch(
    call: Call, ledger: Ledger
) -> None:
    for batch, version in (("2013-03-05", "1"), ("2013-03-12", "2")):
        promote(ledger, version)
        add_delivery(ledger, batch)
        score(ledger, batch, version)
        add_decision(ledger, batch)
    score(ledger, "2013-03-05", "2")  # in shadow, a week later

    then, later = (
        call("champion", "flights", "--at", moment) for moment in ("2013-03-11T23:59", "2013-03-12")
    )

    assert then.out.startswith("v1 served 2013-03-11 23:59 UTC: it was champion for batch")
    assert "(epoch 1, bootstrap, committed)" in then.out
    assert "By the clock" not in then.out
    assert later.out.startswith("v2 served 2013-03-12 00:00 UTC")
    answer = json.loads(call("champion", "flights", "--at", "2013-03-12", "--json").out)
    assert (answer["version"], answer["by_clock"]) == ("2", None)
    assert answer["by_data"]["promotion"]["epoch"] == 2


@pytest.mark.parametrize("is_made_anew", [True, False], ids=["scored again", "expired"])
def test_without_the_log_of_then_the_decision_says_who_served(
    call: Call, ledger: Ledger, is_made_anew: bool
) -> None:
    promote(ledger, "1")
    add_delivery(ledger, "2013-03-05")
    add_decision(ledger, "2013-03-05")
    promote(ledger, "2")
    if is_made_anew:
        score(ledger, "2013-03-05", "2")

    answer = json.loads(call("champion", "flights", "--at", "2013-03-06", "--json").out)

    assert answer["version"] == "1"
    assert answer["by_data"]["source"] == "decided"


def test_a_batch_that_nobody_scored_was_served_by_nobody(call: Call, ledger: Ledger) -> None:
    add_delivery(ledger, "2013-03-05")
    add_delivery(ledger, "2013-03-12", broken_rule="half of temp is missing")
    promote(ledger, "1")

    for moment in ("2013-03-06", "2013-03-13", "2013-02-01"):
        assert call("champion", "flights", "--at", moment).code == 1


def test_a_moment_of_the_clock_names_who_was_champion_then(call: Call, ledger: Ledger) -> None:
    first = promote(ledger, "1")
    promote(ledger, "2")

    then = call("champion", "flights", "--at", first.promoted_at.isoformat())
    answer = json.loads(call("champion", "flights", "--at", "2999-01-01", "--json").out)

    assert then.out.startswith("By the clock, champion at ")
    assert "flights: v1 since" in then.out
    assert (answer["version"], answer["by_data"]) == ("2", None)


def test_where_data_and_clock_differ_both_are_told_the_data_first(
    call: Call, ledger: Ledger, project: Path
) -> None:
    first = promote(ledger, "1")
    yesterday = f"{first.promoted_at - timedelta(days=1):%Y-%m-%d}"
    move_back(ledger, project, days=2)
    promote(ledger, "2")
    add_delivery(ledger, yesterday)
    score(ledger, yesterday, "2")

    shown = call("champion", "flights", "--at", yesterday).out

    assert shown.startswith(f"v2 served {yesterday} 00:00 UTC")
    assert shown.index("flights: v2 since") < shown.index("By the clock")
    assert shown.index("By the clock") < shown.index("flights: v1 since")


def move_back(ledger: Ledger, project: Path, *, days: int) -> None:
    """Let the promotions so far have happened some days ago."""
    (row,) = ledger.promotions.history("flights")
    moment = row.promoted_at - timedelta(days=days)
    engine = create_engine(f"sqlite:///{project}/home/ledger.db")
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE promotions SET promoted_at = :moment"),
            {"moment": f"{moment:%Y-%m-%d %H:%M:%S.%f}"},
        )
    engine.dispose()


# Back


@pytest.fixture
def two_champions(
    ledger: Ledger, mlflow_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str]:
    """Let two versions of a real registry have been champion; give them, the newer one last."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_uri)
    registry = ModelRegistry(mlflow_uri)
    versions = []
    for word in ("first", "second"):
        file = tmp_path / "model.lgb"
        file.write_text(word)
        made = registry.register(
            "flights",
            idempotency_key=f"{tmp_path.name} {word}",
            model_file=file,
            tags={},
            metrics={},
            params={},
        )
        promote(ledger, made.version, sha256=made.sha256)
        versions.append(made.version)
    registry.set_alias("flights", "champion", versions[-1])
    return versions[0], versions[1]


def alias(mlflow_uri: str) -> str | None:
    found = ModelRegistry(mlflow_uri).get_alias("flights", "champion")
    return None if found is None else found.version


@pytest.mark.parametrize("is_named", [True, False], ids=["named", "the one before"])
def test_rollback_moves_the_champion_and_says_what_moved(
    call: Call, ledger: Ledger, mlflow_uri: str, two_champions: tuple[str, str], is_named: bool
) -> None:
    first, second = two_champions
    to = ("--to", first) if is_named else ()

    done = call("rollback", "flights", *to, "--reason", "wrong on Mondays", "--as", "ada")

    assert done.code == 0
    assert done.out.startswith(f"flights: v{first} since ")
    for part in ("(epoch 3, rollback, committed)", "wrong on Mondays", "ada", f"v{second}"):
        assert part in done.out
    assert alias(mlflow_uri) == first
    (told,) = ledger.alerts.history("flights")
    assert (told.alert.kind, told.state) == ("rolled_back", "logged")


def test_rollback_names_the_login_where_no_name_is_given(
    call: Call, ledger: Ledger, two_champions: tuple[str, str]
) -> None:
    done = call("rollback", "flights", "--reason", "wrong on Mondays", "--json")

    assert json.loads(done.out)["requested_by"] == getpass.getuser()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        pytest.param((), "a rollback needs a reason", id="no reason"),
        pytest.param(("--reason", " "), "a rollback needs a reason", id="blank reason"),
        pytest.param(("--reason", "x" * 501), "at most 500", id="long reason"),
        pytest.param(("--reason", "x", "--to", "latest"), "cannot go back to vlatest", id="alias"),
        pytest.param(("--reason", "x", "--as", "a" * (LONGEST_NAME + 1)), "--as has", id="name"),
    ],
)
def test_a_wrong_rollback_is_refused_in_a_sentence_and_moves_nothing(
    call: Call,
    ledger: Ledger,
    two_champions: tuple[str, str],
    asked: tuple[str, ...],
    says: str,
) -> None:
    refused = call("rollback", "flights", *asked)

    assert refused.code == 2
    assert says in refused.err
    latest = ledger.promotions.latest("flights")
    assert latest is not None
    assert latest.version == two_champions[1]
    assert ledger.alerts.history("flights") == []


def test_nobody_is_the_watch_but_the_watch(
    call: Call, ledger: Ledger, two_champions: tuple[str, str]
) -> None:
    done = call("rollback", "flights", "--reason", "x", "--as", " watch ", "--json")

    assert json.loads(done.out)["requested_by"] == "user watch"
    assert [entry.alert.kind for entry in ledger.alerts.history("flights")] == ["rolled_back"]


def test_who_has_no_login_has_to_say_a_name(
    call: Call,
    ledger: Ledger,
    two_champions: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", unknown)

    refused = call("rollback", "flights", "--reason", "x")

    assert refused.code == 2
    assert "--as YOUR-NAME" in refused.err
