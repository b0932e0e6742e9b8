"""What the pages and the JSON API show: frozen records, without HTML.

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
    """The figures of one decision: what a timeline, a sparkline or a gauge is made of.

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
        state: What it is in, the most urgent first where several hold.
        state_sentence: Why, in one sentence.
        attention: Rank in the list; higher needs a person sooner.
        owner: Who looks after it; empty where the spec names nobody.
        champion_version: None before the first.
        champion_since: When it was promoted.
        last: The newest decision's figures; None before the first.
        last_sentence: The newest decision in one sentence.
        next_batch_at: When the next batch is expected; None where nothing tells.
        open_incidents: How many are open.
        points: Newest figures, oldest first, for sparklines.
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
        points: Figures of the newest decisions, oldest first.
        promotions: Moves of the champion, newest first.
        decisions: Newest decisions, newest first.
        champion: How the champion was made; None before the first.
        challenger: The newest version that is not the champion; None where there is none.
        drift: Features of the newest measured batch, the most moved first.
        drift_batch: That batch; None where none was measured.
        drift_reference: What the spec compares with: ``champion``, ``rolling`` or ``season``; empty
            where it cannot be read.
        incidents: Open ones first, then the newest closed ones.
        approvals: Questions that wait for an answer.
        actions: What people did from the pages, newest first.
        hold: Why promotions stand still now; empty when they do not.
        spec: The spec as loaded, as YAML; empty where it cannot be read.
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
    """How one feature was distributed in the champion's reference and in a batch; shares in 0..1.

    ``labels`` name the bins: value ranges, categories, null and infinities.
    """

    feature: str
    labels: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]


class DecisionDetail(Record):
    """One decision in full, with what it rests on and where else to look; links may be empty.

    Attributes:
        decision: The record.
        delivery: The batch and its gate result; None where it is gone.
        approval: What a person was asked; None where nobody was.
        promotion: The move that it made; None where it made none.
        incidents: Incidents that its batch belongs to.
        drift: Every feature of the batch.
        dag_id: DAG of the run.
        run_link: Address of the run in Airflow, from its root, like the two reports' below.
        mlflow_link: Address of the challenger's version in MLflow.
        report_link: Address of the Evidently report; empty where the store has none.
        docs_link: Address of the Data Docs; empty where the store has none.
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
    """One decision in a long list: its figures, what asked for it and what came of it."""

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
        incident: How it stands.
        messages: What people were told, or are still to be told.
        points: Figures of the newest decisions up to its end.
        runbook: Name of the runbook, under ``/runbooks``.
    """

    incident: Incident
    messages: tuple[OutboxEntry, ...]
    points: tuple[Point, ...]
    runbook: str


class ChampionAt(Record):
    """Who was champion at a moment, by the clock; the promotion is None before the first."""

    model: str
    at: datetime
    promotion: Promotion | None


class IncidentsPage(Record):
    """One page of incidents of the models that may be read: open ones first, then newest first."""

    incidents: tuple[Incident, ...]
    page: int
    page_size: int
    has_more: bool
