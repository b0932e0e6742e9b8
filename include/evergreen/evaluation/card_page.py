"""The model card as a page of Markdown, and in three lines for the registry."""

from collections.abc import Sequence

from evergreen.evaluation.card import Attribution, CardAct, CardDecision, ModelCard
from evergreen.evaluation.markdown import escape, facts, table
from evergreen.records import Evaluation, MetricEstimate, Window

Z_95 = 1.959963984540054
MAX_ROWS = 30
DIGITS = 12


def draw_card(card: ModelCard) -> str:
    """Return the card as Markdown; what data and people wrote is shown and never obeyed."""
    parts = [
        f"# Model card: {escape(card.model)} v{escape(card.version)}",
        summarise(card),
        _identity(card),
        _section("Decision", _decision(card.decision)),
        _section("Against the champion", *_judged(card.evaluation)),
        _section("Slices of the holdout", _slices(card)),
        _section("What it learnt from", *_learnt(card)),
        _section("Drift when it was judged", *_drift(card)),
        _section("What moves its scores", *_attributions(card)),
        _section("People and promotions", _acts(card.acts)),
        _section("Lineage", _lineage(card)),
    ]
    return "\n\n".join(parts) + "\n"


def summarise(card: ModelCard) -> str:
    """Return the card in a few escaped lines of Markdown, for the registry's description."""
    training, evaluation = card.training, card.evaluation
    lines = [
        f"{_outcome(card.decision)}: {escape(card.decision.outcome_sentence)}",
        f"Learnt from {training.n_rows:,} rows, {escape(training.window)}, on"
        f" {escape(training.device)}; made for batch {escape(card.lineage.batch)}.",
    ]
    if evaluation is not None:
        told = f"{escape(evaluation.challenger.name)} {_estimate(evaluation.challenger)}"
        if evaluation.gain is not None:
            told += f", gain {_gain(evaluation)} over v{escape(evaluation.champion_version)}"
        lines.insert(1, f"{told}, on {evaluation.n_rows:,} rows of the holdout.")
    return "  \n".join(lines)


def _section(title: str, *parts: str) -> str:
    return "\n\n".join([f"## {title}", *(part for part in parts if part)])


def _identity(card: ModelCard) -> str:
    return facts(
        [
            ("Model", f"{card.model}, version {card.version}"),
            ("What it is for", card.description or None),
            ("Owner", card.owner),
            ("Task", card.task),
            ("sha256 of model.lgb", card.sha256),
            ("Made", f"{card.made_at:%Y-%m-%d %H:%M} UTC"),
        ]
    )


def _decision(decision: CardDecision) -> str:
    verdict = decision.promotion
    rows: list[tuple[str, object]] = [
        ("Decision", f"{decision.id}, about batch {decision.batch}"),
        ("Verdict", f"{decision.verdict}, asked for by {decision.trigger}"),
        ("Because", decision.sentence),
        ("Requested by", decision.requested_by or None),
        ("Reason given", decision.reason or None),
        ("Outcome", f"{decision.outcome}: {decision.outcome_sentence}"),
    ]
    if verdict is not None:
        cause = f" ({verdict.cause})" if verdict.cause else ""
        rows += [
            ("Rule", f"{verdict.verdict}{cause}: {verdict.sentence}"),
            ("Probability that the gain is positive", _number(verdict.probability)),
            ("e-value", _number(verdict.e_value)),
        ]
    return facts(rows)


def _judged(evaluation: Evaluation | None) -> list[str]:
    if evaluation is None:
        return ["It was not evaluated."]
    champion = evaluation.champion
    named = f"champion v{evaluation.champion_version}"
    rows: list[Sequence[object]] = [
        ("this version", *_metric_cells(evaluation.challenger)),
        *([(named, *_metric_cells(champion))] if champion is not None else []),
    ]
    if evaluation.gain is not None:
        ends = _gain_ends(evaluation)
        rows.append(("gain, positive is better", f"{evaluation.gain:+.4f}", ends, None))
    return [
        facts([("In short", evaluation.sentence)]),
        table((escape(evaluation.challenger.name), "value", "95 % interval", "rows"), rows),
        facts(
            [
                ("Holdout", evaluation.holdout),
                ("Method", evaluation.method or None),
                ("Challengers looked at", evaluation.n_looks),
            ]
        ),
        *_looked_at(evaluation),
    ]


def _looked_at(evaluation: Evaluation) -> list[str]:
    parts = []
    if evaluation.guards:
        guards = [
            (g.guard, g.verdict, _number(g.value), _number(g.limit), g.n_rows, g.sentence)
            for g in evaluation.guards
        ]
        header = ("guard", "verdict", "measured", "limit", "rows", "in one sentence")
        parts.append(table(header, guards))
    if evaluation.candidates:
        tried = [
            (c.candidate, c.version, _number(c.gain), _number(c.gain_se), c.sentence)
            for c in evaluation.candidates
        ]
        parts.append(table(("candidate", "version", "gain", "error", "in one sentence"), tried))
    return parts


def _slices(card: ModelCard) -> str:
    if not card.slices:
        return "None: decay.slices of the spec names no column, or nothing was measured."
    rows = [
        (f"{one.feature} = {one.value}", one.verdict, *_metric_cells(one.estimate), one.sentence)
        for one in card.slices
    ]
    header = ("slice", "verdict", "value", "95 % interval", "rows", "in one sentence")
    return table(header, rows)


def _learnt(card: ModelCard) -> list[str]:
    training = card.training
    params = ", ".join(f"{name}={value}" for name, value in sorted(training.params.items()))
    told = facts(
        [
            ("Window", training.window),
            ("Rows", f"{training.n_rows:,}"),
            ("Rounds and seed", f"{training.n_rounds} rounds, seed {training.seed}"),
            ("Device", f"{training.device}: {training.device_reason}"),
            ("Seconds", f"{training.seconds:.1f}"),
            ("Parameters", params),
            ("Held for a data fault then", ", ".join(card.lineage.held) or None),
            ("Incidents left out", _windows(card.lineage.incidents)),
        ]
    )
    if not card.data:
        return [told, "The batches were not recorded."]
    rows = [
        (
            one.batch,
            f"{one.n_rows:,}",
            one.data_sha256[:DIGITS],
            one.data_gate,
            one.labels_sha256[:DIGITS],
            one.labels_gate,
        )
        for one in card.data[-MAX_ROWS:]
    ]
    header = ("batch", "rows", "data", "gate of the data", "labels", "gate of the labels")
    return [told, table(header, rows), _more(len(card.data), "batches")]


def _drift(card: ModelCard) -> list[str]:
    drift = card.drift
    if drift is None:
        return ["Not measured: there was no champion yet."]
    told = facts(
        [
            ("In short", drift.sentence),
            ("Drifted share", _number(drift.drifted_share)),
            ("Rows", f"{drift.n_rows:,}"),
            *(("Fault", fault) for fault in drift.faults),
        ]
    )
    rows = [
        (c.column, c.verdict, _number(c.psi), _number(c.psi_limit), _number(c.ks), c.sentence)
        for c in drift.drifted[:MAX_ROWS]
    ]
    header = ("feature", "says", "PSI", "limit", "D", "in one sentence")
    return [told, table(header, rows) if rows else ""]


def _attributions(card: ModelCard) -> list[str]:
    told = card.attributions
    rows = [(one.feature, *_moves(one)) for one in told.features[:MAX_ROWS]]
    header = ("feature", "mean absolute contribution", "champion's", "difference")
    more = _more(len(told.features), "features")
    return [facts([("What is shown", told.sentence)]), table(header, rows) if rows else "", more]


def _acts(acts: Sequence[CardAct]) -> str:
    if not acts:
        return "Nobody was asked, and it has not been champion."
    rows = [
        (
            act.what,
            f"{act.at:%Y-%m-%d %H:%M} UTC" if act.at else "",
            act.by or "the policy",
            act.text,
        )
        for act in acts
    ]
    return table(("what", "when", "by", "in one sentence"), rows)


def _lineage(card: ModelCard) -> str:
    lineage = card.lineage
    libraries = ", ".join(f"{name} {version}" for name, version in lineage.libraries.items())
    champion = lineage.previous_champion
    return facts(
        [
            ("Trained by decision", f"{lineage.made_by}, for batch {lineage.batch}"),
            ("Git commit", lineage.git_commit),
            ("requirements.txt", lineage.lock),
            ("Spec", lineage.spec_hash),
            ("Champion before", None if champion is None else f"v{champion}"),
            ("Libraries", libraries or None),
            ("Make it again", f"evergreen reproduce {card.decision.id}"),
            ("Note", lineage.sentence or None),
        ]
    )


def _outcome(decision: CardDecision) -> str:
    return escape(decision.outcome.capitalize())


def _metric_cells(estimate: MetricEstimate) -> tuple[str, str, str]:
    if estimate.value is None:
        return "not known", estimate.sentence, f"{estimate.n_rows:,}"
    ends = "not known"
    if estimate.se is not None:
        half = Z_95 * estimate.se
        ends = f"{estimate.value - half:.4f} to {estimate.value + half:.4f}"
    return f"{estimate.value:.4f}", ends, f"{estimate.n_rows:,}"


def _estimate(estimate: MetricEstimate) -> str:
    value, ends, _ = _metric_cells(estimate)
    return f"{value} (95 %: {escape(ends)})"


def _gain(evaluation: Evaluation) -> str:
    return f"{evaluation.gain:+.4f} (95 %: {_gain_ends(evaluation)})"


def _gain_ends(evaluation: Evaluation) -> str:
    low, high = evaluation.gain_low, evaluation.gain_high
    if low is None or high is None:
        return "not known"
    return f"{low:+.4f} to {high:+.4f}"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.4g}"


def _moves(one: Attribution) -> tuple[str, str | None, str | None]:
    if one.champion is None:
        return f"{one.contribution:.4f}", None, None
    return f"{one.contribution:.4f}", f"{one.champion:.4f}", f"{one.difference:+.4f}"


def _windows(windows: Sequence[Window]) -> str | None:
    return "; ".join(str(window) for window in windows) or None


def _more(n_all: int, what: str) -> str:
    return f"{MAX_ROWS} of {n_all} {what}; all are in model_card.json." if n_all > MAX_ROWS else ""
