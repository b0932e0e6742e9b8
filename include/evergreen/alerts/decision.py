"""The alerts about one batch: rejected, drifted, retrain started, promoted, kept, stood down."""

from collections.abc import Sequence

from evergreen.alerts.builder import Links, build_alert, trigger, why
from evergreen.alerts.figures import of_drift, of_evaluation, of_rules
from evergreen.dag_ids import CONTINUAL_TRAINING, REDELIVERY, ROLLBACK, dag_id
from evergreen.measurements import ColumnDrift, DriftMeasurement
from evergreen.presentation.formatting import plural
from evergreen.presentation.phrases import NOTHING_TO_DO, listed
from evergreen.records import Alert, Evaluation, PromotionVerdict
from evergreen.signals import PolicyDecision

SHOWN = 5


def data_rejected(
    model: str,
    batch: str,
    *,
    reasons: Sequence[str],
    what: str = "data",
    delivery: str = "",
    n_rules: int | None = None,
    n_rows: int | None = None,
    links: Links = (),
) -> Alert:
    """A delivery was rejected and quarantined.

    Args:
        model: The model.
        batch: The batch.
        reasons: One sentence for each broken rule, or what was wrong with the delivery.
        what: ``data`` or ``labels``.
        delivery: Tells deliveries of one batch apart, such as by a hash; empty: one alert.
        n_rules: Rules that were checked; None: it did not come to that.
        n_rows: Rows of the delivery; None: not known.
        links: Where to look.
    """
    head = (
        f"The {what} of batch {batch} broke {plural(len(reasons), 'rule')} and went to quarantine."
    )
    follows = {
        "data": "The batch was not scored and no model was trained on it.",
        "labels": "The labels were not joined, so decay is not measured on them.",
    }[what]
    to_do = (
        f"Ask the owner of the source for a corrected delivery of {batch}; when it is there, start"
        f" {dag_id(REDELIVERY, model)} for it."
    )
    kind = {} if what == "data" else {"kind": what}
    tail = (what if what != "data" else "", delivery)
    return build_alert(
        "data_rejected",
        model,
        (batch, *tail),
        title=f"{model}: {what} of {batch} rejected",
        lines=(head, *listed(reasons, shown=SHOWN), follows, to_do),
        must_act=True,
        severity="warning",
        numbers=of_rules(n_rules and len(reasons), n_rules, n_rows),
        commands=(trigger(dag_id(REDELIVERY, model), batch=batch, **kind),),
        links=links,
    )


def drift(
    model: str,
    batch: str,
    *,
    measurement: DriftMeasurement,
    share_to_retrain: float,
    follow_up: str = "",
    links: Links = (),
) -> Alert:
    """Features of a batch drifted: one summary, whatever their number.

    Args:
        model: The model.
        batch: The batch.
        measurement: What was measured.
        share_to_retrain: The share (0..1) of drifted features that asks for a retrain.
        follow_up: What the policy made of it, one sentence.
        links: Where to look.
    """
    drifted = sorted(measurement.drifted, key=_weight, reverse=True)
    broken = [column.column for column in drifted if column.verdict == "not_computable"]
    look = (
        f"Look at {', '.join(broken[:SHOWN])}: drift could not be computed there." if broken else ""
    )
    ask = f"Ask the owner of the source about {batch}." if measurement.faults else ""
    must_act = bool(look or ask)
    return build_alert(
        "drift",
        model,
        (batch,),
        title=_drift_title(model, batch, measurement),
        lines=(
            _drift_headline(batch, measurement),
            *listed([f"{column.column}: {column.sentence}" for column in drifted], shown=SHOWN),
            follow_up,
            look,
            ask,
            "" if must_act else NOTHING_TO_DO,
        ),
        must_act=must_act,
        severity="warning",
        numbers=of_drift(measurement, share_to_retrain),
        commands=(why(model, batch),) if must_act else (),
        links=links,
    )


BEGUN = {"bootstrap": "first training", "reinstate": "return of a former champion"}


def retrain_started(
    model: str,
    batch: str,
    *,
    decision: PolicyDecision,
    requested_by: str = "",
    occurrence: str = "",
    links: Links = (),
) -> Alert:
    """The policy, or a person, asked for a challenger and its training has begun.

    Args:
        model: The model.
        batch: The batch that was decided on.
        decision: What was decided.
        requested_by: Who forced it; empty: nobody.
        occurrence: Tells several retrains on one batch apart, such as forced ones; else empty.
        links: Where to look.
    """
    who = f"Requested by {requested_by}." if requested_by else ""
    verb = BEGUN.get(decision.verdict, "retrain")
    return build_alert(
        "retrain_started",
        model,
        (batch, occurrence),
        title=f"{model}: {verb} started for {batch}",
        lines=(
            f"Trigger: {decision.trigger.replace('_', ' ')}. {decision.sentence}",
            who,
            f"{NOTHING_TO_DO} The verdict follows in this thread.",
        ),
        must_act=False,
        severity="info",
        links=links,
    )


def promoted(
    model: str,
    batch: str,
    *,
    version: str,
    previous_version: str | None,
    evaluation: Evaluation | None,
    verdict: PromotionVerdict,
    links: Links = (),
) -> Alert:
    """A challenger became champion."""
    before = f"was version {previous_version}" if previous_version else "there was none before"
    back = (
        f"To go back: start {dag_id(ROLLBACK, model)} with version {previous_version} and a reason."
        if previous_version
        else ""
    )
    return build_alert(
        "promoted",
        model,
        (batch, version),
        title=f"{model}: version {version} promoted",
        lines=(
            f"Champion is now version {version} ({before}).",
            verdict.sentence,
            NOTHING_TO_DO,
            back,
        ),
        must_act=False,
        severity="info",
        numbers=of_evaluation(evaluation),
        links=links,
    )


def kept(
    model: str,
    batch: str,
    *,
    challenger_version: str | None,
    champion_version: str | None,
    evaluation: Evaluation | None,
    verdict: PromotionVerdict,
    links: Links = (),
) -> Alert:
    """A challenger was trained and did not take the champion's place."""
    stays = (
        f"version {champion_version} stays champion"
        if champion_version
        else "there is still no champion"
    )
    must_act = champion_version is None
    to_do = (
        f"Without a champion nothing is scored: check the data and promotion.bootstrap_min_metric"
        f" of {model}, then start {dag_id(CONTINUAL_TRAINING, model)} again."
    )
    named = f"Challenger {challenger_version}" if challenger_version else "The challenger"
    return build_alert(
        "kept",
        model,
        (batch, challenger_version or ""),
        title=f"{model}: {stays}",
        lines=(
            f"{named} was not promoted; {stays}.",
            verdict.sentence,
            to_do if must_act else NOTHING_TO_DO,
        ),
        must_act=must_act,
        severity="critical" if must_act else "info",
        numbers=of_evaluation(evaluation),
        commands=(why(model, batch),) if must_act else (),
        links=links,
    )


def stood_down(model: str, batch: str, *, decision: PolicyDecision, links: Links = ()) -> Alert:
    """A quiet day: nothing crossed a limit, nothing was trained."""
    return build_alert(
        "stood_down",
        model,
        (batch,),
        title=f"{model}: no retrain needed for {batch}",
        lines=(decision.sentence, NOTHING_TO_DO),
        must_act=False,
        severity="info",
        links=links,
    )


def _weight(column: ColumnDrift) -> float:
    """How far over its limit a feature is; those that could not be computed come first."""
    if column.verdict == "not_computable":
        return float("inf")
    pairs = ((column.psi, column.psi_limit), (column.ks, column.ks_limit))
    return max(
        (value / limit for value, limit in pairs if value is not None and limit), default=0.0
    )


def _drift_title(model: str, batch: str, measurement: DriftMeasurement) -> str:
    if measurement.faults:
        return f"{model}: data of {batch} looks broken"
    return f"{model}: {plural(len(measurement.drifted), 'feature')} drifted in {batch}"


def _drift_headline(batch: str, measurement: DriftMeasurement) -> str:
    n_judged = sum(1 for c in measurement.columns if c.verdict != "insufficient_data")
    if measurement.drifted_share is None:
        return f"No feature of batch {batch} could be judged on {measurement.n_rows} rows."
    drifted = f"{len(measurement.drifted)} of {plural(n_judged, 'feature')} drifted"
    return f"{drifted} in {measurement.n_rows} rows of batch {batch}."
