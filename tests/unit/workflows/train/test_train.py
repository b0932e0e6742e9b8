"""From a decision to a champion, with real child processes and a real MLflow server."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from drivers.history import accept, begin, label, reign, run_about, trained_model
from drivers.runs import TrainingRun, training_run
from drivers.tiny import Upstream
from evergreen.errors import EmptyWindowError, RegistryError, StorageError
from evergreen.orchestration.retry_rules import RequestRefused
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.train.evaluate import evaluate
from evergreen.workflows.train.train import idempotency_key, train

pytestmark = pytest.mark.usefixtures("mlflow_uri")

FORCE = {"force_retrain": True, "reason": "new carrier"}


def champion_of(context: ModelContext) -> tuple[str, str] | None:
    """Return (version, sha256) of the champion, on which ledger and alias have to agree."""
    row = context.ledger.promotions.latest(context.spec.name)
    alias = context.registry.get_alias(context.spec.name, "champion")
    if row is None or alias is None:
        assert (row, alias) == (None, None)
        return None
    assert (row.version, row.sha256, row.state) == (alias.version, alias.sha256, "committed")
    return row.version, row.sha256


def kinds(context: ModelContext) -> list[str]:
    """Return the kinds of what was told, without what incidents add: calm batches and endings."""
    told = [entry.alert for entry in context.ledger.alerts.history(context.spec.name)]
    return [alert.kind for alert in told if not alert.message_key.startswith("incident:")]


def turn(context: ModelContext, upstream: Upstream) -> str:
    """Let two weeks pass in which the world is the other way round; give the newest batch."""
    for week in (5, 6):
        if week > 5:
            accept(context, upstream, week, is_flipped=True)
        label(context, upstream, week, is_flipped=True)
    return accept(context, upstream, 7, is_flipped=True)


@pytest.fixture
def run_to_better(context: ModelContext, upstream: Upstream, model_file: Path) -> TrainingRun:
    """A run that will find a challenger better than the champion."""
    begin(context, upstream)
    reign(context, model_file)
    batch = turn(context, upstream)
    conf = {**FORCE, "batch": batch, "training_window_days": 7}
    return training_run(context.spec.name, None, conf=conf, user="ada")


def test_the_first_model_becomes_champion(
    context: ModelContext, upstream: Upstream, name: str
) -> None:
    run = training_run(name, begin(context, upstream))

    recorded = run.play()

    assert (recorded and recorded["outcome"], run.errors) == ("bootstrapped", {})
    assert champion_of(context) is not None
    (version,) = context.registry.list_versions(name)
    (entry,) = context.ledger.versions.history(name)
    assert (entry.version, entry.sha256) == (version.version, version.sha256)
    stored = context.store.read_bytes(f"{entry.folder}/model.lgb")
    assert sha256(stored).hexdigest() == entry.sha256
    assert context.registry.get_alias(name, "challenger") == version
    assert kinds(context) == ["retrain_started", "promoted"]


def test_a_better_challenger_takes_the_place(
    context: ModelContext, run_to_better: TrainingRun
) -> None:
    before = champion_of(context)

    recorded = run_to_better.play()

    assert run_to_better.errors == {}
    assert recorded is not None
    assert (recorded["outcome"], recorded["champion_before"], recorded["champion_after"]) == (
        "promoted",
        "1",
        "2",
    )
    assert champion_of(context) != before
    (decision,) = context.ledger.decisions.history(context.spec.name)
    assert (decision.requested_by, decision.reason, decision.trigger) == (
        "ada",
        "new carrier",
        "forced",
    )
    assert decision.evaluation is not None
    assert (decision.evaluation.gain or 0) > 0


def test_a_challenger_that_is_not_better_is_kept_out(
    context: ModelContext, upstream: Upstream, name: str, model_file: Path
) -> None:
    begin(context, upstream)
    reign(context, model_file)
    before = champion_of(context)

    run = training_run(name, None, conf=FORCE)
    recorded = run.play()

    assert (recorded and recorded["outcome"], run.states["promote"]) == ("kept", "skipped")
    assert champion_of(context) == before
    assert len(context.registry.list_versions(name)) == 2


def test_a_dry_run_leaves_nothing_behind(
    context: ModelContext, run_to_better: TrainingRun, name: str
) -> None:
    def everything() -> Any:
        ledger = context.ledger
        return (
            ledger.decisions.history(name),
            ledger.versions.history(name),
            ledger.promotions.history(name),
            ledger.alerts.history(name),
            ledger.batches.deliveries(name, "data"),
            context.registry.list_versions(name),
            context.store.list_files(),
        )

    context.freeze_spec()  # the one thing that a dry run keeps, and it is there already
    before = everything()
    run_to_better.dag_run.conf["dry_run"] = True

    recorded = run_to_better.play()

    assert run_to_better.errors == {}
    assert recorded is not None
    assert "would have been promoted" in recorded["sentence"]
    assert everything() == before


def test_a_decision_about_the_past_never_promotes(
    context: ModelContext, upstream: Upstream, run_to_better: TrainingRun
) -> None:
    before = champion_of(context)
    accept(context, upstream, 8)

    recorded = run_to_better.play()

    assert recorded is not None
    assert recorded["outcome"] == "kept"
    assert "decisions about the past never promote" in recorded["sentence"]
    assert champion_of(context) == before


def test_a_batch_that_lands_before_the_promotion_stops_it(
    context: ModelContext, upstream: Upstream, run_to_better: TrainingRun
) -> None:
    before = champion_of(context)

    def land(task_id: str) -> None:
        if task_id == "promote":
            accept(context, upstream, 8)

    run_to_better.before = land

    recorded = run_to_better.play()

    assert (recorded and recorded["outcome"], run_to_better.states["promote"]) == (
        "kept",
        "skipped",
    )
    assert champion_of(context) == before


def test_a_second_trigger_of_a_decided_batch_is_skipped(
    context: ModelContext, upstream: Upstream, name: str, model_file: Path
) -> None:
    batch = begin(context, upstream)
    reign(context, model_file)
    training_run(name, batch).play()

    second = training_run(name, None, conf={})
    second.play()

    assert set(second.states.values()) == {"skipped"}
    assert len(context.ledger.decisions.of_batch(name, batch)) == 1


def test_the_same_batch_may_be_decided_again_on_request(
    context: ModelContext, upstream: Upstream, name: str, model_file: Path
) -> None:
    batch = begin(context, upstream)
    reign(context, model_file)
    training_run(name, batch).play()

    training_run(name, None, conf={"batch": batch}).play()

    assert [d.outcome for d in context.ledger.decisions.of_batch(name, batch)] == ["stood_down"] * 2


def test_a_refused_request_changes_nothing_and_wakes_nobody(
    context: ModelContext, upstream: Upstream, name: str
) -> None:
    begin(context, upstream)

    run = training_run(name, None, conf={"force_retrain": True})
    run.play()

    assert isinstance(run.errors["check_request"], RequestRefused)
    assert isinstance(run.errors["record_decision"], RequestRefused)
    assert context.ledger.decisions.history(name) == []
    assert kinds(context) == []


def break_before(broken: str) -> Callable[[str], None]:
    """Return a hook that fails one task before it does anything, as a dead store would."""

    def hook(task_id: str) -> None:
        if task_id == broken:
            raise StorageError("s3://lake does not answer")

    return hook


@pytest.mark.parametrize("broken", ["train_challenger", "promote"])
def test_a_failed_run_keeps_the_champion_and_recovers_by_clearing(
    context: ModelContext, run_to_better: TrainingRun, broken: str
) -> None:
    before = champion_of(context)
    run_to_better.before = break_before(broken)
    run_to_better.play()
    after_failure = champion_of(context)
    told = kinds(context)
    run_to_better.before = lambda _task_id: None

    recorded = run_to_better.clear(broken).play()

    assert after_failure == before
    assert told.count("failed") == 1
    assert recorded is not None
    assert recorded["outcome"] == "promoted"
    assert len(context.registry.list_versions(context.spec.name)) == 2
    assert kinds(context).count("promoted") == 1


def test_clearing_a_run_that_has_promoted_changes_nothing(
    context: ModelContext, run_to_better: TrainingRun, name: str
) -> None:
    run_to_better.play()
    before = (
        champion_of(context),
        context.ledger.promotions.history(name),
        context.registry.list_versions(name),
        kinds(context),
    )
    (decision,) = context.ledger.decisions.history(name)

    recorded = run_to_better.clear("check_request").play()

    assert recorded is not None
    assert recorded["outcome"] == "promoted"
    assert before == (
        champion_of(context),
        context.ledger.promotions.history(name),
        context.registry.list_versions(name),
        kinds(context),
    )
    (again,) = context.ledger.decisions.history(name)
    moments: Any = {"decided_at": True, "closed_at": True}
    assert again.model_dump(exclude=moments) == decision.model_dump(exclude=moments)


def test_a_version_whose_ledger_row_was_lost_is_found_again(
    context: ModelContext, upstream: Upstream, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = run_about(context, begin(context, upstream))

    def die(*_arguments: object, **_named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(context.ledger.versions, "record", die)
        with pytest.raises(KeyboardInterrupt):
            train(context, about)

    trained = train(context, about)
    again = train(context, about)

    (version,) = context.registry.list_versions(name)
    assert trained == again
    assert (trained.version, trained.sha256) == (version.version, version.sha256)


def test_what_is_registered_counts_where_a_second_fit_gives_another_file(
    context: ModelContext, upstream: Upstream, name: str, model_file: Path
) -> None:
    about = run_about(context, begin(context, upstream))
    earlier = context.registry.register(
        name,
        idempotency_key=idempotency_key(about),
        model_file=model_file,
        tags={},
        metrics={},
        params={},
    )

    trained = train(context, about)

    assert (trained.version, trained.sha256) == (earlier.version, earlier.sha256)
    stored = context.store.read_bytes(trained.model.path)
    assert sha256(stored).hexdigest() == earlier.sha256


def test_a_version_that_was_deleted_from_the_registry_is_made_anew(
    context: ModelContext, upstream: Upstream, name: str
) -> None:
    about = run_about(context, begin(context, upstream))
    first = train(context, about)
    with pytest.raises(RegistryError, match="alias"):
        context.registry.delete_version(name, str(first.version))
    context.registry.set_alias(name, "challenger", str(first.version))
    delete_with_alias(context, str(first.version))

    second = train(context, about)
    evaluation = evaluate(context, about, second).evaluation

    assert [v.version for v in context.registry.list_versions(name)] == [second.version] == ["2"]
    assert evaluation.challenger_version == "2"


def delete_with_alias(context: ModelContext, version: str) -> None:
    """Delete a version as a person does in MLflow's own pages."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(context.settings.mlflow_uri)
    client.delete_registered_model_alias(context.spec.name, "challenger")
    client.delete_model_version(context.spec.name, version)


def test_device_and_window_on_request_make_another_version(context: ModelContext) -> None:
    requests: list[dict[str, Any]] = [
        {},
        {"device": "cpu"},
        {"training_window_days": 7},
        {"training_window_days": 8},
    ]
    keys = [idempotency_key(run_about(context, "2024-02-05", **r)) for r in requests]
    same = idempotency_key(
        run_about(context, "2024-02-05", "other run", force_retrain=True, reason="x")
    )

    assert len(set(keys)) == 4
    assert same == keys[0]


def test_a_share_of_the_window_makes_another_version_and_the_full_one_does_not(
    context: ModelContext, upstream: Upstream
) -> None:
    about = run_about(context, begin(context, upstream))

    full, quarter = (idempotency_key(about, fraction=share) for share in (1.0, 0.25))
    trained = train(context, about, fraction=0.25)

    assert full == idempotency_key(about)
    assert quarter != full
    assert trained.model.n_rows == 400
    (entry,) = context.ledger.versions.history(context.spec.name)
    assert (entry.idempotency_key, entry.trained.window.days) == (quarter, 7)


def test_a_former_champion_is_the_challenger_without_a_fit(
    context: ModelContext, upstream: Upstream, model_file: Path, name: str
) -> None:
    batch = begin(context, upstream)
    reign(context, model_file)
    reign(context, model_file)
    about = run_about(context, batch)
    versions = context.registry.list_versions(name)

    trained = train(context, about, reinstate="1")
    found = evaluate(context, about, trained)
    evaluation, verdict = found.evaluation, found.verdict

    entry = context.ledger.versions.get(name, "1")
    assert (trained.version, trained.sha256) == ("1", entry.sha256)
    assert context.registry.list_versions(name) == versions
    challenger = context.registry.get_alias(name, "challenger")
    assert (challenger and challenger.version) == "1"
    assert (evaluation.challenger_version, evaluation.champion_version) == ("1", "2")
    assert verdict.verdict == "keep"
    assert entry.evaluation == evaluation


def test_a_dry_run_reinstates_nothing(
    context: ModelContext, upstream: Upstream, model_file: Path, name: str
) -> None:
    batch = begin(context, upstream)
    reign(context, model_file)
    reign(context, model_file)
    about = run_about(context, batch, dry_run=True)
    before = context.ledger.versions.history(name), context.registry.list_versions(name)

    trained = train(context, about, reinstate="1")
    evaluation = evaluate(context, about, trained).evaluation

    assert (trained.version, evaluation.challenger_version) == ("1", "1")
    assert context.registry.get_alias(name, "challenger") is None
    after = context.ledger.versions.history(name), context.registry.list_versions(name)
    assert after == before


def test_without_labels_there_is_nothing_to_train_on(
    context: ModelContext, upstream: Upstream
) -> None:
    about = run_about(context, accept(context, upstream, 0))

    with pytest.raises(EmptyWindowError, match="no labels"):
        train(context, about)
    with pytest.raises(EmptyWindowError, match="no labels"):
        evaluate(context, about, trained_model(about, None))


def test_the_kill_switch_keeps_a_winner_out_until_it_is_judged_anew(
    context: ModelContext, run_to_better: TrainingRun, name: str
) -> None:
    before = champion_of(context)
    context.ledger.holds.hold(name, reason="audit", held_by="ben")

    held = run_to_better.play()
    context.ledger.holds.release(name, reason="over", released_by="ben")
    late = run_to_better.clear("promote").play()
    after_late = champion_of(context)
    anew = run_to_better.clear("evaluate_challenger").play()

    assert run_to_better.errors == {}
    assert held is not None
    assert late is not None
    assert anew is not None
    assert [one["outcome"] for one in (held, late, anew)] == ["held", "held", "promoted"]
    assert "not applied late" in late["sentence"]
    assert (after_late, anew["champion_after"]) == (before, "2")
    assert kinds(context) == ["retrain_started", "promotion_held", "promoted"]
