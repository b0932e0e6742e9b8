"""Views as the pages get them, without a ledger: a model with a year of weeks behind it."""

import math
from datetime import timedelta
from typing import Any

from builders.web_records import (
    make_action,
    make_approval,
    make_closed_incident,
    make_decision,
    make_delivery,
    make_incident,
    make_message,
    make_promotion,
    make_version,
)
from builders.web_signals import NOW, make_columns
from evergreen.web.queries.view_models import (
    DecisionDetail,
    DecisionLine,
    DecisionsPage,
    IncidentDetail,
    ModelDetail,
    ModelsPage,
    ModelSummary,
    Point,
)


def make_point(i: int = 0, **changes: Any) -> Point:
    """Return the figures of week ``i``."""
    metric = 0.412 + 0.02 * math.sin(i / 3) + 0.002 * (i % 5)
    values: dict[str, Any] = {
        "decision": f"{i:016x}",
        "batch": f"{(NOW - timedelta(days=7 * (40 - i))).date()}",
        "decided_at": NOW - timedelta(days=7 * (40 - i)),
        "verdict": "stand_down",
        "outcome": "stood_down",
        "metric_name": "log_loss",
        "metric": metric,
        "metric_low": metric - 0.006,
        "metric_high": metric + 0.006,
        "reference_metric": 0.415,
        "coverage": 0.97,
        "drifted_share": 0.1 + 0.08 * (i % 4),
        "moved_share": 0.2,
        "n_rows": 6500 + 13 * i,
        "is_harmless": False,
    }
    return Point(**(values | changes))


def make_points(n: int = 40) -> tuple[Point, ...]:
    """Return a history with every outcome, and weeks in which nothing could be measured."""
    special: dict[int, dict[str, Any]] = {
        0: {"outcome": "bootstrapped", "metric": None, "metric_low": None, "metric_high": None},
        9: {"outcome": "kept"},
        15: {"outcome": "promoted", "drifted_share": 0.62},
        21: {"outcome": "failed", "metric": None, "metric_low": None, "metric_high": None},
        27: {"outcome": "held"},
        33: {"outcome": "promoted", "coverage": 0.61},
        n - 1: {"outcome": "open", "drifted_share": 0.43},
    }
    points = []
    for i in range(n):
        changed = dict(special.get(i, {}))
        if i == 0:
            changed |= {"reference_metric": None, "drifted_share": None, "coverage": None}
        points.append(make_point(i, **changed))
    return tuple(points)


def make_summary(**changes: Any) -> ModelSummary:
    """Return a model as the list shows it."""
    points = make_points()
    values: dict[str, Any] = {
        "name": "flights",
        "state": "drifting_harmless",
        "state_sentence": "5 of 18 features drifted and the log loss did not suffer",
        "attention": 20,
        "owner": "operations research",
        "champion_version": "7",
        "champion_since": NOW - timedelta(days=49),
        "last": points[-1],
        "last_sentence": "Stood down: drifted share 0.2778 is below 0.3, log loss drop 0.0021"
        " is below 0.0080.",
        "next_batch_at": NOW + timedelta(days=3, hours=4),
        "open_incidents": 1,
        "points": points[-20:],
    }
    return ModelSummary(**(values | changes))


def make_models_page(*models: ModelSummary, **changes: Any) -> ModelsPage:
    """Return a page of the list."""
    counts: dict[str, int] = {}
    for model in models:
        counts[model.state] = counts.get(model.state, 0) + 1
    values: dict[str, Any] = {
        "models": models,
        "n_models": len(models),
        "page": 1,
        "n_pages": 1,
        "page_size": 50,
        "query": "",
        "state": "",
        "counts": counts,
    }
    return ModelsPage(**(values | changes))


def make_model_detail(**changes: Any) -> ModelDetail:
    """Return a model in full."""
    values: dict[str, Any] = {
        "summary": make_summary(),
        "points": make_points(),
        "promotions": (
            make_promotion(),
            make_promotion(
                epoch=3,
                version="5",
                kind="rollback",
                requested_by="ada",
                decision_id="",
                promoted_at=make_point(22).decided_at,
            ),
            make_promotion(
                epoch=2,
                version="6",
                decision_id=f"{15:016x}",
                promoted_at=make_point(15).decided_at,
            ),
        ),
        "decisions": (make_decision(), make_decision(id="2", outcome="kept", batch="2013-11-07")),
        "champion": make_version(),
        "challenger": make_version("8"),
        "drift": make_columns(),
        "drift_batch": "2013-11-14",
        "drift_reference": "champion",
        "incidents": (make_incident(), make_closed_incident()),
        "approvals": (make_approval(),),
        "actions": (make_action(),),
        "hold": "",
        "spec": "name: flights\nowner: operations research\n",
    }
    return ModelDetail(**(values | changes))


def make_decision_detail(**changes: Any) -> DecisionDetail:
    """Return a decision in full."""
    values: dict[str, Any] = {
        "decision": make_decision(),
        "delivery": make_delivery(),
        "approval": make_approval(
            answer="approved",
            answered_by="grace",
            comment="looks right",
            answered_at=NOW - timedelta(hours=3),
        ),
        "promotion": make_promotion(decision_id="5f2b6c0e9d1a4b37", version="8"),
        "incidents": (make_closed_incident(),),
        "drift": make_columns(),
        "dag_id": "continual_training__flights",
        "run_link": "/dags/continual_training__flights/runs/asset_triggered__2013-11-21",
        "mlflow_link": "http://127.0.0.1:5000/#/models/flights/versions/8",
        "report_link": "/evergreen/reports/5f2b6c0e9d1a4b37",
        "docs_link": "/evergreen/data-docs/5f2b6c0e9d1a4b37",
    }
    return DecisionDetail(**(values | changes))


def make_decisions_page(**changes: Any) -> DecisionsPage:
    """Return a page of a model's decisions."""
    lines = tuple(
        DecisionLine(
            point=point,
            trigger="drift",
            sentence="Stood down: drifted share 0.2778 is below 0.3.",
            outcome_sentence="nothing was trained",
            champion_before="6",
            champion_after="7",
            challenger_version=None,
        )
        for point in make_points()[-3:]
    )
    values: dict[str, Any] = {
        "model": "flights",
        "decisions": lines,
        "n_decisions": 40,
        "page": 2,
        "n_pages": 14,
        "page_size": 3,
    }
    return DecisionsPage(**(values | changes))


def make_incident_detail(**changes: Any) -> IncidentDetail:
    """Return an incident in full."""
    values: dict[str, Any] = {
        "incident": make_incident(),
        "messages": (make_message(), make_message(state="delivered", delivered_at=NOW)),
        "points": make_points(),
        "runbook": "data_rejected",
    }
    return IncidentDetail(**(values | changes))
