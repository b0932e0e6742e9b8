"""Commands about incidents and the messages about them."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from evergreen.cli.console import cell, examples, make_table, say, screen, show_json
from evergreen.cli.ledger_commands import AsJson, open_ledger
from evergreen.ledger.records import Incident, OutboxEntry
from evergreen.presentation.formatting import moment, plural
from evergreen.workflows.alerts.incident_status import status_of

alert_app = typer.Typer()

NEWEST = 50
OfModel = Annotated[str | None, typer.Option(help="Only of this model.", show_default="all models")]


@alert_app.command(
    "incidents",
    epilog=examples(
        "evergreen incidents --open",
        "evergreen incidents --model flights --limit 10",
        "evergreen incidents --json",
    ),
)
def incidents(
    only_open: Annotated[bool, typer.Option("--open", help="Only open incidents.")] = False,
    model: OfModel = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many, the newest.")] = NEWEST,
    as_json: AsJson = False,
) -> None:
    """List incidents, newest first: what, since when, who works on it, how it ended."""
    with open_ledger() as (ledger, _):
        found = ledger.incidents.history(model, limit=limit, only_open=only_open)
    if as_json:
        show_json([incident.to_json() for incident in found])
        return
    if not found:
        say("No open incidents." if only_open else "No incidents.")
        return
    columns = ("id", "since", "model", "topic", "severity", "must act", "what", "status")
    table = make_table("Incidents", columns, wide=("what", "status"))
    now = datetime.now(UTC)
    for incident in found:
        table.add_row(
            str(incident.id),
            moment(incident.opened_at),
            cell(incident.model),
            cell(incident.topic.replace("_", " ")),
            cell(incident.severity),
            "yes" if incident.must_act else "no",
            cell(incident.title),
            cell(_status_text(incident, now)),
        )
    screen().print(table)


@alert_app.command(
    "alerts",
    epilog=examples(
        "evergreen alerts",
        "evergreen alerts --undelivered",
        "evergreen alerts --resend",
        "evergreen alerts --model flights --json",
    ),
)
def alerts(
    undelivered: Annotated[
        bool, typer.Option("--undelivered", help="Only those that were not delivered.")
    ] = False,
    resend: Annotated[
        bool,
        typer.Option(
            "--resend",
            help="Send again what Slack refused; first fix the token or the channel.",
        ),
    ] = False,
    model: OfModel = None,
    as_json: AsJson = False,
) -> None:
    """List the messages and whether each was delivered."""
    with open_ledger() as (ledger, _):
        if resend:
            n_again = ledger.alerts.send_again(model)
            say(f"{plural(n_again, 'refused alert')}: the watchdog sends again within 10 minutes.")
            return
        entries = [
            entry
            for entry in ledger.alerts.history(model)
            if not undelivered or entry.state in ("pending", "undeliverable")
        ]
    if as_json:
        show_json([entry.to_json() for entry in entries])
        return
    if not entries:
        say("No undelivered alerts." if undelivered else "No alerts.")
        return
    columns = ("raised", "model", "kind", "incident", "must act", "state", "what", "last error")
    table = make_table("Alerts", columns, wide=("what",))
    for entry in entries:
        alert = entry.alert
        table.add_row(
            moment(entry.raised_at),
            cell(alert.model),
            cell(alert.kind.replace("_", " ")),
            "" if entry.incident_id is None else f"{entry.incident_id} {entry.role}",
            "yes" if alert.must_act else "no",
            cell(entry.state),
            cell(f"{alert.title}. {alert.text}"),
            cell(_error_text(entry)),
        )
    screen().print(table)


def _error_text(entry: OutboxEntry) -> str:
    if not entry.last_error:
        return ""
    return f"{entry.last_error} ({plural(entry.attempts, 'attempt')})"


def _status_text(incident: Incident, now: datetime) -> str:
    status = status_of(incident, now)
    if not incident.is_open:
        return status.ending
    events = f"open, {plural(incident.n_events, 'event')}" if incident.n_events > 1 else "open"
    return "; ".join(text for text in (events, status.acknowledged, status.snoozed) if text)
