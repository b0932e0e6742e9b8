"""Tasks of the DAGs ``watchdog`` and ``housekeeping``: each goes through all models by itself."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import task

from evergreen.errors import ExternalError
from evergreen.records import Json
from evergreen.workflows.model_context import ModelContext

log = logging.getLogger(__name__)


@task
def check_decisions() -> Json:
    """Alert for every accepted batch that has no closed decision within its time."""
    from evergreen.workflows.alerts.watchdog_checks import alert_late_decisions

    return _for_every_model(alert_late_decisions)


@task
def reconcile_champions() -> Json:
    """Let the alias follow the ledger; alert where somebody else moved it."""
    from evergreen.workflows.alerts.watchdog_checks import reconcile_champion

    return _for_every_model(reconcile_champion)


@task
def remind_of_approvals() -> Json:
    """Remind, once each, of questions that nobody has answered for long."""
    from evergreen.workflows.promote.approvals import remind_of_approvals as remind

    return _for_every_model(remind)


@task
def end_incidents() -> Json:
    """End the incidents about holds and questions that are over."""
    from evergreen.workflows.alerts.close_stale_incidents import end_what_is_over

    return _for_every_model(end_what_is_over)


@task
def send_digests() -> Json:
    """Send the summary of the day, once a day and channel, where a spec asks for it."""
    from evergreen.ledger.ledger import Ledger
    from evergreen.settings import read_settings
    from evergreen.spec.loader import load_specs
    from evergreen.workflows.alerts.daily_digest import send_digests as send

    settings = read_settings()
    with Ledger(settings.ledger_url) as ledger:
        loaded = load_specs(settings.models_dir, home=settings.home).loaded
        sent = send([ModelContext(settings, one, ledger) for one in loaded], now=datetime.now(UTC))
    log.info("daily summaries: %s", sent)
    return {"sent": sent}


@task
def deliver_alerts() -> Json:
    """Deliver what is still in the outbox."""
    from evergreen.workflows.alerts.outbox import deliver_pending

    return _for_every_model(deliver_pending)


@task
def apply_retention() -> Json:
    """Remove what has passed its retention."""
    from evergreen.workflows.housekeeping.retention import remove_expired

    return _for_every_model(remove_expired)


def _for_every_model(step: Callable[[ModelContext], Any]) -> Json:
    """Run a step for every model; one model's trouble does not keep the others waiting.

    Raises:
        ExternalError: At least one model's step failed; the text names each.
    """
    from evergreen.ledger.ledger import Ledger
    from evergreen.settings import read_settings
    from evergreen.spec.loader import load_specs

    settings = read_settings()
    done: Json = {}
    troubles: list[str] = []
    with Ledger(settings.ledger_url) as ledger:
        for loaded in load_specs(settings.models_dir, home=settings.home).loaded:
            name = loaded.spec.name
            try:
                done[name] = step(ModelContext(settings, loaded, ledger))
            except Exception as err:  # of whatever kind: the other models must not wait for it
                troubles.append(f"{name}: {err}")
                log.exception("%s", name)
    if troubles:
        raise ExternalError("; ".join(troubles))
    log.info("done for %d models: %s", len(done), done)
    return done
