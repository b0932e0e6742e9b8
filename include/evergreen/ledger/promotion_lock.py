"""Who may promote a model now: a fencing token per model; only the newest one is good."""

from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from evergreen.errors import StaleTokenError
from evergreen.ledger.tables import LaneRow


def next_token(session: Session, model: str, decision_id: str) -> int:
    """Take the promotion lock of a model for a decision: all earlier tokens are stale.

    The row is locked until the transaction ends, so that taking the lock and writing with a token
    never overlap.
    """
    lane = _locked(session, model) or _first(session, model, decision_id)
    lane.token += 1
    lane.decision_id = decision_id
    lane.taken_at = datetime.now(UTC)
    return lane.token


def check_token(session: Session, model: str, token: int, decision_id: str) -> None:
    """Refuse a token that is not its model's newest; lock its row until the transaction ends.

    Raises:
        StaleTokenError: Another run took the lock since; the text says which and when.
    """
    lane = _locked(session, model)
    if lane is not None and lane.token == token:
        return
    if lane is None:
        raise StaleTokenError(
            f"token {token} of {model} was never given; take the promotion lock before promoting"
        )
    is_own = lane.decision_id == decision_id
    who = "a later try of this same decision" if is_own else f"decision {lane.decision_id}"
    remedy = "wait for that try" if is_own else "clear the task to decide again whether it may"
    raise StaleTokenError(
        f"this run may no longer promote {model}: {who} took over at"
        f" {lane.taken_at:%Y-%m-%d %H:%M:%S} UTC; nothing was changed: {remedy}"
    )


def _locked(session: Session, model: str) -> LaneRow | None:
    return session.get(LaneRow, model, with_for_update=True, populate_existing=True)


def _first(session: Session, model: str, decision_id: str) -> LaneRow:
    """Make the row of a model; where another makes it at the same time, wait for that one."""
    row = LaneRow(model=model, token=0, decision_id=decision_id, taken_at=datetime.now(UTC))
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        row = session.get_one(LaneRow, model, with_for_update=True, populate_existing=True)
    return row
