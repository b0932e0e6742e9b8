"""Model cards of real runs: what stands in them, where they lie, and that they hold up nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from drivers.history import begin, crown, reign
from drivers.mlflow_server import free_port
from drivers.runs import TrainingRun, training_run
from drivers.tiny import FIRST, WEEK, Upstream
from evergreen.evaluation.card import ModelCard
from evergreen.orchestration.card_tasks import write_model_card
from evergreen.records import Window
from evergreen.workflows.decide.score import ScoringAccess
from evergreen.workflows.ingest.labelled_data import read_labelled
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.train.feature_attribution import SAMPLE_ROWS, attribute_features
from standins.shelf import Shelf

HISTORY = Window(start=FIRST, end=FIRST + 5 * WEEK)


def write(run: TrainingRun) -> None:
    run.call(write_model_card, run.model)


def artifact(context: ModelContext, name: str, folder: Path) -> str:
    """Read a file of the card back from the run of version 2."""
    from mlflow.tracking import MlflowClient

    version = context.registry.get_version(context.spec.name, "2")
    assert version is not None
    client = MlflowClient(tracking_uri=context.settings.mlflow_uri)
    path = client.download_artifacts(version.run_id, f"card/{name}", str(folder))
    return Path(path).read_text()


def description(context: ModelContext) -> str:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=context.settings.mlflow_uri)
    return str(client.get_model_version(context.spec.name, "2").description)


@pytest.fixture
def kept(
    mlflow_uri: str, context: ModelContext, upstream: Upstream, model_file: Path
) -> TrainingRun:
    """A run whose challenger, version 2, did not beat the champion."""
    assert context.settings.mlflow_uri == mlflow_uri
    begin(context, upstream)
    reign(context, model_file)
    run = training_run(
        context.spec.name, None, conf={"force_retrain": True, "reason": "new carrier"}, user="ada"
    )
    recorded = run.play()
    assert (recorded and recorded["outcome"]) == "kept", run.errors
    return run


def test_a_kept_challenger_has_a_card_in_the_store_and_in_mlflow_that_is_replaced(
    context: ModelContext, kept: TrainingRun, tmp_path: Path
) -> None:
    write(kept)
    first = artifact(context, "model_card.md", tmp_path)
    (decision,) = context.ledger.decisions.history(context.spec.name)
    context.ledger.approvals.ask(
        decision.id, model=context.spec.name, version="2", due_at=decision.decided_at
    )
    context.ledger.approvals.answer(decision.id, "refused", answered_by="bob", comment="not | now")

    write(kept)

    entry = context.ledger.versions.get(context.spec.name, "2")
    page = artifact(context, "model_card.md", tmp_path)
    text = artifact(context, "model_card.json", tmp_path)
    card = ModelCard.from_json(json.loads(text))
    assert context.store.read_bytes(f"{entry.folder}/model_card.md").decode() == page
    assert context.store.read_json(f"{entry.folder}/model_card.json") == card.to_json()
    assert "bob" not in first
    assert "| approval |" in page
    assert "refused: not \\| now" in page
    assert description(context).startswith("Kept: ")
    assert (card.version, card.sha256, card.owner) == ("2", entry.sha256, "tests")
    assert (card.decision.requested_by, card.decision.reason) == ("ada", "new carrier")
    assert card.evaluation == decision.evaluation
    assert card.lineage.made_by == decision.id
    assert (card.lineage.previous_champion, card.lineage.git_commit) == ("1", "0123abc")
    (batch,) = card.data
    assert (batch.batch, batch.n_rows, batch.data_gate) == (
        "2024-01-01",
        1600,
        "accepted: all rules are met",
    )
    assert card.training.params["num_threads"] == 1
    attributed = card.attributions
    assert attributed.n_rows == 400
    assert [one.feature for one in attributed.features] == ["temp", "place"]
    assert all(one.champion is not None for one in attributed.features)


def test_a_registry_that_is_down_costs_the_card_there_and_nothing_else(
    context: ModelContext, kept: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")

    with pytest.raises(AirflowSkipException, match="clear this task to try again"):
        write(kept)

    entry = context.ledger.versions.get(context.spec.name, "2")
    card = ModelCard.from_json(context.store.read_json(f"{entry.folder}/model_card.json"))
    assert kept.states["write_model_card"] == "skipped"
    assert card.attributions.features == ()
    assert card.attributions.sentence.startswith("not computed: MLflow at ")


@pytest.mark.parametrize("conf", [None, {"dry_run": True}], ids=["quiet", "dry"])
def test_a_run_that_kept_no_version_has_no_card(
    context: ModelContext, upstream: Upstream, conf: Any
) -> None:
    batch = begin(context, upstream)
    crown(context)
    run = training_run(context.spec.name, batch, conf=conf)
    run.play()
    before = context.store.list_files()

    with pytest.raises(AirflowSkipException, match="no version"):
        write(run)

    assert context.store.list_files() == before


def shelved(context: ModelContext, upstream: Upstream, files: dict[str, Path | None]) -> Any:
    """Return labelled rows, and versions whose files lie on a shelf."""
    from evergreen.training.files import text_sha256

    begin(context, upstream)
    context.__dict__["registry"] = Shelf(files)
    for version, file in files.items():
        sha256 = text_sha256(file.read_bytes()) if file else "a" * 64
        crown(context, version, sha256=sha256)
    return read_labelled(context.spec, context.ledger, context.store, HISTORY)


def test_at_most_2000_rows_are_looked_at_and_a_champion_that_fails_is_named(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    rows = shelved(context, upstream, {"1": None, "2": model_file})
    many = rows.take(list(range(rows.num_rows)) * 2)

    told = attribute_features(ScoringAccess.of(context), "2", "1", many)

    assert (told.n_rows, many.num_rows) == (SAMPLE_ROWS, 4000)
    assert [(one.feature, one.champion) for one in told.features] == [
        ("temp", None),
        ("place", None),
    ]
    assert "those of the champion v1 were not computed: v1 is not" in told.sentence


def test_what_takes_too_long_is_left_out_and_said(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    rows = shelved(context, upstream, {"1": model_file})

    told = attribute_features(ScoringAccess.of(context), "1", None, rows, time_limit_seconds=0.01)

    assert told.features == ()
    assert told.sentence.startswith("not computed: the score process ran past its limit of 0.01 s")
