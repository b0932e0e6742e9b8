"""Making a model again, with real fits: the same file, or a sentence that says why not."""

import json
from pathlib import Path

import pytest

from drivers.history import begin, crown
from drivers.runs import training_run
from drivers.tiny import Upstream
from evergreen.cli.app import main
from evergreen.errors import DataError, RequestError
from evergreen.ledger.records import Decision, VersionEntry
from evergreen.spec.loader import load_spec
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.train.lineage import Lineage, read_lineage
from evergreen.workflows.train.reproduce import Reproduction, reproduce

FEATURES = """
def build_features(frame):
    return frame.assign(warm=frame.temp.gt(0))
"""


def command(*arguments: str) -> int:
    """Run the command as a person does; give its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(["reproduce", *arguments])
    return int(ended.value.code or 0)


def make_again(context: ModelContext, decision: Decision) -> Reproduction:
    return reproduce(context.ledger, context.store, decision.id, time_limit_seconds=300)


def play(context: ModelContext, batch: str) -> tuple[Decision, VersionEntry]:
    """Let a whole run decide, train and promote; give its decision and the version it made."""
    run = training_run(context.spec.name, batch)
    assert run.play() is not None, run.errors
    (decision,) = context.ledger.decisions.history(context.spec.name)
    return decision, context.ledger.versions.get(
        context.spec.name, decision.challenger_version or ""
    )


def lineage_of(context: ModelContext, entry: VersionEntry) -> Lineage:
    lineage = read_lineage(context.store, entry.folder, entry.sha256)
    assert lineage is not None
    return lineage


def with_features(context: ModelContext) -> ModelContext:
    """Return the model a feature of its own code."""
    folder = context.loaded.folder
    (folder / "features.py").write_text(FEATURES)
    spec = folder / "model.yaml"
    derived = "    - {name: warm, kind: boolean, derived: true}\nwindows:"
    spec.write_text(spec.read_text().replace("windows:", derived, 1))
    loaded = load_spec(folder, home=context.settings.home)
    return ModelContext(context.settings, loaded, context.ledger)


@pytest.mark.usefixtures("mlflow_uri")
def test_a_decision_is_made_again_to_the_byte_whatever_the_spec_says_today(
    context: ModelContext, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    context = with_features(context)
    batch = begin(context, upstream)
    decision, entry = play(context, batch)
    (context.loaded.folder / "features.py").write_text("raise SystemExit\n")
    (context.loaded.folder / "model.yaml").write_text("not: a spec\n")
    versions = context.registry.list_versions(context.spec.name)
    files = context.store.list_files()
    capsys.readouterr()

    code = command(decision.id, "--json")

    made = Reproduction.from_json(json.loads(capsys.readouterr().out))
    assert code == 0
    assert (made.is_same, made.sha256_again, made.differences) == (True, entry.sha256, ())
    assert (made.version, made.made_by, made.n_rows) == ("1", decision.id, 1600)
    assert made.sentence.startswith("same model: ")
    assert context.registry.list_versions(context.spec.name) == versions
    assert context.store.list_files() == files
    used = lineage_of(context, entry)
    assert [(one.batch, one.n_rows) for one in used.batches] == [("2024-01-01", 1600)]
    assert (used.decision, used.batch, used.git_commit) == (decision.id, batch, "0123abc")
    assert str(context.settings.home) not in json.dumps(used.to_json())


@pytest.mark.usefixtures("mlflow_uri")
def test_what_differs_is_told(
    context: ModelContext, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    decision, entry = play(context, begin(context, upstream))
    kept = lineage_of(context, entry)
    changed = kept.model_copy(
        update={
            "job": {**kept.job, "seed": 7, "n_rounds": 5},
            "libraries": {**kept.libraries, "lightgbm": "3.0.0"},
            "device": "cuda",
            "git_commit": "fedcba9",
        }
    )
    path = f"{entry.folder}/lineage/{entry.sha256[:16]}.json"
    context.store.write_json(path, changed.to_json())

    capsys.readouterr()

    code = command(decision.id)

    shown = capsys.readouterr().out
    assert code == 1
    assert shown.startswith(f"differs: {context.spec.name} v1 has sha256 {entry.sha256}")
    for told in (
        "trained on cuda",
        "lightgbm was 3.0.0",
        "(git commit) was fedcba9, is 0123abc",
        "1,600 rows of 1 batch,",
    ):
        assert told in shown


@pytest.mark.usefixtures("mlflow_uri")
def test_rows_or_code_that_are_not_those_of_then_are_refused(
    context: ModelContext, upstream: Upstream
) -> None:
    context = with_features(context)
    decision, entry = play(context, begin(context, upstream))
    (used,) = lineage_of(context, entry).batches
    store = Path(context.store.uri.removeprefix("file://"))
    data, labels, code = (
        store / used.data_path,
        store / used.labels_path,
        store / entry.folder / "features.py",
    )

    code.write_text(FEATURES + "# harmless")
    with pytest.raises(DataError, match=r"the feature code at .* has sha256 .* was changed"):
        make_again(context, decision)
    code.write_text(FEATURES)
    labels.write_bytes(labels.read_bytes() + b" ")
    with pytest.raises(DataError, match=r"labels of 2024-01-01 at .* was changed after it was"):
        make_again(context, decision)
    data.unlink()
    with pytest.raises(DataError, match=r"data of 2024-01-01 is gone.*restore it from a backup"):
        make_again(context, decision)


def test_a_decision_that_trained_nothing_is_told(context: ModelContext, upstream: Upstream) -> None:
    batch = begin(context, upstream)
    crown(context)
    training_run(context.spec.name, batch).play()
    (decision,) = context.ledger.decisions.history(context.spec.name)

    with pytest.raises(RequestError, match=r"trained nothing that was kept: .*evergreen decisions"):
        make_again(context, decision)


def test_a_version_without_a_record_is_told(context: ModelContext, upstream: Upstream) -> None:
    batch = begin(context, upstream)
    crown(context)
    training_run(context.spec.name, batch).play()
    (decision,) = context.ledger.decisions.history(context.spec.name)
    context.ledger.decisions.close(
        decision.id,
        outcome="kept",
        sentence="",
        challenger_version="1",
        champion_after="1",
        evaluation=None,
        report_path=None,
    )

    with pytest.raises(DataError, match=r"nothing is kept of how .* v1 was made"):
        make_again(context, decision)
