"""Scoring with a real model file from a real MLflow server, in a process of its own."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import pytest

from drivers.history import accept, begin, crown, reign
from drivers.runs import DagRun, Run
from drivers.tiny import Upstream
from evergreen.errors import GateError, ModelFileError
from evergreen.orchestration.assets import predictions
from evergreen.orchestration.score_tasks import score_batch
from evergreen.workflows.decide.score import registered_scorer, score_and_log
from evergreen.workflows.model_context import ModelContext

pytestmark = pytest.mark.usefixtures("mlflow_uri")


def test_without_a_champion_nothing_is_scored(context: ModelContext, upstream: Upstream) -> None:
    batch = accept(context, upstream, 0)

    assert score_and_log(context, batch) is None
    assert context.ledger.batches.predictions(context.spec.name) == []


def test_every_row_gets_one_prediction_and_a_rerun_writes_the_same_file(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    batch = begin(context, upstream)
    champion = reign(context, model_file)

    first = score_and_log(context, batch)
    again = score_and_log(context, batch)

    assert first is not None
    assert again is not None
    assert (first.version, first.n_rows, first.sha256) == (champion.version, 400, again.sha256)
    table = context.store.read_table(first.path)
    delivery = context.ledger.batches.delivery(context.spec.name, "data", batch)
    assert delivery is not None
    rows = context.store.read_table(str(delivery.path))
    assert table.column_names == ["id", "prediction"]
    assert table["id"] == rows["id"]
    assert all(0 < value < 1 for value in table["prediction"].to_pylist())
    assert len(context.ledger.batches.predictions(context.spec.name)) == 1


def test_the_task_announces_what_it_scored(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    batch = begin(context, upstream)
    reign(context, model_file)
    run = Run(DagRun(f"score__{context.spec.name}", partition_key=batch))
    announced: list[str] = []
    events = {predictions(context.spec.name): SimpleNamespace(add_partitions=announced.append)}

    scored = run.call(score_batch, context.spec.name, outlet_events=events)

    assert scored == {"batch": batch, "version": "1", "n_rows": 400}
    assert announced == [batch]


def test_an_unknown_batch_is_not_scored(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    begin(context, upstream)
    reign(context, model_file)

    with pytest.raises(GateError, match="no snapshot"):
        score_and_log(context, "2030-01-01")


def test_a_version_that_is_not_in_the_registry_is_named(
    context: ModelContext, upstream: Upstream, tmp_path: Path
) -> None:
    begin(context, upstream)
    crown(context, "7")

    with pytest.raises(ModelFileError, match="v7 is in the ledger but not in MLflow"):
        registered_scorer(context.spec.name, context.ledger, context.registry, "7", tmp_path)


def test_a_file_that_is_not_the_ledgers_is_not_loaded(
    context: ModelContext, upstream: Upstream, model_file: Path, tmp_path: Path
) -> None:
    begin(context, upstream)
    champion = reign(context, model_file)
    entry = context.ledger.versions.get(context.spec.name, champion.version)
    context.ledger.versions.record(
        context.spec.name,
        champion.version,
        idempotency_key=entry.idempotency_key,
        sha256="b" * 64,
        folder=entry.folder,
        trained=entry.trained,
    )

    with pytest.raises(ModelFileError, match="sha256"):
        registered_scorer(
            context.spec.name, context.ledger, context.registry, champion.version, tmp_path
        )


def test_features_come_from_the_code_that_the_version_was_trained_with(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    batch = begin(context, upstream)
    champion = reign(context, model_file)
    plain = score_and_log(context, batch)
    folder = context.ledger.versions.get(context.spec.name, champion.version).folder
    context.store.write_bytes(
        f"{folder}/features.py",
        b"def build_features(rows):\n    return rows.assign(temp=-rows['temp'])\n",
    )

    turned = score_and_log(context, batch)

    assert plain is not None
    assert turned is not None
    assert turned.sha256 != plain.sha256


def test_a_feature_that_the_spec_lists_no_more_is_still_given_to_the_version_that_needs_it(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    batch = begin(context, upstream)
    reign(context, model_file)
    before = score_and_log(context, batch)
    data = context.spec.data
    shorter = data.model_copy(update={"features": data.features[1:]})
    spec = context.spec.model_copy(update={"data": shorter})
    loaded = dataclasses.replace(context.loaded, spec=spec)
    later = ModelContext(context.settings, loaded, context.ledger)

    after = score_and_log(later, batch)

    assert before is not None
    assert after is not None
    assert after.sha256 == before.sha256
