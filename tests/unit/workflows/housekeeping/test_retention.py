import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import create_engine, text

from drivers.history import accept, begin, crown, enthrone, label, reign, run_about
from drivers.tiny import Upstream
from evergreen.errors import GateError
from evergreen.registry.client import ModelRegistry
from evergreen.workflows.housekeeping.retention import protected_versions, remove_expired
from evergreen.workflows.ingest.labelled_data import labelled_path, matured, read_labelled
from evergreen.workflows.ingest.quality_gate import taken
from evergreen.workflows.model_context import ModelContext

pytestmark = pytest.mark.usefixtures("mlflow_uri")


def with_rules(context: ModelContext, **rules: Any) -> ModelContext:
    """Return the model context with another retention; windows of one week each."""
    windows = context.spec.windows.model_copy(update={"training_days": 7.0, "holdout_days": 7.0})
    retention = context.spec.retention.model_copy(update=rules)
    spec = context.spec.model_copy(update={"retention": retention, "windows": windows})
    return ModelContext(context.settings, replace(context.loaded, spec=spec), context.ledger)


def age(context: ModelContext, *, days: float) -> None:
    """Let all that was written have been written some days ago."""
    then = datetime.now(UTC) - timedelta(days=days)
    engine = create_engine(context.settings.ledger_url)
    with engine.begin() as connection:
        for update in (
            "UPDATE batches SET taken_at = :then",
            "UPDATE predictions SET scored_at = :then",
        ):
            connection.execute(text(update), {"then": f"{then:%Y-%m-%d %H:%M:%S.%f}"})
    engine.dispose()
    for file in (context.settings.home / "store").rglob("*"):
        os.utime(file, (then.timestamp(), then.timestamp()))


def predict(context: ModelContext, batches: Iterable[str], version: str) -> None:
    for batch in batches:
        path = f"predictions/{context.spec.name}/{batch}/v{version}.parquet"
        digest = context.store.write_table(path, pa.table({"id": ["a"], "prediction": [0.5]}))
        context.ledger.batches.record_predictions(
            context.spec.name, batch, version, path=path, sha256=digest, n_rows=1
        )


def weeks(context: ModelContext, upstream: Upstream, labelled: int, accepted: int) -> list[str]:
    found = [accept(context, upstream, week) for week in range(accepted)]
    for week in range(labelled):
        label(context, upstream, week)
    return found


def register(context: ModelContext, model_file: Path, n: int) -> list[str]:
    """Register versions that were never champion."""
    return [
        ModelRegistry(context.settings.mlflow_uri)
        .register(
            context.spec.name,
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
def test_reports_go_after_their_time(context: ModelContext, days: float, n_left: int) -> None:
    for file in ("drift.html", "data_docs/index.html"):
        context.store.write_bytes(f"reports/{context.spec.name}/2024-01-01/{file}", b"x")
    age(context, days=days)

    removed = remove_expired(context)

    assert removed["reports"] == 2 - n_left
    assert len(context.store.list_files("reports")) == n_left


def test_nothing_is_removed_from_a_young_model(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    begin(context, upstream)
    reign(context, model_file)
    before = context.store.list_files()

    removed = remove_expired(context)

    assert set(removed.values()) == {0}
    assert context.store.list_files() == before


def test_snapshots_go_unless_a_retrain_would_still_read_them(
    context: ModelContext, upstream: Upstream
) -> None:
    batches = weeks(context, upstream, labelled=4, accepted=5)
    age(context, days=401)
    ruled = with_rules(context)

    removed = remove_expired(ruled)
    again = remove_expired(ruled)

    assert (removed["snapshots"], again["snapshots"]) == (4, 0)
    kept = {
        batch: context.store.exists(labelled_path(context.spec.name, batch)) for batch in batches
    }
    assert list(kept.values()) == [False, False, True, True, False]
    assert [d.batch for d in matured(context.ledger, context.spec.name)] == batches[2:4]
    assert (
        taken(context.ledger, context.spec.name, "data", batches[4]).path is not None
    )  # labels may still come
    about = run_about(ruled, batches[4])
    training, holdout = about.training, about.holdout
    assert training is not None
    assert holdout is not None
    assert read_labelled(ruled.spec, ruled.ledger, ruled.store, training).num_rows == 400
    assert read_labelled(ruled.spec, ruled.ledger, ruled.store, holdout).num_rows == 400


def test_what_was_removed_is_named_and_a_past_decision_stands_down(
    context: ModelContext, upstream: Upstream
) -> None:
    batches = weeks(context, upstream, labelled=4, accepted=5)
    age(context, days=401)
    ruled = with_rules(context)
    remove_expired(ruled)

    with pytest.raises(GateError, match="passed its retention"):
        taken(context.ledger, context.spec.name, "data", batches[0])
    about = run_about(ruled, batches[1])
    assert (about.training, about.holdout) == (None, None)


def test_without_any_labels_no_snapshot_goes(context: ModelContext, upstream: Upstream) -> None:
    weeks(context, upstream, labelled=0, accepted=2)
    age(context, days=401)

    assert remove_expired(with_rules(context))["snapshots"] == 0


def test_a_snapshot_that_a_later_delivery_replaced_goes_too(
    context: ModelContext, upstream: Upstream
) -> None:
    accept(context, upstream, 0, n_rows=300)
    accept(context, upstream, 0, n_rows=400)
    age(context, days=401)

    removed = remove_expired(with_rules(context))

    assert removed["replaced_snapshots"] == 1
    assert len(context.store.list_files("snapshots")) == 1
    assert context.store.exists(
        str(taken(context.ledger, context.spec.name, "data", "2024-01-01").path)
    )


def test_predictions_go_unless_the_champions_decay_is_yet_to_be_measured(
    context: ModelContext, upstream: Upstream
) -> None:
    batches = weeks(context, upstream, labelled=3, accepted=4)
    crown(context, "2")
    predict(context, batches, "1")
    predict(context, batches, "2")
    age(context, days=401)

    removed = remove_expired(context)

    left = context.ledger.batches.predictions(context.spec.name)
    assert removed["predictions"] == 6
    assert [(p.batch, p.version) for p in left] == [(batches[2], "2"), (batches[3], "2")]
    assert len(context.store.list_files("predictions")) == 2


@pytest.mark.parametrize(("days", "n_left"), [(6, 1), (8, 0)])
def test_scratch_goes_after_a_week(context: ModelContext, days: float, n_left: int) -> None:
    context.store.write_json(f"scratch/{context.spec.name}/abc/drift.json", {})
    age(context, days=days)

    remove_expired(context)

    assert len(context.store.list_files("scratch")) == n_left


def crown_all(context: ModelContext, versions: Iterable[str]) -> None:
    for version in versions:
        crown(context, version)


def test_old_versions_go_but_never_champion_or_previous(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    begin(context, upstream)
    versions = register(context, model_file, 6)
    crown_all(context, versions)  # 6 is champion now, 5 the one before
    enthrone(context, "2", decision="back")  # and now 2 is, before which there were 1 and 6

    removed = remove_expired(with_rules(context, model_versions=2))

    assert protected_versions(context.spec, context.ledger) == {"2", "1", "6"}
    assert removed["model_versions"] == 2
    left = [v.version for v in context.registry.list_versions(context.spec.name)]
    assert left == ["1", "2", "5", "6"]
    folders = context.store.list_folders(f"versions/{context.spec.name}")
    assert folders == ["v1", "v2", "v5", "v6"]


def test_a_model_without_champion_has_nothing_to_protect(context: ModelContext) -> None:
    assert protected_versions(context.spec, context.ledger) == set()


def test_a_version_that_bears_an_alias_of_somebodys_stays(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    begin(context, upstream)
    versions = register(context, model_file, 4)
    crown_all(context, versions)
    context.registry.set_alias(context.spec.name, "audited", "1")

    removed = remove_expired(with_rules(context, model_versions=2))

    assert removed["model_versions"] == 1
    left = [v.version for v in context.registry.list_versions(context.spec.name)]
    assert left == ["1", "3", "4"]


def test_a_folder_that_outlived_its_version_goes_the_next_time(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    begin(context, upstream)
    versions = register(context, model_file, 3)
    crown_all(context, versions)
    context.registry.delete_version(context.spec.name, "1")

    removed = remove_expired(with_rules(context, model_versions=2))

    assert removed["model_versions"] == 0
    assert context.store.list_folders(f"versions/{context.spec.name}") == ["v2", "v3"]
