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
from evergreen.workflows.model_context import Workbench

pytestmark = pytest.mark.usefixtures("mlflow_uri")


def test_without_a_champion_nothing_is_scored(bench: Workbench, upstream: Upstream) -> None:
    batch = accept(bench, upstream, 0)

    assert score_and_log(bench, batch) is None
    assert bench.ledger.batches.predictions(bench.spec.name) == []


def test_every_row_gets_one_prediction_and_a_rerun_writes_the_same_file(
    bench: Workbench, upstream: Upstream, model_file: Path
) -> None:
    batch = begin(bench, upstream)
    champion = reign(bench, model_file)

    first = score_and_log(bench, batch)
    again = score_and_log(bench, batch)

    assert first is not None
    assert again is not None
    assert (first.version, first.n_rows, first.sha256) == (champion.version, 400, again.sha256)
    table = bench.store.read_table(first.path)
    delivery = bench.ledger.batches.delivery(bench.spec.name, "data", batch)
    assert delivery is not None
    rows = bench.store.read_table(str(delivery.path))
    assert table.column_names == ["id", "prediction"]
    assert table["id"] == rows["id"]
    assert all(0 < value < 1 for value in table["prediction"].to_pylist())
    assert len(bench.ledger.batches.predictions(bench.spec.name)) == 1


def test_the_task_announces_what_it_scored(
    bench: Workbench, upstream: Upstream, model_file: Path
) -> None:
    batch = begin(bench, upstream)
    reign(bench, model_file)
    run = Run(DagRun(f"score__{bench.spec.name}", partition_key=batch))
    announced: list[str] = []
    events = {predictions(bench.spec.name): SimpleNamespace(add_partitions=announced.append)}

    scored = run.call(score_batch, bench.spec.name, outlet_events=events)

    assert scored == {"batch": batch, "version": "1", "n_rows": 400}
    assert announced == [batch]


def test_an_unknown_batch_is_not_scored(
    bench: Workbench, upstream: Upstream, model_file: Path
) -> None:
    begin(bench, upstream)
    reign(bench, model_file)

    with pytest.raises(GateError, match="no snapshot"):
        score_and_log(bench, "2030-01-01")


def test_a_version_that_is_not_in_the_registry_is_named(
    bench: Workbench, upstream: Upstream, tmp_path: Path
) -> None:
    begin(bench, upstream)
    crown(bench, "7")

    with pytest.raises(ModelFileError, match="v7 is in the ledger but not in MLflow"):
        registered_scorer(bench, "7", tmp_path)


def test_a_file_that_is_not_the_ledgers_is_not_loaded(
    bench: Workbench, upstream: Upstream, model_file: Path, tmp_path: Path
) -> None:
    begin(bench, upstream)
    champion = reign(bench, model_file)
    entry = bench.ledger.versions.get(bench.spec.name, champion.version)
    bench.ledger.versions.record(
        bench.spec.name,
        champion.version,
        idempotency_key=entry.idempotency_key,
        sha256="b" * 64,
        folder=entry.folder,
        trained=entry.trained,
    )

    with pytest.raises(ModelFileError, match="sha256"):
        registered_scorer(bench, champion.version, tmp_path)


def test_features_come_from_the_code_that_the_version_was_trained_with(
    bench: Workbench, upstream: Upstream, model_file: Path
) -> None:
    batch = begin(bench, upstream)
    champion = reign(bench, model_file)
    plain = score_and_log(bench, batch)
    folder = bench.ledger.versions.get(bench.spec.name, champion.version).folder
    bench.store.write_bytes(
        f"{folder}/features.py",
        b"def build_features(rows):\n    return rows.assign(temp=-rows['temp'])\n",
    )

    turned = score_and_log(bench, batch)

    assert plain is not None
    assert turned is not None
    assert turned.sha256 != plain.sha256


def test_a_feature_that_the_spec_lists_no_more_is_still_given_to_the_version_that_needs_it(
    bench: Workbench, upstream: Upstream, model_file: Path
) -> None:
    batch = begin(bench, upstream)
    reign(bench, model_file)
    before = score_and_log(bench, batch)
    data = bench.spec.data
    shorter = data.model_copy(update={"features": data.features[1:]})
    spec = bench.spec.model_copy(update={"data": shorter})
    loaded = dataclasses.replace(bench.loaded, spec=spec)
    later = Workbench(bench.settings, loaded, bench.ledger)

    after = score_and_log(later, batch)

    assert before is not None
    assert after is not None
    assert after.sha256 == before.sha256
