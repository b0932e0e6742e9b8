from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergreen.decay import DecaySignals, ScoredBatch, measure_decay
from evergreen.measurements import DecayMeasurement, ErrorChange
from evergreen.metrics import estimate
from evergreen.records import MetricEstimate
from evergreen.spec.deciding import Decay

RULES = Decay(max_drop=0.02, min_rows=100, min_coverage=0.8, window_batches=2, z=1.0)


def make_batch(
    batch: str = "2013-01-08",
    *,
    n_rows: int = 4000,
    n_scored: int | None = None,
    noise: float = 0.5,
    seed: int = 0,
) -> ScoredBatch:
    random = np.random.default_rng(seed)
    signal = random.normal(size=n_rows)
    target = (random.random(n_rows) < 1 / (1 + np.exp(-signal))).astype(float)
    noisy = 1 / (1 + np.exp(-(signal + noise * random.normal(size=n_rows))))
    return ScoredBatch(batch, noisy, target, n_rows if n_scored is None else n_scored)


def make_accuracy(n_right: int, n_rows: int, *, n_scored: int | None = None) -> ScoredBatch:
    """Make a batch whose accuracy is exactly ``n_right / n_rows``."""
    target = np.ones(n_rows)
    prediction = np.where(np.arange(n_rows) < n_right, 0.9, 0.1)
    return ScoredBatch("2013-01-08", prediction, target, n_rows if n_scored is None else n_scored)


def make_reference(value: float | None, *, se: float | None = 0.0, name: str = "accuracy") -> Any:
    return MetricEstimate(name=name, value=value, se=se, n_rows=1000, sentence="said so")


def test_a_champion_that_scores_as_before_is_stable() -> None:
    batch = make_batch()
    reference = estimate("auc", batch.target, batch.prediction)

    result = measure_decay([make_batch(seed=1)], metric="auc", reference=reference, rules=RULES)

    assert result.verdict == "stable"
    assert result.coverage == 1.0
    assert result.limit == 0.02
    assert result.reference == reference


def test_a_champion_that_scores_worse_has_decayed() -> None:
    batch = make_batch()
    reference = estimate("auc", batch.target, batch.prediction)

    result = measure_decay(
        [make_batch(noise=3.0, seed=1)], metric="auc", reference=reference, rules=RULES
    )

    assert result.verdict == "decayed"
    assert result.current is not None
    assert result.current.value is not None
    assert reference.value is not None
    assert result.drop == pytest.approx(reference.value - result.current.value)
    assert "over 0.02 and over 1 standard errors" in result.sentence


@pytest.mark.parametrize(
    ("n_right", "verdict"),
    [
        pytest.param(501, "stable", id="just within"),
        pytest.param(500, "stable", id="exactly at the limit"),
        pytest.param(499, "decayed", id="just over"),
    ],
)
def test_decay_follows_the_limit_of_the_drop(n_right: int, verdict: str) -> None:
    rules = Decay(max_drop=0.125, min_rows=100, z=0.0)

    result = measure_decay(
        [make_accuracy(n_right, 1000)],
        metric="accuracy",
        reference=make_reference(0.625),
        rules=rules,
    )

    assert result.verdict == verdict


@pytest.mark.parametrize(
    ("se", "verdict"),
    [
        pytest.param(0.049, "decayed", id="over the noise"),
        pytest.param(0.051, "stable", id="in it"),
    ],
)
def test_a_drop_must_exceed_its_standard_errors(se: float, verdict: str) -> None:
    rules = Decay(max_drop=0.02, min_rows=100, z=2.0)

    result = measure_decay(
        [make_accuracy(1000, 1000)],
        metric="accuracy",
        reference=make_reference(1.0, se=se),
        rules=rules,
    )
    worse = measure_decay(
        [ScoredBatch("a", np.full(1000, 0.4), np.tile([0.0] * 9 + [1.0], 100), 1000)],
        metric="accuracy",
        reference=make_reference(1.0, se=np.sqrt(se**2 - 0.9 * 0.1 / 1000)),
        rules=rules,
    )

    assert result.verdict == "stable"
    assert worse.drop == pytest.approx(0.1)
    assert worse.verdict == verdict


def test_a_sure_but_tiny_drop_is_stable() -> None:
    result = measure_decay(
        [make_accuracy(990, 1000)],
        metric="accuracy",
        reference=make_reference(1.0),
        rules=Decay(min_rows=100, z=0.0),
    )

    assert result.verdict == "stable"
    assert result.sentence == (
        "accuracy 0.9900 on 1000 labelled rows, was 1.0000: drop 0.0100 within 0.02"
    )


def test_log_loss_decays_upwards() -> None:
    reference = make_reference(0.2, se=0.001, name="log_loss")

    result = measure_decay([make_batch()], metric="log_loss", reference=reference, rules=RULES)

    assert result.verdict == "decayed"
    assert result.drop is not None
    assert result.drop > 0.02


def test_only_the_newest_batches_are_pooled_in_any_order() -> None:
    batches = [make_batch(f"2013-01-{day:02d}", n_rows=200, seed=day) for day in (15, 1, 22, 8)]
    reference = make_reference(0.7, se=0.01, name="auc")

    result = measure_decay(batches, metric="auc", reference=reference, rules=RULES)

    assert result.batches == ("2013-01-15", "2013-01-22")
    assert result.current is not None
    assert result.current.n_rows == 400


@pytest.mark.parametrize(
    ("n_rows", "verdict"), [(99, "insufficient_data"), (100, "stable")], ids=["few", "enough"]
)
def test_rows_are_needed_for_a_verdict(n_rows: int, verdict: str) -> None:
    result = measure_decay(
        [make_accuracy(n_rows, n_rows)],
        metric="accuracy",
        reference=make_reference(1.0),
        rules=RULES,
    )

    assert result.verdict == verdict


@pytest.mark.parametrize(
    ("n_scored", "verdict", "coverage"),
    [(1000, "stable", 0.8), (1001, "insufficient_data", pytest.approx(0.7992, abs=1e-4))],
    ids=["enough labels", "too few labels"],
)
def test_labels_must_cover_the_scored_rows(n_scored: int, verdict: str, coverage: float) -> None:
    result = measure_decay(
        [make_accuracy(800, 800, n_scored=n_scored)],
        metric="accuracy",
        reference=make_reference(1.0),
        rules=RULES,
    )

    assert result.verdict == verdict
    assert result.coverage == coverage


def test_coverage_counts_all_pooled_batches() -> None:
    labelled, unlabelled = (
        make_batch("2013-01-08"),
        make_batch("2013-01-15", n_rows=0, n_scored=4000),
    )

    result = measure_decay(
        [labelled, unlabelled], metric="auc", reference=make_reference(0.7, name="auc"), rules=RULES
    )

    assert result.verdict == "insufficient_data"
    assert result.coverage == 0.5
    assert result.sentence == "decay not judged: labels cover 0.50 of the rows, needs 0.80"


@pytest.mark.parametrize(
    ("batches", "reference", "says"),
    [
        pytest.param([], make_reference(0.7), "no batch with matured labels", id="no batch"),
        pytest.param(
            [make_batch(n_rows=0)], make_reference(0.7), "no batch with matured labels", id="no row"
        ),
        pytest.param([make_batch()], None, "no reference value", id="no reference"),
        pytest.param([make_batch()], make_reference(None), "said so", id="reference without value"),
    ],
)
def test_what_is_missing_is_named(batches: list[ScoredBatch], reference: Any, says: str) -> None:
    result = measure_decay(batches, metric="accuracy", reference=reference, rules=RULES)

    assert result.verdict == "insufficient_data"
    assert says in result.sentence
    assert result.drop is None


@pytest.mark.parametrize(
    ("batch", "reference", "says"),
    [
        pytest.param(
            make_accuracy(200, 200),
            make_reference(0.7, name="auc"),
            "all 200 rows are of class 1",
            id="one class",
        ),
        pytest.param(
            ScoredBatch("b", np.full(200, np.nan), np.ones(200), 200),
            make_reference(0.7, name="auc"),
            "200 of 200 rows have a missing or infinite score",
            id="NaN predictions",
        ),
        pytest.param(
            ScoredBatch("b", np.array(["x"] * 200), np.ones(200), 200),
            make_reference(0.7, name="auc"),
            "not numbers",
            id="text predictions",
        ),
        pytest.param(
            make_batch(), make_reference(0.7), "reference is of accuracy", id="other metric"
        ),
        pytest.param(
            make_batch(),
            make_reference(0.7, se=None, name="auc"),
            "reference value has no standard error",
            id="reference without error",
        ),
        pytest.param(
            make_batch(n_scored=3999),
            make_reference(0.7, name="auc"),
            "4000 labels for 3999 scored rows",
            id="more labels than rows",
        ),
        pytest.param(
            ScoredBatch("b", np.ones(3), np.ones(4), 4),
            make_reference(0.7, name="auc"),
            "shapes (3,) and (4,)",
            id="lengths differ",
        ),
    ],
)
def test_what_cannot_be_computed_is_named(batch: ScoredBatch, reference: Any, says: str) -> None:
    result = measure_decay([batch], metric="auc", reference=reference, rules=RULES)

    assert result.verdict == "not_computable"
    assert says in result.sentence
    assert result.drop is None


def test_current_value_without_error_is_not_computable() -> None:
    target = np.append(np.zeros(199), 1.0)
    batch = ScoredBatch("b", np.linspace(0, 1, 200), target, 200)

    result = measure_decay(
        [batch], metric="auc", reference=make_reference(0.7, name="auc"), rules=RULES
    )

    assert result.verdict == "not_computable"
    assert "current value has no standard error" in result.sentence


def test_the_same_batch_twice_is_not_counted_twice() -> None:
    result = measure_decay(
        [make_batch(), make_batch()],
        metric="auc",
        reference=make_reference(0.7, name="auc"),
        rules=RULES,
    )

    assert result.verdict == "not_computable"
    assert "2013-01-08 is given more than once" in result.sentence


@pytest.mark.parametrize(
    ("batches", "verdict"),
    [([make_accuracy(1000, 1000)], "stable"), ([], "insufficient_data")],
    ids=["judged", "not judged"],
)
def test_signals_stand_beside_the_verdict(batches: list[ScoredBatch], verdict: str) -> None:
    change = ErrorChange(detector="adwin", has_changed=True, at_row=7, sentence="errors rose")
    estimated = make_reference(0.6, se=0.01)
    signals = DecaySignals(lag_batches=2, detectors=(change,), estimated=estimated)
    reference = make_reference(1.0)

    result = measure_decay(
        batches, metric="accuracy", reference=reference, rules=RULES, signals=signals
    )
    plain = measure_decay(batches, metric="accuracy", reference=reference, rules=RULES)

    assert (result.verdict, result.sentence) == (verdict, plain.sentence)
    assert (result.lag_batches, result.detectors) == (2, (change,))
    assert result.estimated == estimated
    assert plain.detectors == ()
    assert DecayMeasurement.from_json(result.to_json()) == result


@settings(deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.floats(), st.sampled_from([0.0, 1.0, float("nan")])), min_size=0, max_size=30
    ),
    n_unlabelled=st.integers(0, 10),
    value=st.one_of(st.none(), st.floats(0, 1)),
    se=st.one_of(st.none(), st.floats(0, 1)),
)
def test_decay_is_total(
    rows: list[tuple[float, float]], n_unlabelled: int, value: float | None, se: float | None
) -> None:
    prediction = np.array([p for p, _ in rows], dtype=float)
    target = np.array([t for _, t in rows], dtype=float)
    batch = ScoredBatch("b", prediction, target, len(rows) + n_unlabelled)

    result = measure_decay(
        [batch],
        metric="auc",
        reference=make_reference(value, se=se, name="auc"),
        rules=Decay(min_rows=10),
    )

    assert result.sentence
    assert (result.drop is None) == (result.verdict in ("insufficient_data", "not_computable"))
