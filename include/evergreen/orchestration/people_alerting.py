"""Raising the alerts about what people say: approval wanted, and its reminder; forced."""

from datetime import datetime
from typing import Any

from evergreen.ledger.entries import Approval
from evergreen.notify import alerts
from evergreen.orchestration.alerting import links, raise_alert
from evergreen.orchestration.runs import run_url
from evergreen.orchestration.staying import SECONDS_PER_HOUR
from evergreen.orchestration.workbench import Workbench
from evergreen.records import Evaluation, Promotion

Payload = dict[str, Any]


def alert_wanted(
    bench: Workbench, context: Any, approval: Approval, batch: str, evaluated: Payload
) -> None:
    """Ask in the batch's thread, with the page in Airflow on which it is answered."""
    evaluation = Evaluation.from_json(evaluated["evaluation"])
    raise_alert(
        bench,
        alerts.approval_wanted(
            bench.spec.name,
            batch,
            version=approval.version,
            champion_version=evaluation.champion_version,
            evaluation=evaluation,
            sentence=evaluated["verdict"]["sentence"],
            due_at=approval.due_at,
            on_timeout=bench.spec.promotion.approval_on_timeout,
            approvers=bench.spec.promotion.approvers,
            occurrence=_occurrence(approval),
            links=(*_answer_link(bench, context), *links(bench, "approval_wanted", context)),
        ),
    )


def remind(bench: Workbench, approval: Approval, batch: str, *, now: datetime) -> None:
    """Remind of a question in the thread in which it was asked."""
    asked = bench.ledger.alerts.get(
        f"approval_wanted:{bench.spec.name}:{batch}:{_occurrence(approval)}"
    )
    if asked is None:
        return
    reminder = alerts.approval_reminder(
        asked.alert,
        waited_hours=(now - approval.asked_at).total_seconds() / SECONDS_PER_HOUR,
        left_hours=(approval.due_at - now).total_seconds() / SECONDS_PER_HOUR,
    )
    raise_alert(bench, reminder)


def tell_forced(bench: Workbench, promotion: Promotion, context: Any = None) -> bool:
    """Tell that a person made a version champion; False when it was told before.

    Without a context, from outside a run, it is stored for the watchdog to send.
    """
    alert = alerts.forced(
        bench.spec.name,
        epoch=promotion.epoch,
        version=promotion.version,
        previous_version=promotion.previous_version,
        reason=promotion.reason,
        requested_by=promotion.requested_by,
        links=links(bench, "forced", context),
    )
    return raise_alert(bench, alert, is_sent_now=context is not None)


def _answer_link(bench: Workbench, context: Any) -> tuple[tuple[str, str], ...]:
    run = run_url(bench.settings.airflow_url, context)
    return (("answer", f"{run}/tasks/approve/required_actions"),) if run else ()


def _occurrence(approval: Approval) -> str:
    """Tell a question about a newer evaluation of the same decision from the one before."""
    return f"{approval.decision_id}:{approval.asked_at:%Y%m%dT%H%M%S}"
