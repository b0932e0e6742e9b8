"""The alerts about what people say: approval wanted, promotion held, promotion forced."""

from datetime import datetime
from typing import Literal

from evergreen.alerts.builder import Links, build_alert, why
from evergreen.alerts.figures import of_champions, of_evaluation
from evergreen.dag_ids import HOLD, ROLLBACK, dag_id
from evergreen.presentation.formatting import duration, plural
from evergreen.presentation.phrases import NOTHING_TO_DO, shortened
from evergreen.records import Alert, Evaluation, HoldCause

MAX_REASON = 1200
ON_TIMEOUT = {
    "keep": "the champion stays",
    "promote": "it is promoted without an answer",
}


def approval_wanted(
    model: str,
    batch: str,
    *,
    version: str,
    champion_version: str | None,
    evaluation: Evaluation | None,
    sentence: str,
    due_at: datetime,
    on_timeout: Literal["keep", "promote"],
    approvers: tuple[str, ...] = (),
    occurrence: str = "",
    since: datetime | None = None,
    links: Links = (),
) -> Alert:
    """A challenger beat the champion, and a person is asked whether it may take its place.

    Args:
        model: The model.
        batch: The batch that was decided on.
        version: The challenger.
        champion_version: The champion; None where there is none yet.
        evaluation: Both on the same rows.
        sentence: Why the rule would promote it.
        due_at: When the time to answer ends.
        on_timeout: What happens then.
        approvers: Who may answer; empty: everybody with the right to in Airflow.
        occurrence: Tells several questions about one batch apart.
        since: When it was asked.
        links: Where to look; the page in Airflow on which it is answered comes first.
    """
    won = (
        f"Challenger {version} beat the champion, version {champion_version}, on {batch}."
        if champion_version
        else f"Version {version} would be the first champion, on {batch}."
    )
    who = f" by {', '.join(approvers)}" if approvers else ""
    return build_alert(
        "approval_wanted",
        model,
        (batch, occurrence),
        title=f"{model}: may version {version} become champion?",
        lines=(
            f"{won} It waits for approval{who}.",
            sentence,
            f"Answer in Airflow until {due_at:%Y-%m-%d %H:%M} UTC; after that"
            f" {ON_TIMEOUT[on_timeout]}.",
        ),
        must_act=True,
        severity="warning",
        numbers=of_evaluation(evaluation),
        commands=(why(model, batch),),
        since=since,
        links=links,
    )


def approval_reminder(asked: Alert, *, waited_hours: float, left_hours: float) -> Alert:
    """Remind of a question that nobody has answered; it goes to the thread of the question.

    Args:
        asked: The alert by which it was asked.
        waited_hours: Since then.
        left_hours: Until the time to answer ends.
    """
    line = f"Nobody has answered for {duration(waited_hours)}; {duration(left_hours)} are left."
    return asked.model_copy(
        update={
            "message_key": f"{asked.message_key}:reminder",
            "title": f"Reminder: {asked.title}",
            "text": f"{line}\n{asked.text}",
        }
    )


def promotion_held(
    model: str,
    batch: str,
    *,
    version: str | None,
    champion_version: str | None,
    cause: HoldCause,
    sentence: str,
    links: Links = (),
) -> Alert:
    """A challenger won, and its promotion was held by a person or by a freeze of the spec.

    Args:
        model: The model.
        batch: The batch.
        version: The challenger.
        champion_version: The version that stays; None where there is none yet.
        cause: ``freeze`` ends by itself; a ``hold`` stands until a person releases it.
        sentence: What holds, since or until when, and why.
        links: Where to look.
    """
    stays = (
        f"version {champion_version} stays" if champion_version else "there is still no champion"
    )
    to_do = {
        "freeze": f"{NOTHING_TO_DO} After the freeze the next decision trains a new challenger.",
        "hold": f"Release it when its reason no longer applies: {dag_id(HOLD, model)} with action"
        f" release, or evergreen release {model}. Then a new challenger is trained and judged;"
        " this one is not promoted later.",
    }[cause]
    return build_alert(
        "promotion_held",
        model,
        (batch, version or ""),
        title=f"{model}: promotion of version {version or '?'} held",
        lines=(
            f"Challenger {version or '?'} won and was not promoted: {stays}.",
            sentence,
            to_do,
        ),
        must_act=cause == "hold",
        severity="warning" if cause == "hold" else "info",
        numbers=(
            ("Challenger", f"version {version or '?'}"),
            ("Champion", f"version {champion_version}" if champion_version else "none"),
        ),
        commands=(f"evergreen release {model} --reason '<why>'",) if cause == "hold" else (),
        links=links,
    )


def forced(
    model: str,
    *,
    epoch: int,
    version: str,
    previous_version: str | None,
    reason: str,
    requested_by: str,
    links: Links = (),
) -> Alert:
    """A person made a named version champion, without asking the rule.

    Args:
        model: The model.
        epoch: The ledger's epoch of the promotion.
        version: The champion from now on.
        previous_version: The champion until now; None where there was none.
        reason: Why, and what is known of the version.
        requested_by: Who it was; empty: not known.
        links: Where to look.
    """
    before = f"was version {previous_version}" if previous_version else "there was none before"
    back = (
        f"To go back: start {dag_id(ROLLBACK, model)} with version {previous_version} and a reason."
        if previous_version
        else ""
    )
    return build_alert(
        "forced",
        model,
        (str(epoch),),
        story="champion",
        title=f"{model}: version {version} forced to champion",
        lines=(
            f"{requested_by or 'Somebody'} made version {version} champion by hand ({before});"
            " the promotion rule was not applied.",
            shortened(reason, MAX_REASON),
            f"{NOTHING_TO_DO} The next retrain is judged against {version}.",
            back,
        ),
        must_act=False,
        severity="info",
        numbers=of_champions(version, previous_version),
        links=links,
    )


def of_guards(evaluation: Evaluation | None) -> str:
    """Count the guards by verdict, and name those that are no pass; empty where there are none."""
    if evaluation is None or not evaluation.guards:
        return ""
    open_ones = [guard for guard in evaluation.guards if guard.verdict != "passed"]
    n_passed = len(evaluation.guards) - len(open_ones)
    named = "; ".join(f"{guard.guard} {guard.verdict}: {guard.sentence}" for guard in open_ones)
    passed = f"{plural(n_passed, 'guard')} passed"
    return f"{passed}; {named}" if named else passed
