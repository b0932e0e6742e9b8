"""The tasks of ``backtest``, called as a worker calls them."""

import json
from typing import Any

import pytest

from drivers.history import accept, label
from drivers.runs import DagRun, Run
from drivers.tiny import Upstream
from evergreen.errors import StorageError
from evergreen.orchestration import backtest_tasks
from evergreen.orchestration.retry_rules import RequestRefused
from evergreen.storage.store import Store
from evergreen.workflows.backtest.run_backtest import folder_of
from evergreen.workflows.housekeeping.retention import remove_expired
from evergreen.workflows.model_context import ModelContext

RUN_ID = "manual__2024-03-01T00:00:00+00:00"
BASELINES = ["never", "every", "periodic"]


class Backtest(Run):
    """A run of ``backtest``."""

    def play(self) -> dict[str, Any]:
        model = self.dag_run.dag_id.partition("__")[2]
        self.call(backtest_tasks.check_request, model)
        told: dict[str, Any] = self.call(backtest_tasks.replay_policies, model)
        return told


def a_run(context: ModelContext, conf: Any = None, *, run_id: str = RUN_ID) -> Backtest:
    return Backtest(
        DagRun(f"backtest__{context.spec.name}", run_id=run_id, conf=conf, run_type="manual")
    )


@pytest.fixture
def labelled(context: ModelContext, upstream: Upstream) -> ModelContext:
    """Four labelled weeks to learn from, one as they were, and seven the other way round."""
    accept(context, upstream, 0, n_weeks=4)
    label(context, upstream, 0, n_weeks=4)
    for week in range(4, 12):
        accept(context, upstream, week)
        label(context, upstream, week, is_flipped=week > 4)
    return context


def everything_of(context: ModelContext) -> dict[str, Any]:
    """Return all that a back-test must leave alone."""
    model = context.spec.name
    return {
        "decisions": context.ledger.decisions.history(model),
        "promotions": context.ledger.promotions.history(model),
        "versions": context.ledger.versions.history(model),
        "alerts": context.ledger.alerts.history(model),
        "labels": context.ledger.batches.deliveries(model, "labels"),
        "files": [f for f in context.store.list_files() if f"reports/{model}/backtests/" not in f],
    }


def test_the_policies_are_replayed_and_kept_as_a_report(labelled: ModelContext) -> None:
    context = labelled
    before = everything_of(context)

    told = a_run(context).play()

    folder = folder_of(context.spec.name, RUN_ID)
    files = [f"{folder}/backtest.{kind}" for kind in ("html", "json")]
    assert context.store.list_files(f"reports/{context.spec.name}/backtests") == files
    assert [told["html"], told["json"]] == [context.store.uri_of(file) for file in files]
    assert b'data-chart="frontier"' in context.store.read_bytes(files[0])
    assert everything_of(context) == before


def test_the_small_table_says_what_the_kept_numbers_say(labelled: ModelContext) -> None:
    told = a_run(labelled).play()

    kept = labelled.store.read_json(f"{folder_of(labelled.spec.name, RUN_ID)}/backtest.json")
    rows = {row["policy"]: row for row in told["policies"]}
    assert json.loads(json.dumps(told)) == told
    assert list(rows) == [*BASELINES, "thresholds", "default"]
    assert told["n_batches"] == kept["n_batches"] == 8
    for name, row in rows.items():
        assert list(row) == ["policy", "score", "kept", "cost", "n_fits"]
        assert (row["score"], row["cost"]) == (
            kept["policies"][name]["score"],
            kept["policies"][name]["cost"],
        )
    assert rows["every"]["score"] > rows["never"]["score"]
    assert (rows["never"]["kept"], rows["every"]["kept"]) == (0.0, 1.0)
    assert "8 batches" in told["verdict"]
    assert told["history"].startswith("History: 9 labelled batches")


def test_a_run_again_writes_the_same_to_the_same_place(labelled: ModelContext) -> None:
    store, folder = labelled.store, folder_of(labelled.spec.name, RUN_ID)
    first = a_run(labelled, {"jobs": 1}).play()
    page = store.read_bytes(f"{folder}/backtest.html")

    again = a_run(labelled, {"jobs": 3}).play()

    assert again | {"seconds": 0} == first | {"seconds": 0}
    assert store.read_bytes(f"{folder}/backtest.html") == page
    assert len(store.list_files(f"reports/{labelled.spec.name}/backtests")) == 2


def test_only_what_was_asked_for_is_replayed_beside_the_baselines(labelled: ModelContext) -> None:
    told = a_run(labelled, {"policies": "thresholds", "every_batches": 1}).play()

    rows = {row["policy"]: row for row in told["policies"]}
    assert list(rows) == [*BASELINES, "thresholds"]
    assert rows["periodic"]["cost"] == rows["every"]["cost"]  # periodic at every batch


@pytest.mark.parametrize(
    ("conf", "says"),
    [
        pytest.param({"policy": "default"}, "did you mean 'policies'", id="unknown key"),
        pytest.param({"policies": "mine"}, "policies must be 'both', 'default' or", id="policy"),
        pytest.param({"budget": 2}, "budget must be less than or equal to 1, got 2", id="budget"),
        pytest.param({"seed": True}, "seed must be a valid integer, got True", id="type"),
        pytest.param([], "JSON object", id="list"),
        pytest.param({"history": "replay"}, '{"history": "stored"} in the conf', id="no replay"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_read(
    context: ModelContext, conf: Any, says: str
) -> None:
    with pytest.raises(RequestRefused, match=says):
        a_run(context, conf).call(backtest_tasks.check_request, context.spec.name)


def test_without_history_it_says_what_is_missing_and_what_to_do(context: ModelContext) -> None:
    with pytest.raises(RequestRefused) as refused:
        a_run(context).play()

    for words in ("no labelled batch", "more than 35 days", "land more batches and their labels"):
        assert words in str(refused.value)


def test_too_little_history_says_how_far_it_reaches(
    context: ModelContext, upstream: Upstream
) -> None:
    accept(context, upstream, 0, n_weeks=4)
    label(context, upstream, 0, n_weeks=4)

    with pytest.raises(RequestRefused) as refused:
        a_run(context).play()

    assert "from 2024-01-01 to 2024-01-28" in str(refused.value)
    assert "land more batches and their labels" in str(refused.value)
    assert context.store.list_files(f"reports/{context.spec.name}") == []


def test_one_class_only_is_refused_and_nobody_is_woken(
    context: ModelContext, upstream: Upstream
) -> None:
    accept(context, upstream, 0, n_weeks=6)
    batch = label(context, upstream, 0, n_weeks=6)
    path = f"labelled/{context.spec.name}/{batch}.parquet"
    rows = context.store.read_table(path)
    target = rows.schema.get_field_index(context.spec.data.target)
    ones = rows.set_column(target, rows.schema.field(target), [[1] * rows.num_rows])
    context.store.write_table(path, ones)

    with pytest.raises(RequestRefused, match="one class only"):
        a_run(context).play()
    assert context.ledger.alerts.history(context.spec.name) == []


def test_a_store_that_cannot_be_written_is_tried_again(
    labelled: ModelContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Store, path: str, data: bytes) -> None:
        raise StorageError(f"{path} could not be written")

    run = a_run(labelled, {"policies": "thresholds"})
    with monkeypatch.context() as patched:
        patched.setattr(Store, "write_bytes", refuse)
        with pytest.raises(StorageError):
            run.play()

    assert run.play()["html"].endswith("/backtest.html")


def test_runs_lie_apart_whatever_their_ids_hold() -> None:
    ids = [RUN_ID, RUN_ID.replace(":", "-"), "..", "a/../../b", "", "é" * 300]

    folders = [folder_of("tiny", run_id) for run_id in ids]

    assert len(set(folders)) == len(ids)
    for folder in folders:
        head, name = folder.rsplit("/", 1)
        assert head == "reports/tiny/backtests"
        assert name.replace("-", "").isalnum()
        assert len(name) <= 70


def test_retention_removes_it(
    labelled: ModelContext, monkeypatch: pytest.MonkeyPatch, mlflow_uri: str
) -> None:
    a_run(labelled, {"policies": "thresholds"}).play()
    retention = labelled.spec.retention.model_copy(update={"reports_days": 1e-9})
    spec = labelled.spec.model_copy(update={"retention": retention})
    monkeypatch.setattr(ModelContext, "spec", spec)

    removed = remove_expired(labelled)

    assert removed["reports"] == 2
    assert labelled.store.list_files(f"reports/{spec.name}") == []
