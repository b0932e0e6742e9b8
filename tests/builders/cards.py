"""A model card, as tests of its page need one; keywords replace parts of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from evergreen.evaluation.card import (
    Attribution,
    Attributions,
    CardAct,
    CardBatch,
    CardDecision,
    CardDrift,
    CardLineage,
    CardTraining,
    ModelCard,
)
from evergreen.measurements import ColumnDrift, SliceMetric
from evergreen.records import (
    CandidateResult,
    Evaluation,
    GuardResult,
    MetricEstimate,
    PromotionVerdict,
    Window,
)

START = datetime(2013, 1, 1, tzinfo=UTC)
WINDOW = Window(start=START, end=START + timedelta(days=56))


def make_metric(value: float | None, sentence: str = "") -> MetricEstimate:
    return MetricEstimate(name="auc", value=value, se=0.01, n_rows=5900, sentence=sentence)


def make_evaluation(**changes: Any) -> Evaluation:
    fields: dict[str, Any] = {
        "challenger_version": "12",
        "champion_version": "11",
        "challenger": make_metric(0.72),
        "champion": make_metric(0.70),
        "gain": 0.02,
        "gain_se": 0.005,
        "gain_low": 0.0102,
        "gain_high": 0.0298,
        "method": "DeLong",
        "n_rows": 5900,
        "holdout": WINDOW,
        "sentence": "auc 0.72 against 0.70",
        "guards": (
            GuardResult(
                guard="slice carrier=UA",
                verdict="insufficient",
                value=None,
                limit=0.02,
                n_rows=12,
                sentence="12 rows, needs 200",
            ),
        ),
        "candidates": (
            CandidateResult(
                candidate="recent", version=None, gain=0.01, gain_se=0.004, sentence="second"
            ),
        ),
    }
    return Evaluation(**{**fields, **changes})


def make_decision(**changes: Any) -> CardDecision:
    fields: dict[str, Any] = {
        "id": "5f2b6c0e9d1a4b37",
        "batch": "2013-03-05",
        "decided_at": START,
        "verdict": "retrain",
        "trigger": "drift",
        "sentence": "1 of 2 features drifted",
        "requested_by": "",
        "reason": "",
        "outcome": "promoted",
        "outcome_sentence": "v12 beats v11",
        "promotion": PromotionVerdict(
            verdict="promote", sentence="gain +0.02", cause="better", probability=0.97
        ),
    }
    return CardDecision(**{**fields, **changes})


def make_card(**changes: Any) -> ModelCard:
    slice_metric = SliceMetric(
        feature="carrier",
        value="UA",
        verdict="measured",
        estimate=make_metric(0.66),
        sentence="0.66 on 900 rows",
    )
    drifted = ColumnDrift(
        column="temp", kind="numeric", verdict="drifted", sentence="PSI 0.4", n_rows=6000, psi=0.4
    )
    fields: dict[str, Any] = {
        "model": "flights",
        "version": "12",
        "sha256": "a" * 64,
        "made_at": START,
        "description": "late arrivals",
        "owner": "ops",
        "task": "binary",
        "training": CardTraining(
            window=WINDOW,
            n_rows=48000,
            n_rounds=100,
            seed=42,
            device="cpu",
            device_reason="the spec asks for the CPU",
            seconds=3.2,
            params={"num_leaves": 31},
        ),
        "data": (
            CardBatch(
                batch="2013-01-01",
                n_rows=6000,
                window=WINDOW,
                data_sha256="b" * 64,
                data_gate="accepted: all 12 rules met",
                labels_sha256="c" * 64,
                labels_gate="accepted: every row has a label",
            ),
        ),
        "evaluation": make_evaluation(),
        "slices": (slice_metric,),
        "drift": CardDrift(
            drifted_share=0.5, n_rows=6000, sentence="1 of 2", drifted=(drifted,), faults=("dup",)
        ),
        "attributions": Attributions(
            features=(
                Attribution(feature="temp", contribution=0.5, champion=0.4),
                Attribution(feature="carrier", contribution=0.1),
            ),
            n_rows=2000,
            sentence="mean absolute TreeSHAP contribution",
        ),
        "decision": make_decision(),
        "acts": (CardAct(what="approval", at=START, by="ada", text="approved: looks fine"),),
        "lineage": CardLineage(
            made_by="5f2b6c0e9d1a4b37",
            batch="2013-03-05",
            git_commit="0123abc",
            lock="d" * 64,
            spec_hash="e" * 64,
            previous_champion="11",
            libraries={"lightgbm": "4.7.0"},
        ),
    }
    return ModelCard(**{**fields, **changes})
