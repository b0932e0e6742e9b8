from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from drivers.history import accept, begin, crown, enthrone, label, run_about
from drivers.tiny import FIRST, WEEK, Upstream
from evergreen.errors import DataError, StorageError
from evergreen.signals import PolicySignals, Request
from evergreen.workflows.decide.decide import (
    decide_batch,
    draw_drift_report,
    read_drift,
    wants_report,
)
from evergreen.workflows.decide.measure import (
    measure_batch_drift,
    measure_champion_decay,
)
from evergreen.workflows.decision_run import DecisionRun
from evergreen.workflows.model_context import ModelContext

Json = dict[str, Any]


def decide(context: ModelContext, about: DecisionRun, run_id: str = "run") -> PolicySignals:
    """Measure and decide, as the tasks do; give the signals."""
    drift = measure_batch_drift(context, about)
    decay = measure_champion_decay(context, about)
    _, signals = decide_batch(context, about, drift, decay, run_id=run_id)
    return signals


def predict(context: ModelContext, batch: str, version: str, *, is_right: bool = True) -> None:
    """Keep predictions that follow ``temp``, or go against it."""
    delivery = context.ledger.batches.delivery(context.spec.name, "data", batch)
    assert delivery is not None
    rows = context.store.read_table(str(delivery.path))
    temp = rows["temp"].to_numpy()
    scores = 1 / (1 + 2.718 ** (-temp if is_right else temp))
    path = f"predictions/{context.spec.name}/{batch}/v{version}.parquet"
    digest = context.store.write_table(path, pa.table({"id": rows["id"], "prediction": scores}))
    context.ledger.batches.record_predictions(
        context.spec.name, batch, version, path=path, sha256=digest, n_rows=rows.num_rows
    )


def test_without_a_champion_there_is_nothing_to_measure_and_a_first_model_to_train(
    context: ModelContext, upstream: Upstream
) -> None:
    about = run_about(context, begin(context, upstream))

    signals = decide(context, about)

    assert (signals.champion_version, signals.drift) == (None, None)
    assert (signals.n_training_rows, signals.n_holdout_rows) == (1600, 400)
    decision = context.ledger.decisions.get(about.decision_id)
    assert (decision.verdict, decision.outcome) == ("bootstrap", "open")


def test_drift_goes_to_the_ledger_feature_by_feature(
    context: ModelContext, upstream: Upstream
) -> None:
    begin(context, upstream)
    crown(context)
    batch = accept(context, upstream, 6, shift=3.0)

    signals = decide(context, run_about(context, batch))

    assert signals.drift is not None
    assert [column.column for column in signals.drift.drifted] == ["temp"]
    rows = context.ledger.decisions.drift(context.spec.name, batch, "1")
    assert tuple(rows) == signals.drift.columns


def test_a_dry_run_writes_nothing_to_the_ledger(context: ModelContext, upstream: Upstream) -> None:
    batch = begin(context, upstream)
    crown(context)
    about = run_about(context, batch, dry_run=True)

    signals = decide(context, about)

    assert signals.drift is not None
    assert context.ledger.decisions.history(context.spec.name) == []
    assert context.ledger.decisions.drift(context.spec.name, batch, "1") == []


def test_a_lost_reference_fails_closed(context: ModelContext, upstream: Upstream) -> None:
    batch = begin(context, upstream)
    crown(context)
    about = run_about(context, batch)
    context.store.delete(f"versions/{context.spec.name}/v1/profile.json")

    with pytest.raises(StorageError, match=r"profile\.json"):
        measure_batch_drift(context, about)


@pytest.mark.parametrize(
    ("is_right", "verdict"), [(True, "stable"), (False, "decayed")], ids=["as before", "worse"]
)
def test_decay_compares_with_what_the_champion_was_promoted_on(
    context: ModelContext, upstream: Upstream, is_right: bool, verdict: str
) -> None:
    scored = begin(context, upstream)
    crown(context, auc=0.85)
    predict(context, scored, "1", is_right=is_right)
    label(context, upstream, 5)
    batch = accept(context, upstream, 6)

    measured = measure_champion_decay(context, run_about(context, batch))

    assert (measured.verdict, measured.batches) == (verdict, (scored,))


def test_decay_is_not_measured_on_what_another_version_has_scored(
    context: ModelContext, upstream: Upstream
) -> None:
    scored = begin(context, upstream)
    crown(context)
    predict(context, scored, "7", is_right=False)
    label(context, upstream, 5)
    batch = accept(context, upstream, 6)

    measured = measure_champion_decay(context, run_about(context, batch))

    assert measured.verdict == "insufficient_data"


def test_labels_of_the_batch_itself_are_not_known_when_it_is_decided(
    context: ModelContext, upstream: Upstream
) -> None:
    batch = begin(context, upstream)
    crown(context)
    predict(context, batch, "1", is_right=False)
    label(context, upstream, 5)

    measured = measure_champion_decay(context, run_about(context, batch))

    assert measured.verdict == "insufficient_data"


def test_deciding_again_in_one_run_replaces_its_row(
    context: ModelContext, upstream: Upstream
) -> None:
    about = run_about(context, begin(context, upstream))

    decide(context, about)
    decide(context, about)

    assert [d.id for d in context.ledger.decisions.history(context.spec.name)] == [
        about.decision_id
    ]


def test_a_run_that_has_promoted_decides_about_the_champion_it_replaced(
    context: ModelContext, upstream: Upstream
) -> None:
    batch = begin(context, upstream)
    crown(context, "1")
    about = run_about(context, batch)
    crown(context, "2", decision=about.decision_id)

    again = decide(context, run_about(context, batch))

    assert again.champion_version == "1"
    assert run_about(context, batch, "another run").champion_version == "2"


def test_windows_end_where_the_newest_labels_end(context: ModelContext, upstream: Upstream) -> None:
    batch = begin(context, upstream)

    about = run_about(context, batch)
    training, holdout = about.training, about.holdout
    about = run_about(context, batch, training_window_days=7)
    shorter, same = about.training, about.holdout

    assert training is not None
    assert shorter is not None
    assert holdout == same
    assert (holdout and holdout.end, training.end, training.days, shorter.days) == (
        FIRST + 5 * WEEK,
        FIRST + 4 * WEEK,
        28,
        7,
    )


def test_without_labels_there_is_no_window(context: ModelContext, upstream: Upstream) -> None:
    batch = accept(context, upstream, 0)

    about = run_about(context, batch)
    assert (about.training, about.holdout) == (None, None)


@pytest.mark.parametrize(
    ("rule", "shift", "wanted"),
    [
        pytest.param("when_crossed", 3.0, True, id="crossed"),
        pytest.param("when_crossed", 0.0, False, id="quiet"),
        pytest.param("always", 0.0, True, id="always"),
        pytest.param("never", 3.0, False, id="never"),
    ],
)
def test_the_report_is_drawn_when_the_spec_says(
    context: ModelContext, upstream: Upstream, rule: Any, shift: float, wanted: bool
) -> None:
    begin(context, upstream)
    crown(context)
    signals = decide(context, run_about(context, accept(context, upstream, 6, shift=shift)))
    drift = context.spec.drift.model_copy(update={"report": rule})
    spec = context.spec.model_copy(update={"drift": drift})
    ruled = ModelContext(context.settings, replace(context.loaded, spec=spec), context.ledger)

    dry = signals.model_copy(update={"request": Request(dry_run=True)})

    assert wants_report(ruled, signals) is wanted
    assert wants_report(ruled, dry) is False


def test_the_report_shows_the_decided_numbers_also_after_the_run(
    context: ModelContext, upstream: Upstream
) -> None:
    begin(context, upstream)
    crown(context)
    about = run_about(context, accept(context, upstream, 6, shift=3.0))
    drift = measure_batch_drift(context, about)
    decay = measure_champion_decay(context, about)
    decide_batch(context, about, drift, decay, run_id="run")
    measured = read_drift(context.store, drift)
    context.store.delete(f"scratch/{context.spec.name}")

    uri = draw_drift_report(context, about)

    place = f"reports/{context.spec.name}/{about.batch}/drift.html"
    assert uri == context.store.uri_of(place)
    assert measured is not None
    assert measured.sentence in context.store.read_bytes(place).decode()


def test_there_is_no_report_without_a_measurement(
    context: ModelContext, upstream: Upstream
) -> None:
    about = run_about(context, begin(context, upstream))
    decide(context, about)

    with pytest.raises(DataError, match="no drift was measured"):
        draw_drift_report(context, about)


def test_a_promotion_that_was_only_begun_counts_as_champion(
    context: ModelContext, upstream: Upstream
) -> None:
    batch = begin(context, upstream)
    enthrone(context, "1", is_committed=False)

    assert run_about(context, batch).champion_version == "1"
