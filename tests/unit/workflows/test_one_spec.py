"""One run, one spec: whatever is edited while a run is under way counts from the next run on."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from drivers.history import accept, begin
from drivers.ingest_runs import Announced, Ingest
from drivers.runs import DagRun, training_graph, training_run
from drivers.tiny import Upstream
from evergreen import dag_ids
from evergreen.evaluation.card import ModelCard
from evergreen.orchestration import card_tasks, ingest_tasks
from evergreen.spec.loader import LoadedSpec, load_spec
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.train.lineage import read_lineage

# What may be edited, each so that the run would end otherwise if the edit reached it.
YAML_EDITS = {
    "features": ("    - {name: temp, kind: numeric}\n", ""),
    "params": ("params: {num_threads: 1}", "params: {num_threads: 1, num_leaves: 4}"),
    "windows": ("training_days: 28, holdout_days: 7", "training_days: 14, holdout_days: 14"),
    "metric": ("metric: auc", "metric: accuracy"),
    "level": ("decay:", "promotion: {level: strict, min_gain: 0.4}\ndecay:"),
    "target": ("target: late", "target: later"),
    "quality": ("decay:", "quality: {min_rows: 5000}\ndecay:"),
}
NEVER_MET = {
    "type": "expect_column_values_to_be_between",
    "kwargs": {"column": "temp", "min_value": 1e6, "max_value": 2e6},
}
FEATURES = "def build_features(frame):\n    frame['temp'] = 0.0\n    return frame\n"


def edit_yaml(folder: Path, name: str) -> None:
    """Edit ``model.yaml``; an edit that is there already stays."""
    file, (before, after) = folder / "model.yaml", YAML_EDITS[name]
    text = file.read_text()
    if after and after in text:
        return
    assert before in text
    file.write_text(text.replace(before, after, 1))


def edit_expectations(folder: Path) -> None:
    (folder / "expectations.json").write_text(json.dumps([NEVER_MET]))


def edit_features(folder: Path) -> None:
    (folder / "features.py").write_text(FEATURES)


def edit_all(folder: Path) -> None:
    for name in YAML_EDITS:
        edit_yaml(folder, name)
    edit_expectations(folder)
    edit_features(folder)


EDITS: dict[str, Callable[[Path], None]] = {
    **{name: partial(edit_yaml, name=name) for name in YAML_EDITS},
    "expectations": edit_expectations,
    "features.py": edit_features,
}

SAMPLE = ("metric", "features.py")  # the others run with `make test-faults`


class Outcome(NamedTuple):
    """How a run ended, without what names its model."""

    outcome: str
    sentence: str
    verdict: str
    gain: float | None
    sha256: str
    n_rows: int
    window: str


def renewed(context: ModelContext) -> LoadedSpec:
    return load_spec(context.loaded.folder, home=context.settings.home)


def play(context: ModelContext, before: Callable[[str], None] = lambda _task: None) -> Outcome:
    """Play a run to a first champion, and hold all its hashes against the spec it began with."""
    name = context.spec.name
    began_with = context.loaded.spec_hash
    run = training_run(name, "2024-02-05")
    run.before = before
    closed = run.play()
    assert closed is not None, run.errors
    before(dag_ids.WRITE_MODEL_CARD)
    run.call(card_tasks.write_model_card, name)

    (decision,) = context.ledger.decisions.history(name)
    (entry,) = context.ledger.versions.history(name)
    lineage = read_lineage(context.store, entry.folder, entry.sha256)
    card = ModelCard.from_json(context.store.read_json(f"{entry.folder}/model_card.json"))
    assert decision.evaluation is not None
    assert lineage is not None
    hashes = (
        decision.spec_hash,
        decision.evaluation.spec_hash,
        lineage.spec_hash,
        card.lineage.spec_hash,
    )
    assert set(hashes) == {began_with}
    return Outcome(
        closed["outcome"],
        closed["sentence"],
        decision.sentence,
        decision.evaluation.challenger.value,
        entry.sha256,
        entry.trained.n_rows,
        str(entry.trained.window),
    )


@pytest.fixture(scope="module")
def undisturbed() -> list[Outcome]:
    """Holds how a run ends that nobody disturbs, once the first test has played it."""
    return []


@pytest.mark.usefixtures("mlflow_uri")
def test_an_undisturbed_run(
    context: ModelContext, upstream: Upstream, undisturbed: list[Outcome]
) -> None:
    begin(context, upstream)

    undisturbed.append(play(context))

    assert undisturbed[0].outcome == "bootstrapped"


BOUNDARIES = [
    task
    for task in (*training_graph(), dag_ids.WRITE_MODEL_CARD)
    if task not in (dag_ids.CHECK_REQUEST, dag_ids.STAND_DOWN, dag_ids.WRITE_DRIFT_REPORT)
]


@pytest.mark.usefixtures("mlflow_uri")
@pytest.mark.parametrize("step", BOUNDARIES)
def test_an_edit_of_every_file_before_any_task_changes_nothing_in_the_run(
    context: ModelContext, upstream: Upstream, undisturbed: list[Outcome], step: str
) -> None:
    begin(context, upstream)

    def before(task_id: str) -> None:
        if task_id == step:
            edit_all(context.loaded.folder)

    assert play(context, before) == undisturbed[0]
    assert renewed(context).spec_hash != context.loaded.spec_hash


@pytest.mark.usefixtures("mlflow_uri")
@pytest.mark.parametrize(
    "what",
    [
        pytest.param(name, marks=[] if name in SAMPLE else [pytest.mark.faults], id=name)
        for name in EDITS
    ],
)
def test_no_single_edit_reaches_the_run_and_the_next_run_takes_it(
    context: ModelContext, upstream: Upstream, undisturbed: list[Outcome], what: str
) -> None:
    begin(context, upstream)
    folder = context.loaded.folder

    def before(task_id: str) -> None:
        if task_id in (dag_ids.TRAIN_CHALLENGER, dag_ids.EVALUATE_CHALLENGER):
            EDITS[what](folder)

    assert play(context, before) == undisturbed[0]
    accept(context, upstream, 6)
    training_run(context.spec.name, "2024-02-12").play()

    newest = context.ledger.decisions.history(context.spec.name)
    found = {decision.batch: decision.spec_hash for decision in newest}
    assert found["2024-02-12"] == renewed(context).spec_hash != found["2024-02-05"]


@pytest.mark.parametrize("kind", ["data", "labels"])
@pytest.mark.parametrize("boundary", ["take", "gate", "publish"])
def test_an_edit_between_the_tasks_of_an_intake_changes_nothing_in_the_run(
    context: ModelContext, upstream: Upstream, kind: Any, boundary: str
) -> None:
    if kind == "labels":
        accept(context, upstream, 0)
    upstream.deliver(0, kind)
    folder, name = context.loaded.folder, context.spec.name
    dag = dag_ids.INGEST if kind == "data" else dag_ids.LABELS
    run, events = Ingest(DagRun(dag_ids.dag_id(dag, name))), Announced()

    found = run.call(ingest_tasks.find_next_batch, name, kind)
    if boundary == "take":
        edit_all(folder)
    taken = run.call(ingest_tasks.take_snapshot, name, found)
    if boundary == "gate":
        edit_all(folder)
    gate = ingest_tasks.check_quality if kind == "data" else ingest_tasks.check_labels
    follows = run.call(gate, name, taken)
    if boundary == "publish":
        edit_all(folder)
    publish = ingest_tasks.publish_batch if kind == "data" else ingest_tasks.publish_labels
    run.call(publish, name, taken, outlet_events=events)

    assert follows == [publish.function.__name__]
    assert [batch for _, batch in events.partitions] == ["2024-01-01"]
    delivery = context.ledger.batches.delivery(name, kind, "2024-01-01")
    assert delivery is not None
    assert delivery.status == "accepted"
    assert taken["spec_hash"] == context.loaded.spec_hash != renewed(context).spec_hash


def test_the_next_intake_takes_the_edit(context: ModelContext, upstream: Upstream) -> None:
    upstream.deliver(0)
    edit_expectations(context.loaded.folder)
    run = Ingest(DagRun(dag_ids.dag_id(dag_ids.INGEST, context.spec.name)))

    _, follows = run.up_to_gate("data")

    assert follows[0] == dag_ids.QUARANTINE_BATCH
