"""Moving the champion, forwards and back, through the exactly-once protocol."""

from typing import Any

from evergreen.errors import RequestError
from evergreen.ledger.decisions import decision_id
from evergreen.orchestration.request import MAX_REASON, check_keys, text_of
from evergreen.orchestration.runs import newer_batch
from evergreen.orchestration.workbench import Workbench
from evergreen.records import Promotion

Payload = dict[str, Any]


def outdated_by(bench: Workbench, asked: Payload) -> str | None:
    """Give the batch that was accepted since the evaluation, so that nothing may be moved any more.

    None also where this run's promotion has begun: what was begun is finished.
    """
    if bench.ledger.promotions.by_decision(bench.spec.name, asked["decision"]) is not None:
        return None
    return newer_batch(bench, asked["batch"])


def promote_challenger(
    bench: Workbench, asked: Payload, trained: Payload, evaluated: Payload
) -> Promotion:
    """Make the challenger champion through the exactly-once protocol."""
    from evergreen.promotion.protocol import promote

    expected = evaluated["evaluation"]["champion_version"]
    return promote(
        bench.ledger.promotions,
        bench.registry,
        model=bench.spec.name,
        version=trained["version"],
        sha256=trained["sha256"],
        expected_champion=expected,
        decision_id=asked["decision"],
        kind="bootstrap" if expected is None else "promotion",
        reason=evaluated["verdict"]["sentence"],
    )


def roll_back_champion(
    bench: Workbench, conf: object, *, run_id: str, requested_by: str
) -> Promotion:
    """Go back to the version that the conf names, or to the previous champion.

    Raises:
        RequestError: No reason, an unknown version, or nothing to go back to.
    """
    from evergreen.promotion.rollback import roll_back

    given = check_keys(conf, allowed=("version", "reason"))
    version = text_of(given, "version", longest=20) or None
    reason = text_of(given, "reason", longest=MAX_REASON)
    if not reason:
        raise RequestError('a rollback needs a reason: {"reason": "why"}')
    who = f"{requested_by}: {reason}" if requested_by else reason
    return roll_back(
        bench.ledger.promotions,
        bench.registry,
        model=bench.spec.name,
        to_version=version,
        decision_id=decision_id(bench.spec.name, "rollback", run_id),
        reason=who,
    )
