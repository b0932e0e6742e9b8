"""The records that pages and JSON API show, without HTML.

All moments are in UTC. Shares are 0..1. Numbers that were not measured are None, never 0.
"""

from datetime import datetime
from typing import Literal

from evergreen.ledger.records import (
    Action,
    Approval,
    Decision,
    Delivery,
    Incident,
    OutboxEntry,
    VersionEntry,
)
from evergreen.measurements import ColumnDrift
from evergreen.records import Promotion, Record

State = Literal[
    "unreadable",
    "no_data",
    "late",
    "failed",
    "waiting_for_approval",
    "retraining",
    "decaying",
    "drifting",
    "drifting_harmless",
    "frozen",
    "new",
    "fresh",
]


class Point(Record):
    """The numbers of one decision, for timelines and sparklines.

    ``metric_low`` and ``metric_high`` bound its 95 % interval; ``coverage`` is the share of scored
    rows whose labels had arrived.
    """

    decision: str
    batch: str
    decided_at: datetime
    verdict: str
    outcome: str
    metric_name: str | None
    metric: float | None
    metric_low: float | None
    metric_high: float | None
    reference_metric: float | None
    coverage: float | None
    drifted_share: float | None
    moved_share: float | None
    n_rows: int | None
    is_harmless: bool


class ModelSummary(Record):
    """One model as a row of the list.

    Attributes:
        name: The model.
        state: Its state; the most urgent one if several hold.
        state_sentence: The reason, in one sentence.
        attention: Rank in the list; higher is more urgent.
        owner: Its owner; empty if the spec names none.
        champion_version: None before the first.
        champion_since: When it was promoted.
        last: Numbers of the newest decision; None before the first.
        last_sentence: The newest decision in one sentence.
        next_batch_at: When the next batch is expected; None if unknown.
        open_incidents: How many are open.
        points: Numbers of the newest decisions, oldest first, for sparklines.
    """

    name: str
    state: State
    state_sentence: str
    attention: int
    owner: str
    champion_version: str | None
    champion_since: datetime | None
    last: Point | None
    last_sentence: str
    next_batch_at: datetime | None
    open_incidents: int
    points: tuple[Point, ...] = ()


class ModelsPage(Record):
    """One page of the list; ``counts`` are models by state over all that match the search."""

    models: tuple[ModelSummary, ...]
    n_models: int
    page: int
    n_pages: int
    page_size: int
    query: str
    state: str
    counts: dict[str, int]


class ModelDetail(Record):
    """One model in full.

    Attributes:
        summary: As in the list.
        points: Numbers of the newest decisions, oldest first.
        promotions: Promotions and rollbacks, newest first.
        decisions: Newest decisions, newest first.
        champion: How the champion was made; None before the first.
        challenger: The newest version that is not the champion; None if there is none.
        drift: Features of the newest measured batch, largest shift first.
        drift_batch: That batch; None if none was measured.
        drift_reference: The reference of the spec: ``champion``, ``rolling`` or ``season``; empty
            if the spec cannot be read.
        incidents: Open ones first, then the newest closed ones.
        approvals: Open approvals.
        actions: Actions taken from the pages, newest first.
        hold: Why promotions are held now; empty if they are not.
        spec: The spec as loaded, as YAML; empty if it cannot be read.
    """

    summary: ModelSummary
    points: tuple[Point, ...]
    promotions: tuple[Promotion, ...]
    decisions: tuple[Decision, ...]
    champion: VersionEntry | None
    challenger: VersionEntry | None
    drift: tuple[ColumnDrift, ...]
    drift_batch: str | None
    drift_reference: str
    incidents: tuple[Incident, ...]
    approvals: tuple[Approval, ...]
    actions: tuple[Action, ...]
    hold: str
    spec: str


class FeatureBins(Record):
    """The distribution of a feature in the champion's reference and in a batch; shares in 0..1.

    ``labels`` name the bins: value ranges, categories, null and infinities.
    """

    feature: str
    labels: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]


class DecisionDetail(Record):
    """One decision in full, with its evidence and links; a link may be empty.

    Attributes:
        decision: The decision.
        delivery: The batch and its gate result; None if it was deleted.
        approval: The approval; None if none was needed.
        promotion: The promotion that it made; None if it made none.
        incidents: Incidents that its batch belongs to.
        drift: Every feature of the batch.
        dag_id: DAG of the run.
        run_link: Address of the run in Airflow, relative to Airflow's root, as are the two reports.
        mlflow_link: Address of the challenger's version in MLflow.
        report_link: Address of the Evidently report; empty if the store has none.
        docs_link: Address of the Data Docs; empty if the store has none.
    """

    decision: Decision
    delivery: Delivery | None
    approval: Approval | None
    promotion: Promotion | None
    incidents: tuple[Incident, ...]
    drift: tuple[ColumnDrift, ...]
    dag_id: str
    run_link: str
    mlflow_link: str
    report_link: str
    docs_link: str


class DecisionLine(Record):
    """One decision in a long list: its numbers, its trigger and its outcome."""

    point: Point
    trigger: str
    sentence: str
    outcome_sentence: str
    champion_before: str | None
    champion_after: str | None
    challenger_version: str | None


class DecisionsPage(Record):
    """One page of a model's decisions, newest first."""

    model: str
    decisions: tuple[DecisionLine, ...]
    n_decisions: int
    page: int
    n_pages: int
    page_size: int


class IncidentDetail(Record):
    """One incident with its messages and the decisions made while it was open, oldest first.

    Attributes:
        incident: The incident as it is now.
        messages: Messages about it, sent or waiting.
        points: Numbers of the newest decisions up to its end.
        runbook: Name of the runbook, under ``/runbooks``.
    """

    incident: Incident
    messages: tuple[OutboxEntry, ...]
    points: tuple[Point, ...]
    runbook: str


class ChampionAt(Record):
    """The champion at a given time, by the clock; the promotion is None before the first."""

    model: str
    at: datetime
    promotion: Promotion | None


class IncidentsPage(Record):
    """One page of incidents of the models that may be read: open ones first, then newest first."""

    incidents: tuple[Incident, ...]
    page: int
    page_size: int
    has_more: bool
