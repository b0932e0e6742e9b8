"""The alert about a champion that does worse on labels than when it was promoted."""

from evergreen.alerts.builder import Links, build_alert, why
from evergreen.alerts.figures import of_decay
from evergreen.measurements import DecayMeasurement
from evergreen.presentation.phrases import NOTHING_TO_DO
from evergreen.records import Alert

LOOK_NOW = (
    "Check the data and the labels. If the drop began with a promotion, a rollback is quicker than"
    " a retrain."
)


def decay(
    model: str,
    batch: str,
    *,
    measurement: DecayMeasurement | None,
    follow_up: str = "",
    is_alarm: bool = False,
    links: Links = (),
) -> Alert:
    """The champion does worse on matured labels than when it was promoted.

    Args:
        model: The model.
        batch: The batch that was decided on.
        measurement: What was measured; None where only the newest labels say so.
        follow_up: What the policy made of it, one sentence.
        is_alarm: The policy sees a sudden drop.
        links: Where to look.
    """
    metric = _metric(measurement)
    return build_alert(
        "decay",
        model,
        (batch,),
        title=f"{model}: {'sudden drop' if is_alarm else 'decay'} of {metric}, seen in {batch}",
        lines=(
            "" if measurement is None else measurement.sentence,
            _looked_at(measurement),
            follow_up,
            LOOK_NOW if is_alarm else NOTHING_TO_DO,
        ),
        must_act=is_alarm,
        severity="critical" if is_alarm else "warning",
        numbers=of_decay(measurement),
        commands=(why(model, batch), f"evergreen champion {model}") if is_alarm else (),
        links=links,
    )


def _metric(measurement: DecayMeasurement | None) -> str:
    known = None if measurement is None else measurement.current or measurement.reference
    return "the metric" if known is None else known.name


def _looked_at(measurement: DecayMeasurement | None) -> str:
    if measurement is None or not measurement.batches:
        return ""
    return f"Newest batch with labels: {measurement.batches[-1]}."
