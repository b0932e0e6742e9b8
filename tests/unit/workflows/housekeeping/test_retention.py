import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import create_engine, text

from drivers.history import accept, asked_for, begin, crown, enthrone, label, reign
from drivers.tiny import Upstream
from evergreen.errors import GateError
from evergreen.registry.client import ModelRegistry
from evergreen.workflows.decide.decide import windows_for
from evergreen.workflows.housekeeping.retention import protected_versions, remove_expired
from evergreen.workflows.ingest.labelled_data import labelled_path, matured, read_labelled
from evergreen.workflows.ingest.quality_gate import taken
from evergreen.workflows.model_context import Workbench

pytestmark = pytest.mark.usefixtures("mlflow_uri")


def with_rules(bench: Workbench, **rules: Any) -> Workbench:
    """Give the workbench with another retention; windows of one week each."""
    windows = bench.spec.windows.model_copy(update={"training_days": 7.0, "holdout_days": 7.0})
    retention = bench.spec.retention.model_copy(update=rules)
    spec = bench.spec.model_copy(update={"retention": retention, "windows": windows})
    return Workbench(bench.settings, replace(bench.loaded, spec=spec), bench.ledger)


def age(bench: Workbench, *, days: float) -> None:
    """Let all that was written have been written some days ago."""
    then = datetime.now(UTC) - timedelta(days=days)
    engine = create_engine(bench.settings.ledger_url)
    with engine.begin() as connection:
        for update in (
            "UPDATE batches SET taken_at = :then",
            "UPDATE predictions SET scored_at = :then",
        ):
            connection.execute(text(update), {"then": f"{then:%Y-%m-%d %H:%M:%S.%f}"})
    engine.dispose()
    for file in (bench.settings.home / "store").rglob("*"):
        os.utime(file, (then.timestamp(), then.timestamp()))


def predict(bench: Workbench, batches: Iterable[str], version: str) -> None:
    for batch in batches:
        path = f"predictions/{bench.spec.name}/{batch}/v{version}.parquet"
        digest = bench.store.write_table(path, pa.table({"id": ["a"], "prediction": [0.5]}))
        bench.ledger.batches.record_predictions(
            bench.spec.name, batch, version, path=path, sha256=digest, n_rows=1
        )


def weeks(bench: Workbench, upstream: Upstream, labelled: int, accepted: int) -> list[str]:
    found = [accept(bench, upstream, week) for week in range(accepted)]
    for week in range(labelled):
        label(bench, upstream, week)
    return found


def register(bench: Workbench, model_file: Path, n: int) -> list[str]:
    """Register versions that were never champion."""
    return [
        ModelRegistry(bench.settings.mlflow_uri)
        .register(
            bench.spec.name,
            idempotency_key=f"key {number}",
            model_file=model_file,
            tags={},
            metrics={},
            params={},
        )
        .version
        for number in range(n)
    ]


@pytest.mark.parametrize(("days", "n_left"), [(89, 2), (91, 0)], ids=["young", "old"])
def test_reports_go_after_their_time(bench: Workbench, days: float, n_left: int) -> None:
    for file in ("drift.html", "data_docs/index.html"):
        bench.store.write_bytes(f"reports/{bench.spec.name}/2024-01-01/{file}", b"x")
    age(bench, days=days)

    removed = remove_expired(bench)

    assert removed["reports"] == 2 - n_left
    assert len(bench.store.list_files("reports")) == n_left


def test_nothing_is_removed_from_a_young_model(
    bench: Workbench, upstream: Upstream, model_file: Path
) -> None:
    begin(bench, upstream)
    reign(bench, model_file)
    before = bench.store.list_files()

    removed = remove_expired(bench)

    assert set(removed.values()) == {0}
    assert bench.store.list_files() == before


def test_snapshots_go_unless_a_retrain_would_still_read_them(
    bench: Workbench, upstream: Upstream
) -> None:
    batches = weeks(bench, upstream, labelled=4, accepted=5)
    age(bench, days=401)
    ruled = with_rules(bench)

    removed = remove_expired(ruled)
    again = remove_expired(ruled)

    assert (removed["snapshots"], again["snapshots"]) == (4, 0)
    kept = {batch: bench.store.exists(labelled_path(bench.spec.name, batch)) for batch in batches}
    assert list(kept.values()) == [False, False, True, True, False]
    assert [d.batch for d in matured(bench)] == batches[2:4]
    assert taken(bench, "data", batches[4]).path is not None  # labels may still come
    training, holdout = windows_for(ruled, asked_for(bench, batches[4]))
    assert training is not None
    assert holdout is not None
    assert read_labelled(ruled, training).num_rows == 400
    assert read_labelled(ruled, holdout).num_rows == 400


def test_what_was_removed_is_named_and_a_past_decision_stands_down(
    bench: Workbench, upstream: Upstream
) -> None:
    batches = weeks(bench, upstream, labelled=4, accepted=5)
    age(bench, days=401)
    ruled = with_rules(bench)
    remove_expired(ruled)

    with pytest.raises(GateError, match="passed its retention"):
        taken(bench, "data", batches[0])
    assert windows_for(ruled, asked_for(bench, batches[1])) == (None, None)


def test_without_any_labels_no_snapshot_goes(bench: Workbench, upstream: Upstream) -> None:
    weeks(bench, upstream, labelled=0, accepted=2)
    age(bench, days=401)

    assert remove_expired(with_rules(bench))["snapshots"] == 0


def test_a_snapshot_that_a_later_delivery_replaced_goes_too(
    bench: Workbench, upstream: Upstream
) -> None:
    accept(bench, upstream, 0, n_rows=300)
    accept(bench, upstream, 0, n_rows=400)
    age(bench, days=401)

    removed = remove_expired(with_rules(bench))

    assert removed["replaced_snapshots"] == 1
    assert len(bench.store.list_files("snapshots")) == 1
    assert bench.store.exists(str(taken(bench, "data", "2024-01-01").path))


def test_predictions_go_unless_the_champions_decay_is_yet_to_be_measured(
    bench: Workbench, upstream: Upstream
) -> None:
    batches = weeks(bench, upstream, labelled=3, accepted=4)
    crown(bench, "2")
    predict(bench, batches, "1")
    predict(bench, batches, "2")
    age(bench, days=401)

    removed = remove_expired(bench)

    left = bench.ledger.batches.predictions(bench.spec.name)
    assert removed["predictions"] == 6
    assert [(p.batch, p.version) for p in left] == [(batches[2], "2"), (batches[3], "2")]
    assert len(bench.store.list_files("predictions")) == 2


@pytest.mark.parametrize(("days", "n_left"), [(6, 1), (8, 0)])
def test_scratch_goes_after_a_week(bench: Workbench, days: float, n_left: int) -> None:
    bench.store.write_json(f"scratch/{bench.spec.name}/abc/drift.json", {})
    age(bench, days=days)

    remove_expired(bench)

    assert len(bench.store.list_files("scratch")) == n_left


def crown_all(bench: Workbench, versions: Iterable[str]) -> None:
    for version in versions:
        crown(bench, version)


def test_old_versions_go_but_never_champion_or_previous(
    bench: Workbench, upstream: Upstream, model_file: Path
) -> None:
    begin(bench, upstream)
    versions = register(bench, model_file, 6)
    crown_all(bench, versions)  # 6 is champion now, 5 the one before
    enthrone(bench, "2", decision="back")  # and now 2 is, before which there were 1 and 6

    removed = remove_expired(with_rules(bench, model_versions=2))

    assert protected_versions(bench) == {"2", "1", "6"}
    assert removed["model_versions"] == 2
    left = [v.version for v in bench.registry.list_versions(bench.spec.name)]
    assert left == ["1", "2", "5", "6"]
    folders = bench.store.list_folders(f"versions/{bench.spec.name}")
    assert folders == ["v1", "v2", "v5", "v6"]


def test_a_model_without_champion_has_nothing_to_protect(bench: Workbench) -> None:
    assert protected_versions(bench) == set()


def test_a_version_that_bears_an_alias_of_somebodys_stays(
    bench: Workbench, upstream: Upstream, model_file: Path
) -> None:
    begin(bench, upstream)
    versions = register(bench, model_file, 4)
    crown_all(bench, versions)
    bench.registry.set_alias(bench.spec.name, "audited", "1")

    removed = remove_expired(with_rules(bench, model_versions=2))

    assert removed["model_versions"] == 1
    left = [v.version for v in bench.registry.list_versions(bench.spec.name)]
    assert left == ["1", "3", "4"]


def test_a_folder_that_outlived_its_version_goes_the_next_time(
    bench: Workbench, upstream: Upstream, model_file: Path
) -> None:
    begin(bench, upstream)
    versions = register(bench, model_file, 3)
    crown_all(bench, versions)
    bench.registry.delete_version(bench.spec.name, "1")

    removed = remove_expired(with_rules(bench, model_versions=2))

    assert removed["model_versions"] == 0
    assert bench.store.list_folders(f"versions/{bench.spec.name}") == ["v2", "v3"]
