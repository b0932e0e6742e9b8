"""The decision table: one line per batch, the same while it grows and when all is done."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from evergreen.presentation.decisions import champion_change, trigger_label
from evergreen.sandbox.demo.story import BatchStory, worst

COLUMNS = (
    "batch",
    "gate",
    "drifted",
    "worst PSI",
    "worst D",
    "decay",
    "verdict",
    "champion",
    "seconds",
)
RIGHT = ("seconds", "decay")
STYLES = {
    "accepted": "green",
    "rejected": "red",
    "promoted": "bold green",
    "bootstrapped": "bold green",
    "kept": "yellow",
    "failed": "bold red",
}
NOTHING = "-"


def draw_table(stories: Sequence[BatchStory], *, title: str) -> Table:
    """Draw the table."""
    table = Table(title=Text(title), title_justify="left", header_style="bold")
    for name in COLUMNS:
        is_right = name in RIGHT
        table.add_column(name, justify="right" if is_right else "left", overflow="fold")
    for story in stories:
        table.add_row(*(Text(text, STYLES.get(_key(text), "")) for text in cells(story)))
    return table


def line(story: BatchStory) -> str:
    """Return a story as one plain line, for a pipe."""
    named = zip(COLUMNS[1:], cells(story)[1:], strict=True)
    told = "  ".join(f"{name}: {text}" for name, text in named if text != NOTHING)
    return f"{cells(story)[0]}  {told}\n    {story.sentence}"


def cells(story: BatchStory) -> tuple[str, ...]:
    """Return the texts of one line, in the order of the columns."""
    named = {"history": " (history)", "forced": " (forced)", "weekly": ""}[story.kind]
    return (
        f"{story.batch}{named}",
        story.gate,
        _drifted(story),
        _worst(story, "psi"),
        _worst(story, "ks"),
        _decay(story),
        verdict(story),
        champion(story),
        f"{story.seconds:.0f}",
    )


def verdict(story: BatchStory) -> str:
    """Return verdict, trigger and outcome in a few words."""
    said = story.verdict.replace("_", " ")
    if story.trigger not in ("none", "first_model"):
        said += f" ({trigger_label(story.trigger)})"
    is_said = story.outcome in ("stood_down", story.verdict)
    return said if is_said else f"{said} → {story.outcome}"


def champion(story: BatchStory) -> str:
    """Return the champion before and after, only once if it stayed."""
    return champion_change(story.champion_before, story.champion_after)


def _drifted(story: BatchStory) -> str:
    if not story.features:
        return NOTHING
    return f"{len(story.drifted)} of {len(story.features)}"


def _worst(story: BatchStory, statistic: str) -> str:
    found = worst(story, "psi" if statistic == "psi" else "ks")
    return NOTHING if found is None else f"{found[0]:.2f} {found[1]}"


def _decay(story: BatchStory) -> str:
    if story.decay is None or story.decay.drop is None:
        return NOTHING
    return f"{story.decay.drop:+.3f}"


def _key(text: str) -> str:
    return text.rpartition(" → ")[2]
