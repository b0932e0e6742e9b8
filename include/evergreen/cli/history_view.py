"""The history of decisions as a table."""

from rich.table import Table
from rich.text import Text

from evergreen.cli.console import cell, make_table, plain
from evergreen.ledger.records import Decision
from evergreen.measurements import ColumnDrift
from evergreen.presentation.decisions import champion_change, trigger_label, version_label
from evergreen.presentation.formatting import number
from evergreen.workflows.decide.decision_history import HistoryRow

COLUMNS = ("batch", "gate", "drifted", "worst PSI", "worst D", "decay", "verdict", "champion")
LEFT_OUT = ("gate", "worst PSI", "worst D")
SENTENCE = "explanation"
FULL_WIDTH = 140
MAX_NAMES = 3


def draw_history(model: str, rows: list[HistoryRow], *, width: int) -> Table:
    """Return a table with one line per decision, and one per batch without a decision.

    Args:
        model: Name of the model.
        rows: Its history.
        width: Width of the terminal in characters; a narrow one gets fewer columns.
    """
    shown = [name for name in COLUMNS if width >= FULL_WIDTH or name not in LEFT_OUT]
    table = make_table(f"Decisions on {model}", (*shown, SENTENCE), wide=(SENTENCE,))
    if len(shown) < len(COLUMNS):
        table.caption = f"A terminal of {FULL_WIDTH} columns also shows: {', '.join(LEFT_OUT)}."
        table.caption_justify = "left"
    for row in rows:
        cells = _cells(row)
        table.add_row(*(cells.get(name, Text()) for name in (*shown, SENTENCE)))
    return table


def sentence_of(decision: Decision) -> str:
    """Return the verdict's sentence, and what came of it where that says more."""
    if decision.outcome_sentence in ("", decision.sentence):
        return decision.sentence
    return f"{decision.sentence.rstrip('.')}. {decision.outcome_sentence}"


def verdict_text(decision: Decision) -> Text:
    """Return the verdict, its trigger and its outcome."""
    said = decision.verdict.replace("_", " ")
    if decision.trigger == "forced":
        said += f" (forced by {plain(decision.requested_by) or 'a person'})"
    elif decision.trigger not in ("none", "first_model"):
        said += f" ({trigger_label(decision.trigger)})"
    text = Text(said)
    if decision.outcome not in ("stood_down", "bootstrapped"):
        text.append(" → ")
        text.append(cell(decision.outcome))
    return text


def champion_text(decision: Decision) -> str:
    """Return the champion before and after, only once if it stayed."""
    if decision.outcome == "open":
        return version_label(decision.champion_before)
    return champion_change(decision.champion_before, decision.champion_after)


def _cells(row: HistoryRow) -> dict[str, Text]:
    cells = {"batch": cell(row.batch), "gate": cell("-")}
    if row.delivery is not None:
        cells["gate"] = cell(row.delivery.status)
        is_waiting = row.delivery.status in ("received", "accepted")
        cells["verdict"] = cell("not decided yet" if is_waiting else row.delivery.status)
        cells[SENTENCE] = cell(row.delivery.sentence)
    if row.decision is not None:
        cells |= _decision_cells(row.decision)
    return cells


def _decision_cells(decision: Decision) -> dict[str, Text]:
    drift = decision.signals.drift
    columns = () if drift is None else drift.columns
    return {
        "drifted": cell(_drifted(decision)),
        "worst PSI": cell(_worst(columns, "psi")),
        "worst D": cell(_worst(columns, "ks")),
        "decay": cell(_decay(decision)),
        "verdict": verdict_text(decision),
        "champion": cell(champion_text(decision)),
        SENTENCE: cell(sentence_of(decision)),
    }


def _decay(decision: Decision) -> str:
    decay = decision.signals.decay
    if decay is None:
        return ""
    return decay.verdict if decay.drop is None else number(decay.drop, is_signed=True)


def _drifted(decision: Decision) -> str:
    drift = decision.signals.drift
    if drift is None:
        return ""
    names = [column.column for column in drift.drifted]
    judged = sum(column.verdict != "insufficient_data" for column in drift.columns)
    more = f", +{len(names) - MAX_NAMES}" if len(names) > MAX_NAMES else ""
    listed = f": {', '.join(names[:MAX_NAMES])}{more}" if names else ""
    return f"{len(names)} of {judged}{listed}"


def _worst(columns: tuple[ColumnDrift, ...], statistic: str) -> str:
    values = [
        (value, column.column)
        for column in columns
        if (value := getattr(column, statistic)) is not None
    ]
    if not values:
        return ""
    value, name = max(values)
    return f"{value:.3f} {name}"
