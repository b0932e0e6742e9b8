"""The spec that a run keeps: what is read back is what was kept, or the run is refused."""

import json
from pathlib import Path

import pytest

from drivers.history import begin, evaluated_model, run_about, trained_model
from drivers.tiny import Upstream
from evergreen.errors import DataError, PromotionError, SpecError
from evergreen.measurements import DecayMeasurement
from evergreen.spec.loader import load_spec
from evergreen.spec.snapshot import SpecSnapshot
from evergreen.workflows.decide.decide import decide_batch
from evergreen.workflows.decision_run import MeasuredDrift
from evergreen.workflows.model_context import ModelContext, open_model_context
from evergreen.workflows.promote.promotion_blocks import check_one_spec

FEATURES = "def build_features(frame):\n    return frame\n"
RULE = {"type": "expect_column_to_exist", "kwargs": {"column": "temp"}}


def place_of(context: ModelContext) -> str:
    found = context.ledger.specs.find(context.spec.name, context.loaded.spec_hash)
    assert found is not None
    return found.path


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_what_is_read_back_is_what_was_kept(context: ModelContext, task: str) -> None:
    folder = context.loaded.folder
    (folder / "features.py").write_text(FEATURES)
    (folder / "expectations.json").write_text(json.dumps([RULE]))
    context.loaded = load_spec(folder, home=context.settings.home)

    spec_hash = context.freeze_spec()
    (folder / "model.yaml").write_text("name: broken")

    with open_model_context(context.spec.name, spec_hash) as frozen:
        assert frozen.spec == context.spec
        assert frozen.spec.data.task == task
        assert frozen.loaded.expectations == [RULE]
        assert frozen.loaded.spec_hash == spec_hash == context.loaded.spec_hash
        assert frozen.loaded.features_file is not None
        assert frozen.loaded.features_file.read_text() == FEATURES


def test_the_shipped_spec_comes_back_whole(tmp_path: Path) -> None:
    from evergreen.settings import project_root

    loaded = load_spec(project_root() / "include" / "models" / "flights", home=tmp_path)

    again = SpecSnapshot.of(loaded).restore(tmp_path, home=tmp_path)

    assert again.spec == loaded.spec
    assert (again.places, again.expectations) == (loaded.places, loaded.expectations)


def test_a_home_that_moves_is_followed(context: ModelContext, tmp_path: Path) -> None:
    snapshot = SpecSnapshot.of(context.loaded)

    moved = snapshot.restore(tmp_path, home=Path("/srv/other"))

    assert moved.spec.landing.uri == "file:///srv/other/landing/tiny"


def test_the_same_spec_is_kept_once_and_again_where_its_file_is_gone(
    context: ModelContext,
) -> None:
    first = context.freeze_spec()
    before = context.store.read_bytes(place_of(context))
    context.store.delete(place_of(context))

    assert context.freeze_spec() == first
    assert context.store.read_bytes(place_of(context)) == before


def read(context: ModelContext, spec_hash: str) -> None:
    with open_model_context(context.spec.name, spec_hash):
        pass


def test_a_kept_spec_that_was_changed_is_refused(context: ModelContext) -> None:
    spec_hash = context.freeze_spec()
    text = context.store.read_bytes(place_of(context)).replace(b'"metric": "auc"', b'"metric": "x"')
    context.store.write_bytes(place_of(context), text)

    with pytest.raises(DataError, match=r"was changed after it was kept; find out who writes"):
        read(context, spec_hash)


def test_a_kept_spec_that_is_gone_says_what_to_clear(context: ModelContext) -> None:
    spec_hash = context.freeze_spec()
    context.store.delete(place_of(context))

    with pytest.raises(DataError, match=r"is gone from .* clear the first task of the run"):
        read(context, spec_hash)


def test_a_hash_that_the_ledger_does_not_know_says_what_to_clear(context: ModelContext) -> None:
    with pytest.raises(DataError, match=r"knows no spec ffffffffffff .* clear the first task"):
        read(context, "f" * 64)


def test_a_kept_spec_with_the_former_name_of_a_key_is_read(
    context: ModelContext, tmp_path: Path
) -> None:
    span = {"start": "2024-01-01T00:00:00Z", "end": "2024-01-02T00:00:00Z", "reason": "a strike"}
    snapshot = SpecSnapshot.of(context.loaded)
    policy = {k: v for k, v in snapshot.spec["policy"].items() if k != "excluded_spans"}
    former = {**snapshot.spec, "policy": {**policy, "incidents": [span]}}

    found = snapshot.model_copy(update={"spec": former}).restore(tmp_path, home=tmp_path)

    assert [one.reason for one in found.spec.policy.excluded_spans] == ["a strike"]
    assert found.spec_hash == snapshot.spec_hash


def test_a_kept_spec_of_another_version_says_what_to_clear(
    context: ModelContext, tmp_path: Path
) -> None:
    snapshot = SpecSnapshot.of(context.loaded)
    newer = snapshot.model_copy(update={"spec": {**snapshot.spec, "quantum": True}})

    with pytest.raises(SpecError, match="not understood by this version of Evergreen"):
        newer.restore(tmp_path, home=tmp_path)


@pytest.mark.parametrize("differs", ["nothing", "decision", "training", "evaluation"])
def test_nothing_is_promoted_across_two_specs(
    context: ModelContext, upstream: Upstream, differs: str
) -> None:
    run = run_about(context, begin(context, upstream))
    other = run.model_copy(update={"spec_hash": "0" * 64})
    decide_batch(
        context,
        other if differs == "decision" else run,
        MeasuredDrift(version=None, path=None, sentence=""),
        DecayMeasurement(verdict="insufficient_data", sentence=""),
        run_id="run",
    )
    trained = trained_model(other if differs == "training" else run, "2")
    evaluated = evaluated_model(other if differs == "evaluation" else run)

    if differs == "nothing":
        check_one_spec(context.ledger, context.store, run, trained, evaluated)
        return
    with pytest.raises(PromotionError, match=rf"the {differs} 000000000000"):
        check_one_spec(context.ledger, context.store, run, trained, evaluated)
