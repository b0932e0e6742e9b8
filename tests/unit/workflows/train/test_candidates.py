"""Several challengers tried in one retrain, with real fits and a real MLflow server."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from builders.crafted_models import with_leaves
from drivers.history import accept, begin, label, reign, run_about
from drivers.tiny import Upstream
from evergreen.workflows.decision_run import DecisionRun
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.train.evaluate import evaluate
from evergreen.workflows.train.train import idempotency_key, train

pytestmark = pytest.mark.usefixtures("mlflow_uri")


def trying(context: ModelContext, *candidates: str, **promotion: Any) -> ModelContext:
    """Return the model context of a spec that tries these, with changes to its promotion rule."""
    spec = context.spec
    changed = spec.model_copy(
        update={
            "training": spec.training.model_copy(update={"candidates": candidates}),
            "promotion": type(spec.promotion).model_validate(promotion),
        }
    )
    loaded = dataclasses.replace(context.loaded, spec=changed)
    return ModelContext(context.settings, loaded, context.ledger)


def turned(
    context: ModelContext, upstream: Upstream, model_file: Path, **request: Any
) -> DecisionRun:
    """Let the world turn round for the newest two labelled weeks, under a champion of before."""
    begin(context, upstream)
    reign(context, model_file)
    for week in (5, 6):
        if week > 5:
            accept(context, upstream, week, is_flipped=True)
        label(context, upstream, week, is_flipped=True)
    return run_about(context, accept(context, upstream, 7, is_flipped=True), **request)


def test_the_newest_part_wins_where_the_world_has_turned_and_only_it_is_registered(
    context: ModelContext, upstream: Upstream, model_file: Path, name: str
) -> None:
    about = turned(context, upstream, model_file)
    both = trying(context, "full", "recent")

    trained = train(both, about)
    found = evaluate(both, about, trained)
    evaluation, verdict = found.evaluation, found.verdict

    full, recent = evaluation.candidates
    assert (full.candidate, recent.candidate) == ("full", "recent")
    assert (recent.gain or 0) > (full.gain or 0)
    assert evaluation.gain == pytest.approx(recent.gain)
    assert trained.model.n_rows == 400
    assert (evaluation.n_looks, verdict.verdict) == (2, "promote")
    assert [v.version for v in context.registry.list_versions(name)] == ["1", trained.version]
    lost = f"versions/{name}/{idempotency_key(about)}"
    assert not context.store.exists(f"{lost}/profile.json")


def test_trying_again_finds_the_version_and_all_that_was_looked_at(
    context: ModelContext, upstream: Upstream, model_file: Path, name: str
) -> None:
    about = turned(context, upstream, model_file)
    both = trying(context, "full", "recent")

    first = train(both, about)
    again = train(both, about)

    assert first == again
    assert len(again.candidates) == 2
    assert len(context.registry.list_versions(name)) == 2


def test_a_former_champion_that_fits_again_is_taken_as_it_is(
    context: ModelContext, upstream: Upstream, model_file: Path, name: str
) -> None:
    batch = begin(context, upstream)
    reign(context, model_file)
    flipped = turned_model(model_file)
    reign(context, flipped)
    about = run_about(context, batch)
    with_former = trying(context, "recent", "archived")
    poor = with_former.spec.training.model_copy(update={"n_rounds": 1})
    spec = with_former.spec.model_copy(update={"training": poor})
    loaded = dataclasses.replace(with_former.loaded, spec=spec)
    with_former = ModelContext(context.settings, loaded, context.ledger)

    trained = train(with_former, about)
    found = evaluate(with_former, about, trained)
    evaluation, verdict = found.evaluation, found.verdict

    assert trained.version == "1"
    assert {c.candidate for c in evaluation.candidates} == {"recent", "archived v1"}
    assert (evaluation.champion_version, verdict.verdict) == ("2", "promote")
    assert len(context.registry.list_versions(name)) == 2


def turned_model(model_file: Path) -> Path:
    """Return a file of the same model that says the opposite: every leaf's sign is changed."""
    turned_file = model_file.with_name("turned.lgb")
    turned_file.write_text(with_leaves(model_file.read_text(), lambda value: -value))
    return turned_file


def test_the_first_model_is_fitted_once(
    context: ModelContext, upstream: Upstream, name: str
) -> None:
    about = run_about(context, begin(context, upstream))
    every = trying(context, "full", "recent", "archived")

    trained = train(every, about)
    found = evaluate(every, about, trained)
    evaluation, verdict = found.evaluation, found.verdict

    assert (trained.candidates, evaluation.n_looks) == ((), 1)
    assert (verdict.cause, len(context.registry.list_versions(name))) == ("first_model", 1)


def test_a_dry_run_tries_all_and_leaves_no_version(
    context: ModelContext, upstream: Upstream, model_file: Path, name: str
) -> None:
    about = turned(context, upstream, model_file, dry_run=True)
    both = trying(context, "full", "recent")

    trained = train(both, about)
    evaluation = evaluate(both, about, trained).evaluation

    assert (trained.version, evaluation.n_looks) == (None, 2)
    assert (evaluation.gain or 0) > 0
    assert len(context.registry.list_versions(name)) == 1


def test_what_the_spec_guards_is_compared_on_the_same_rows(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    about = turned(context, upstream, model_file)
    guards = {
        "max_drops": {"accuracy": 0.01},
        "slices": ["place", "temp"],
        "slice_min_rows": 50,
        "forgetting_days": 28,
    }
    guarded = trying(context, "recent", guards=guards)

    found = evaluate(guarded, about, train(guarded, about))

    evaluation, verdict = found.evaluation, found.verdict

    results = {one.guard: one for one in evaluation.guards}
    assert {"metric accuracy", "slice place=EWR", "calibration", "latency", "size"} <= set(results)
    assert results["metric accuracy"].verdict == "passed"
    assert results["forgetting"].verdict == "failed"
    assert (verdict.verdict, verdict.cause) == ("keep", "guard_failed")
    assert "forgetting" in verdict.sentence


def test_a_champion_that_cannot_be_scored_stays(
    context: ModelContext, upstream: Upstream, model_file: Path, name: str
) -> None:
    about = turned(context, upstream, model_file)
    entry = context.ledger.versions.get(name, "1")
    context.ledger.versions.record(
        name,
        "1",
        idempotency_key=entry.idempotency_key,
        sha256="b" * 64,
        folder=entry.folder,
        trained=entry.trained,
    )

    found = evaluate(context, about, train(context, about))

    evaluation, verdict = found.evaluation, found.verdict

    assert (evaluation.is_champion_scored, evaluation.champion_version) == (False, "1")
    assert (verdict.verdict, verdict.cause) == ("keep", "champion_not_scored")
    assert "sha256" in verdict.sentence
