"""The drift limits of a small model, asked from a shell: real ledger, real store, no Airflow."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.ledger_rows import Call
from drivers.history import accept, crown, enthrone, label
from drivers.tiny import FIRST, SPEC, WEEK, Upstream, write_spec
from evergreen.drift.profile.build import build_profile
from evergreen.ledger.ledger import Ledger
from evergreen.records import Window
from evergreen.settings import read_settings
from evergreen.spec.loader import load_spec
from evergreen.workflows.ingest.labelled_data import labelled_path
from evergreen.workflows.model_context import ModelContext

GIVEN = "psi_limit: 0.25, ks_limit: 0.15, null_share_limit: 0.05"


@pytest.fixture
def context(project: Path) -> Iterator[ModelContext]:
    """Return the model context of a model whose limits are calibrated, in the command's project."""
    models = project / "include" / "models"
    file = write_spec(models) / "model.yaml"
    file.write_text(file.read_text().replace(f", {GIVEN}", ""))
    settings = read_settings()
    with Ledger(settings.ledger_url) as ledger:
        ledger.migrate()
        yield ModelContext(settings, load_spec(models / "tiny", home=settings.home), ledger)


@pytest.fixture
def upstream(context: ModelContext) -> Upstream:
    return Upstream.of(context.loaded.folder, context.settings.home)


def give_history(context: ModelContext, upstream: Upstream, *, n_weeks: int = 5) -> None:
    """Return the model a long first batch that its champion has learnt from."""
    accept(context, upstream, 0, n_weeks=n_weeks)
    label(context, upstream, 0, n_weeks=n_weeks)
    crown(context)


def test_limits_their_source_and_the_past_are_shown(
    call: Call, context: ModelContext, upstream: Upstream
) -> None:
    give_history(context, upstream)
    for week in (5, 6):
        accept(context, upstream, week)
    accept(context, upstream, 7, shift=2.0)

    shown = call("calibrate", "tiny")

    assert shown.code == 0
    temp = next(line for line in shown.out.splitlines() if "temp" in line)
    assert "floor" in temp
    assert "1 of 3" in temp
    assert "Limits for a batch of 400 rows, against the reference of v1 (2,000 rows;" in shown.out
    assert "estimated from 5 blocks" in shown.out
    assert "Budget: 4 of 52.18 batches per year" in shown.out
    assert (
        "Batches since the reference that these limits call drifted: 1 of 3: 2024-02-19."
        in shown.out
    )
    assert "Batches within the reference that these limits call drifted: 0 of 1." in shown.out


def test_json_holds_all_of_it(call: Call, context: ModelContext, upstream: Upstream) -> None:
    give_history(context, upstream)
    accept(context, upstream, 5, n_rows=120)
    accept(context, upstream, 6, n_rows=120)

    report = json.loads(call("calibrate", "tiny", "--json").out)

    temp, place = report["features"]
    assert (report["version"], report["n_blocks"], report["batch_rows"]) == ("1", 5, 120)
    assert temp["psi"]["source"] == "calibrated"
    assert temp["psi"]["value"] > 0.1
    assert place["ks"] is None
    assert [one["verdict"] for one in report["batches"]] == ["stable"] * 3
    assert [one["in_reference"] for one in report["batches"]] == [True, False, False]
    assert 0 < report["expected_per_year"] <= 4


def test_a_smaller_budget_gives_higher_limits_and_fewer_false_verdicts(
    call: Call, context: ModelContext, upstream: Upstream
) -> None:
    give_history(context, upstream)
    accept(context, upstream, 5, n_rows=120)
    accept(context, upstream, 6, n_rows=120)

    usual = json.loads(call("calibrate", "tiny", "--json").out)
    fewer = json.loads(call("calibrate", "tiny", "--false-alarms", "0.5", "--json").out)

    assert fewer["budget_per_year"] == 0.5
    assert fewer["features"][0]["psi"]["value"] > usual["features"][0]["psi"]["value"]
    assert fewer["expected_per_year"] < usual["expected_per_year"]


def test_limits_of_the_spec_are_named_as_such(
    call: Call, context: ModelContext, upstream: Upstream
) -> None:
    give_history(context, upstream)
    file = context.loaded.folder / "model.yaml"
    file.write_text(
        file.read_text().replace("min_rows: 100, share", f"{GIVEN}, min_rows: 100, share")
    )

    temp, place = json.loads(call("calibrate", "tiny", "--json").out)["features"]

    assert temp["psi"] == {"value": 0.25, "source": "spec"}
    assert temp["ks"] == {"value": 0.15, "source": "spec"}
    assert place["null_rise"] == {"value": 0.05, "source": "spec"}


def test_limits_that_break_the_budget_are_named(
    call: Call, context: ModelContext, upstream: Upstream
) -> None:
    give_history(context, upstream)
    accept(context, upstream, 5)
    within = call("calibrate", "tiny").out
    file = context.loaded.folder / "model.yaml"
    file.write_text(
        file.read_text().replace("min_rows: 100, share", "ks_limit: 0.02, min_rows: 100, share")
    )

    beyond = call("calibrate", "tiny").out

    assert "over the budget" not in within
    assert "That is over the budget: model.yaml sets the limits of temp." in beyond


def test_a_feature_without_a_profile_says_why(
    call: Call, context: ModelContext, upstream: Upstream
) -> None:
    give_history(context, upstream)
    path = "versions/tiny/v1/profile.json"
    profile = context.store.read_json(path)
    broken = {"shape": "broken", "name": "temp", "kind": "numeric", "problem": "column is missing"}
    context.store.write_json(path, profile | {"columns": [broken, *profile["columns"][1:]]})

    shown = call("calibrate", "tiny").out

    assert "column is missing" in next(line for line in shown.splitlines() if "temp" in line)


@pytest.mark.parametrize(("n_weeks", "n_blocks"), [(5, 5), (1, None)])
def test_a_reference_that_was_kept_without_blocks_gets_them_from_the_history(
    call: Call, context: ModelContext, upstream: Upstream, n_weeks: int, n_blocks: int | None
) -> None:
    give_history(context, upstream)
    rows = context.store.read_table(labelled_path("tiny", "2024-01-01"))
    old = build_profile(rows, context.spec.data.delivered_features).to_json()
    del old["blocks"]
    context.store.write_json("versions/tiny/v2/profile.json", old)
    first = context.ledger.versions.get("tiny", "1").trained
    window = Window.ending(FIRST + 5 * WEEK, days=7.0 * n_weeks)
    context.ledger.versions.record(
        "tiny",
        "2",
        idempotency_key="old",
        sha256=first.sha256,
        folder="versions/tiny/v2",
        trained=first.model_copy(update={"window": window}),
    )
    enthrone(context, "2")

    report = json.loads(call("calibrate", "tiny", "--json").out)

    assert (report["version"], report["n_blocks"]) == ("2", n_blocks)
    says = "too few batches to estimate" if n_blocks is None else "estimated from 5 blocks"
    assert says in call("calibrate", "tiny").out


def test_without_a_champion_the_newest_history_stands_for_the_reference(
    call: Call, context: ModelContext, upstream: Upstream
) -> None:
    accept(context, upstream, 0, n_weeks=5)

    shown = call("calibrate", "tiny")
    report = json.loads(call("calibrate", "tiny", "--json").out)

    assert "against the newest history (there is no champion yet)" in shown.out
    assert (report["version"], report["n_blocks"], report["reference_rows"]) == (None, 4, 1600)


def test_too_small_batches_are_told(call: Call, context: ModelContext, upstream: Upstream) -> None:
    give_history(context, upstream)
    for week in (5, 6):
        accept(context, upstream, week, n_rows=60)

    shown = call("calibrate", "tiny")

    assert "A batch of 60 rows gets no verdict: drift.min_rows is 100." in shown.out
    assert "drifted: 0 of 0; 2 too small." in shown.out


def test_a_model_without_data_is_refused_with_the_remedy(call: Call, context: ModelContext) -> None:
    refused = call("calibrate", "tiny")

    assert refused.code == 2
    assert "tiny has no champion and no accepted batch yet" in refused.err
    assert "ingest__tiny" in refused.err


@pytest.mark.parametrize("budget", ["0", "-1", "nan", "inf", "many"])
def test_a_budget_that_is_none_is_refused(call: Call, context: ModelContext, budget: str) -> None:
    refused = call("calibrate", "tiny", f"--false-alarms={budget}")

    assert refused.code == 2
    assert "--false-alarms" in refused.err


def test_an_unknown_model_names_those_there_are(call: Call, context: ModelContext) -> None:
    refused = call("calibrate", "tiyn")

    assert refused.code == 2
    assert "flights, tiny" in refused.err


def test_help_teaches_by_example(call: Call, project: Path) -> None:
    shown = call("calibrate", "--help")

    assert shown.code == 0
    assert "evergreen calibrate flights --false-alarms 1" in shown.out
    assert "false_verdicts_per_year: 2" in shown.out


def test_the_small_model_gives_its_own_limits_elsewhere() -> None:
    assert GIVEN in SPEC
