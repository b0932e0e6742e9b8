"""Everything about one batch, as an engineer reads it at 3 a.m."""

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from evergreen.cli.console import cell, make_table, plain
from evergreen.cli.history_view import champion_text, verdict_text
from evergreen.ledger.records import Approval, Decision, Delivery
from evergreen.measurements import ColumnDrift
from evergreen.presentation.decisions import answer_label
from evergreen.presentation.formatting import (
    gain_with_error,
    metric_label,
    moment,
    number,
    with_error,
)
from evergreen.presentation.signals import LIMITS_UNKNOWN, most_moved_first, signals_of
from evergreen.records import Evaluation, GuardResult, MetricEstimate, Promotion
from evergreen.workflows.decide.decision_history import Attempt, Explanation


def show_explanation(console: Console, explanation: Explanation) -> None:
    """Print delivery, labels, and each decision with its signals, evaluation and promotion."""
    console.print(Text(f"{plain(explanation.model)}, batch {plain(explanation.batch)}", "bold"))
    facts = _facts()
    _add_delivery(facts, "data", explanation.delivery)
    _add_delivery(facts, "labels", explanation.labels)
    console.print(_indented(facts))
    if not explanation.attempts:
        console.print(Text(f"  No decision was made: {_why_none(explanation.delivery)}"))
    for position, attempt in enumerate(explanation.attempts, start=1):
        console.print()
        console.print(Text(_heading(position, explanation, attempt.decision), "bold"))
        for part in _attempt(attempt):
            console.print(_indented(part))


def _why_none(delivery: Delivery | None) -> str:
    if delivery is None:
        return "the batch has not arrived."
    if delivery.status == "rejected":
        return "the batch was rejected."
    if delivery.status == "received":
        return "the quality gate has not checked the batch yet; look at the run of ingest."
    return "continual_training has not reached the batch yet; look at its newest run."


def _heading(position: int, explanation: Explanation, decision: Decision) -> str:
    several = len(explanation.attempts)
    which = f"Decision {position} of {several}" if several > 1 else "Decision"
    return f"{which}, {moment(decision.decided_at)}, run {plain(decision.run_id)}"


def _attempt(attempt: Attempt) -> list[Table]:
    decision = attempt.decision
    facts = _facts()
    facts.add_row("verdict", verdict_text(decision))
    facts.add_row("because", cell(decision.sentence))
    if decision.trigger == "forced" or decision.reason:
        who = plain(decision.requested_by) or "somebody"
        facts.add_row("requested by", cell(f"{who}: {decision.reason or 'no reason given'}"))
    facts.add_row("outcome", cell(decision.outcome_sentence or decision.outcome))
    facts.add_row("champion", cell(champion_text(decision)))
    if decision.challenger_version:
        facts.add_row("challenger", cell(f"v{decision.challenger_version}"))
    if decision.evaluation is not None:
        _add_evaluation(facts, decision.evaluation)
    if attempt.approval is not None:
        facts.add_row("approval", cell(_approval_text(attempt.approval)))
    if attempt.promotion is not None:
        facts.add_row("promotion", cell(_promotion_text(attempt.promotion)))
    if decision.report_path:
        facts.add_row("drift report", cell(decision.report_path))
    facts.add_row("spec", cell(f"hash {decision.spec_hash[:12]}, decision id {decision.id}"))
    return [facts, _signals(attempt), *_features(decision)]


def _approval_text(approval: Approval) -> str:
    asked = f"asked {moment(approval.asked_at)}, due {moment(approval.due_at)}"
    who = f" by {approval.answered_by}" if approval.answered_by else ""
    comment = f": {approval.comment}" if approval.comment else ""
    reminded = ", reminded" if approval.reminded_at else ""
    return f"{answer_label(approval.answer)}{who}{comment} ({asked}{reminded})"


def _signals(attempt: Attempt) -> Table:
    decision, limits = attempt.decision, attempt.limits
    columns = ("signal", "measured", "limit", "unit", "verdict", "explanation")
    table = make_table("Signals", columns, wide=columns[-1:])
    for one in signals_of(decision.signals, decision.state_after, limits):
        row = (one.name, one.measured, one.limit, one.unit, one.says, one.sentence)
        table.add_row(*(cell(text) for text in row))
    if limits is None:
        table.caption = LIMITS_UNKNOWN
        table.caption_justify = "left"
    return table


def _features(decision: Decision) -> list[Table]:
    drift = decision.signals.drift
    if drift is None:
        return []
    columns = ("feature", "verdict", "PSI", "limit", "D", "limit", "null share", "explanation")
    table = make_table(
        f"Drift per feature against v{decision.champion_before}", columns, wide=columns[-1:]
    )
    for column in most_moved_first(drift.columns):
        table.add_row(
            cell(column.column),
            cell(column.verdict),
            number(column.psi),
            number(column.psi_limit),
            number(column.ks),
            number(column.ks_limit),
            _null_shares(column),
            cell(column.sentence),
        )
    return [table]


def _null_shares(column: ColumnDrift) -> str:
    if column.null_share is None:
        return "-"
    limit = "" if column.null_limit is None else f", may rise {number(column.null_limit)}"
    return f"{number(column.null_share)} (was {number(column.reference_null_share)}{limit})"


def _add_delivery(facts: Table, kind: str, delivery: Delivery | None) -> None:
    if delivery is None:
        facts.add_row(kind, "not arrived")
        return
    text = cell(delivery.status)
    text.append(f": {plain(delivery.sentence)}")
    facts.add_row(kind, text)
    if delivery.window is not None and kind == "data":
        facts.add_row("", cell(f"{delivery.window}, {delivery.n_rows:,} rows"))
    if delivery.quality is not None:
        for rule in delivery.quality.broken_rules:
            facts.add_row("", cell(f"{rule.rule} {rule.column or ''}: {rule.sentence}"))


def _add_evaluation(facts: Table, evaluation: Evaluation) -> None:
    facts.add_row("evaluation", cell(evaluation.sentence))
    facts.add_row("", cell(f"challenger {_estimate(evaluation.challenger)}"))
    if evaluation.champion is not None:
        facts.add_row("", cell(f"champion {_estimate(evaluation.champion)}"))
    gain = f"gain {gain_with_error(evaluation.gain, evaluation.gain_se)}"
    facts.add_row("", cell(f"{gain} over {evaluation.n_rows:,} rows, {evaluation.holdout}"))
    for one in evaluation.candidates:
        facts.add_row(
            "", cell(f"candidate {one.candidate}: gain {number(one.gain, is_signed=True)}")
        )
    if evaluation.guards:
        _add_guards(facts, evaluation.guards)


def _add_guards(facts: Table, guards: tuple[GuardResult, ...]) -> None:
    """Add how many guards passed, and each one that did not, with its sentence."""
    n_passed = sum(guard.verdict == "passed" for guard in guards)
    facts.add_row("guards", cell(f"{n_passed} of {len(guards)} passed"))
    for guard in guards:
        if guard.verdict != "passed":
            facts.add_row("", cell(f"{guard.guard} {guard.verdict}: {guard.sentence}"))


def _promotion_text(promotion: Promotion) -> str:
    return (
        f"epoch {promotion.epoch}: v{promotion.version} ({promotion.kind}, {promotion.state}),"
        f" {moment(promotion.promoted_at)}"
    )


def _estimate(estimate: MetricEstimate) -> str:
    return f"{metric_label(estimate.name)} {with_error(estimate.value, estimate.se)}"


def _indented(table: Table) -> Padding:
    return Padding(table, (0, 0, 0, 2), expand=False)


def _facts() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    return grid
