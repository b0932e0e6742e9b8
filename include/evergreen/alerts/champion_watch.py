"""The alerts of the watch after a promotion: it went back by itself, or was kept from doing so."""

from datetime import datetime

from evergreen.alerts.builder import Links, build_alert, trigger
from evergreen.alerts.figures import of_champions
from evergreen.dag_ids import ROLLBACK, dag_id
from evergreen.presentation.phrases import NOTHING_TO_DO, shortened
from evergreen.records import Alert

MAX_REASON = 600


def auto_rolled_back(
    model: str,
    *,
    epoch: int,
    version: str,
    previous_version: str | None,
    reason: str,
    links: Links = (),
) -> Alert:
    """A new champion did worse than the former one, which serves again; nobody had to ask.

    Args:
        model: The model.
        epoch: The ledger's epoch of the rollback.
        version: The champion from now on.
        previous_version: The one that did worse.
        reason: What the watch found, with its figures.
        links: Where to look.
    """
    return build_alert(
        "auto_rolled_back",
        model,
        (str(epoch),),
        story="champion",
        title=f"{model}: version {previous_version} did worse, version {version} serves again",
        lines=(
            f"Champion is now version {version} (was {previous_version}); the watch moved it.",
            shortened(reason, MAX_REASON),
            f"{NOTHING_TO_DO} Version {previous_version} does not return automatically; the next"
            f" retrain is judged against {version}.",
        ),
        must_act=False,
        severity="warning",
        numbers=of_champions(version, previous_version),
        links=links,
    )


def rollback_held(
    model: str,
    *,
    epoch: int,
    version: str,
    former_version: str,
    reason: str,
    held: str,
    since: datetime | None = None,
    links: Links = (),
) -> Alert:
    """A new champion does worse, and stays because a person holds promotions.

    Args:
        model: The model.
        epoch: The ledger's epoch of the champion.
        version: The champion that does worse.
        former_version: The one that would serve again.
        reason: What the watch found, with its figures.
        held: Who holds promotions, since when and why.
        since: When that champion was promoted.
        links: Where to look.
    """
    return build_alert(
        "rollback_held",
        model,
        (str(epoch),),
        story="champion",
        title=f"{model}: version {version} is worse than {former_version}, rollback held",
        lines=(
            shortened(reason, MAX_REASON),
            f"It would have been rolled back to version {former_version}, but {held}.",
            f"Decide: start {dag_id(ROLLBACK, model)} with version {former_version} and a reason,"
            " which works while promotions are held; or leave it.",
        ),
        must_act=True,
        severity="critical",
        numbers=of_champions(version, former_version),
        since=since,
        commands=(trigger(dag_id(ROLLBACK, model), version=former_version, reason="<why>"),),
        links=links,
    )
