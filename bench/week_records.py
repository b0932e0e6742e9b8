"""What the ledger keeps of a week: the product's own records, of the size of real ones."""

from bench.weeks import Week

from evergreen.measurements import ColumnDrift, DecayMeasurement, DriftMeasurement
from evergreen.records import (
    Evaluation,
    MetricEstimate,
    QualityResult,
    RuleResult,
    TrainedModel,
    Window,
)
from evergreen.signals import PolicyDecision, PolicySignals

FEATURES = (
    *("carrier", "origin", "dest", "distance", "scheduled_minute", "weekday", "temp"),
    *("dewp", "humid", "wind_speed", "precip", "visib", "pressure"),
)
TEXTS = ("carrier", "origin", "dest")
N_ROWS = 6300
SE, GAIN_SE = 0.0068, 0.004
SHA = "a" * 64
PSI_LIMIT, KS_LIMIT = 0.12, 0.1


def sentence_of(week: Week) -> str:
    """Say why, as a policy would."""
    drop = week.reference - week.metric
    if week.verdict == "bootstrap":
        return f"train the first model: no champion yet, {N_ROWS} training rows are there"
    if week.verdict == "retrain":
        return f"retrain: auc fell by {drop:.4f}, more than 0.02"
    if week.decay == "decayed":
        return f"stand down: auc fell by {drop:.4f}, more than 0.02; the budget allows no training"
    harmless = "drift but harmless, " if week.is_harmless else ""
    return f"stand down: {harmless}auc is within 0.02 of {week.reference:.4f} ({drop:+.4f})"


def outcome_of(week: Week) -> str:
    """Say what came of it."""
    said = {
        "bootstrapped": f"v{week.challenger} is the first champion",
        "promoted": f"v{week.challenger} beats v{week.champion_before}: gain +0.0210",
        "kept": f"v{week.challenger} is not better than v{week.champion_before}: gain -0.0012",
        "failed": "train_challenger ran past its time limit of 60 minutes and was killed",
    }
    return said.get(week.outcome, "")


def decision_of(week: Week) -> PolicyDecision:
    """Return the policy's answer."""
    return PolicyDecision.model_validate(
        {
            "verdict": week.verdict,
            "trigger": week.trigger,
            "sentence": sentence_of(week),
            "is_harmless_drift": week.is_harmless,
        }
    )


def signals_of(week: Week, place: int) -> PolicySignals:
    """Return what the policy looked at."""
    return PolicySignals(
        batch=week.batch,
        number=place,
        champion_version=week.champion_before,
        drift=_drift(week) if week.champion_before else None,
        decay=_decay(week) if week.champion_before else None,
        n_training_rows=8 * N_ROWS,
        n_holdout_rows=N_ROWS,
        n_new_rows=N_ROWS,
        batches_since_champion=place,
    )


def evaluation_of(week: Week) -> Evaluation | None:
    """Return how the challenger did; None where none was judged."""
    if week.challenger is None or week.outcome in ("open", "failed"):
        return None
    gain = 0.021 if week.outcome == "promoted" else -0.0012
    champion = estimate(week.metric) if week.champion_before else None
    return Evaluation(
        challenger_version=week.challenger,
        champion_version=week.champion_before,
        challenger=estimate(week.metric + gain if champion else week.reference),
        champion=champion,
        gain=gain if champion else None,
        gain_se=GAIN_SE if champion else None,
        gain_low=gain - 2 * GAIN_SE if champion else None,
        gain_high=gain + 2 * GAIN_SE if champion else None,
        n_rows=N_ROWS,
        holdout=week.window,
        evaluated_at=week.decided_at,
        sentence=outcome_of(week),
    )


def trained_of(week: Week, window: Window) -> TrainedModel:
    """Return how a challenger was fitted."""
    return TrainedModel(
        path=f"models/v{week.challenger}/model.lgb",
        sha256=SHA,
        n_rows=8 * N_ROWS,
        n_rounds=100,
        seconds=8.4,
        device="cpu",
        device_reason="no GPU is there",
        seed=42,
        window=window,
    )


def quality_of(week: Week) -> QualityResult:
    """Return what the gate said."""
    rules = tuple(
        RuleResult(rule="null_share", column=name, is_met=True, sentence=f"{name}: no nulls")
        for name in FEATURES
    )
    return QualityResult(
        verdict="accepted", rules=rules, sentence=f"all {len(rules)} rules met on {week.batch}"
    )


def estimate(value: float) -> MetricEstimate:
    """Return an AUC with its error."""
    return MetricEstimate(name="auc", value=value, se=SE, n_rows=N_ROWS)


def _drift(week: Week) -> DriftMeasurement:
    columns = tuple(_column(name, place, week) for place, name in enumerate(FEATURES))
    share = week.drifted / len(columns)
    return DriftMeasurement(
        columns=columns,
        n_rows=N_ROWS,
        drifted_share=share,
        moved_share=min(1.0, share + 0.1),
        sentence=f"{week.drifted} of {len(columns)} features drifted: share {share:.2f}",
    )


def _column(name: str, place: int, week: Week) -> ColumnDrift:
    is_over = place < week.drifted
    psi = 0.31 - 0.02 * place if is_over else 0.02 + 0.004 * place
    ks = None if name in TEXTS else psi / 2
    side = "over" if is_over else "within"
    return ColumnDrift(
        column=name,
        kind="categorical" if name in TEXTS else "numeric",
        verdict="drifted" if is_over else "stable",
        sentence=f"{name}: PSI {psi:.3f} {side} {PSI_LIMIT}",
        n_rows=N_ROWS,
        psi=psi,
        psi_limit=PSI_LIMIT,
        ks=ks,
        ks_limit=None if ks is None else KS_LIMIT,
        null_share=0.0,
        null_limit=0.05,
        reference_null_share=0.0,
        unseen_share=0.0 if name in TEXTS else None,
        out_of_range_share=None if name in TEXTS else 0.001,
        importance=1 / len(FEATURES),
    )


def _decay(week: Week) -> DecayMeasurement:
    is_measured = week.decay != "insufficient_data"
    drop = week.reference - week.metric
    return DecayMeasurement.model_validate(
        {
            "verdict": week.decay,
            "sentence": f"auc {week.metric:.4f}, was {week.reference:.4f}: drop {drop:+.4f}",
            "reference": estimate(week.reference),
            "current": estimate(week.metric) if is_measured else None,
            "drop": drop if is_measured else None,
            "limit": 0.02,
            "coverage": 0.98 if is_measured else 0.4,
            "batches": (week.batch,),
            "lag_batches": 1,
        }
    )
