"""A model of several classes, and a regression: from the first training to a better champion.

With real child processes and a real MLflow server.
"""

from typing import Any

import pytest

from drivers.history import begin, pass_week
from drivers.runs import TrainingRun, training_run
from drivers.tiny import Upstream
from evergreen.spec.model import Task
from evergreen.training.scores import to_array
from evergreen.workflows.decide.chance_level import chance_of
from evergreen.workflows.decide.policy_inputs import PolicyInputs
from evergreen.workflows.decide.score import ScoringAccess, score_and_log
from evergreen.workflows.ingest.quality_gate import gate_label_delivery
from evergreen.workflows.ingest.snapshot import take_delivery
from evergreen.workflows.model_context import ModelContext

TASKS: tuple[Task, ...] = ("multiclass", "regression")
pytestmark = [pytest.mark.usefixtures("mlflow_uri"), pytest.mark.parametrize("task", TASKS)]


def played(context: ModelContext, batch: str, **conf: Any) -> TrainingRun:
    """Play a run about a batch; it has to end without an error."""
    run = training_run(context.spec.name, batch, conf={"batch": batch, **conf} if conf else None)
    run.play()
    assert run.errors == {}
    return run


@pytest.fixture
def turned(context: ModelContext, upstream: Upstream) -> str:
    """A champion and two weeks with labels in which the world is the other way round."""
    played(context, begin(context, upstream))
    pass_week(context, upstream, 6, is_flipped=True)
    batch = pass_week(context, upstream, 7, is_flipped=True)
    score_and_log(context, batch)
    return batch


def test_a_model_of_the_task_becomes_champion_and_scores(
    context: ModelContext, upstream: Upstream, task: Task
) -> None:
    batch = begin(context, upstream)

    run = played(context, batch)
    log = score_and_log(context, batch)
    upstream.deliver(5, "labels")
    context.ledger.batches.record_snapshot(
        take_delivery(context.spec, context.store, "labels", batch)
    )

    assert run.returned["record_decision"]["outcome"] == "bootstrapped"
    assert log is not None
    kept = to_array(context.store.read_table(log.path)["prediction"])
    assert kept.shape == ((400, 3) if task == "multiclass" else (400,))
    assert gate_label_delivery(context.spec, context.ledger, context.store, batch) == "accepted"
    (entry,) = context.ledger.versions.history(context.spec.name)
    assert entry.evaluation is not None
    assert entry.evaluation.challenger.name == context.spec.metric
    least, most = {"multiclass": (0.6, 1.0), "regression": (9.0, 16.0)}[task]
    assert least < (entry.evaluation.challenger.value or 0) < most


def test_decay_is_measured_and_a_better_challenger_is_promoted(
    context: ModelContext, upstream: Upstream, turned: str, task: Task
) -> None:
    run = played(context, turned, force_retrain=True, reason="turned", training_window_days=7)

    assert run.returned["record_decision"]["outcome"] == "promoted"
    decision = context.ledger.decisions.history(context.spec.name)[-1]
    decay, drift = decision.signals.decay, decision.signals.drift
    assert decay is not None
    assert drift is not None
    assert (decay.verdict, decay.current and decay.current.name) == ("decayed", context.spec.metric)
    assert {change.n_rows for change in decay.detectors} == {800}
    assert decay.calibration is not None
    assert decay.calibration.verdict == ("shifted" if task == "multiclass" else "not_computable")
    assert decay.estimated is not None
    assert (decay.estimated.value is None) == (task == "regression")
    assert drift.prediction is not None
    kinds = {"multiclass": "categorical", "regression": "numeric"}
    assert (drift.prediction.kind, decay.label and decay.label.kind) == (kinds[task],) * 2
    assert decision.evaluation is not None
    assert (decision.evaluation.gain or 0) > 0
    is_loss = task == "regression"
    assert decision.signals.unit == (2 * decision.signals.chance if is_loss else 1)
    latest = context.ledger.promotions.latest(context.spec.name)
    assert latest is not None
    assert (latest.version, latest.state) == ("2", "committed")

    newest = pass_week(context, upstream, 8, is_flipped=True)
    labelled = PolicyInputs(ScoringAccess.of(context), newest, "2").labelled()[-1]
    at_chance = chance_of(context.spec, context.ledger, context.store, "2", before=newest)
    assert at_chance == pytest.approx(1 / 3) if task == "multiclass" else 20 < at_chance < 25
    assert labelled.champion is not None
    is_better = (labelled.champion.value or 0) > at_chance
    assert is_better == (task == "multiclass")
    (rival,) = labelled.rivals
    assert rival.gain < -3 * rival.se
