"""Moving the champion, forwards and back, through the exactly-once protocol."""

from typing import Any

from evergreen.errors import RequestError
from evergreen.ledger.decisions import decision_id
from evergreen.orchestration.fencing import check_age
from evergreen.orchestration.request import MAX_REASON, check_keys, text_of
from evergreen.orchestration.workbench import Workbench
from evergreen.records import Promotion

Payload = dict[str, Any]


def promote_challenger(
    bench: Workbench, asked: Payload, trained: Payload, evaluated: Payload, *, token: int | None
) -> Promotion:
    """Make the challenger champion through the exactly-once protocol; ``token``: as claimed.

    Raises:
        PromotionError: As for ``promote``; or the evaluation is too old to be acted upon.
    """
    from evergreen.promotion.protocol import promote

    check_age(bench, asked, evaluated["evaluation"].get("evaluated_at"))
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
        token=token,
        requested_by=asked["request"]["requested_by"],
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
        requested_by=requested_by,
    )
