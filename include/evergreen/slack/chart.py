"""A picture for a thread: the metric with its interval, and drift, over the newest batches.

Drawn for a phone: 800 x 450 pixels, large letters, light ground, few colours that also differ for
the colour-blind. The same history gives the same bytes.
"""

import math
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

from evergreen.metrics.wording import limit, number
from evergreen.presentation.escaping import one_line
from evergreen.records import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Mark = Literal["", "retrain", "promoted", "rolled_back"]
MAX_MOMENTS = 60
MIN_MOMENTS = 3
MAX_TICKS = 6
MAX_NAME = 24
MAX_BATCH = 12
MAX_LABELS = 8
LARGEST = 1e100  # beyond that matplotlib cannot scale an axis
WIDTH_INCHES, HEIGHT_INCHES, DPI = 8.0, 4.5, 100
INK, GREY, BLUE, LIGHT_BLUE, ORANGE, GREEN = (
    "#1f2933",
    "#6b7680",
    "#1f5fa8",
    "#c6dbef",
    "#c2410c",
    "#2e7d32",
)
LOOKS = {"promoted": (GREEN, "-", ""), "rolled_back": (ORANGE, ":", "back to ")}
HIGH_LIMIT = 0.8
STYLE: dict[Any, Any] = {
    "text.parse_math": False,  # a name may hold "$"
    "text.usetex": False,
    "font.family": "DejaVu Sans",
    "font.size": 13,
    "axes.titlesize": 14,
    "axes.labelsize": 12,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


class Moment(Record):
    """One batch: what was measured on it, and what happened at it.

    Attributes:
        batch: Its id.
        metric: The champion's metric; None where no labels had come.
        metric_low: Lower end of its 95 % interval.
        metric_high: Its upper end.
        reference: What the champion scored when it was promoted.
        drifted_share: Share (0..1) of features that drifted; None where it was not measured.
        mark: What happened.
        version: The champion from then on, where ``mark`` is a move of the champion.
    """

    batch: str
    metric: float | None = None
    metric_low: float | None = None
    metric_high: float | None = None
    reference: float | None = None
    drifted_share: float | None = None
    mark: Mark = ""
    version: str = ""


class History(Record):
    """What a picture shows: the newest batches of one model, oldest first.

    Attributes:
        model: The model.
        metric_name: Such as ``auc``.
        share_limit: Drifted share (0..1) that asks for a retrain.
        moments: The batches; only the newest 60 are drawn.
    """

    model: str
    metric_name: str
    share_limit: float | None = None
    moments: tuple[Moment, ...]

    @property
    def is_telling(self) -> bool:
        """Whether there is enough for a picture to say more than the message."""
        measured = [m for m in self.moments if m.metric is not None or m.drifted_share is not None]
        return len(measured) >= MIN_MOMENTS


def title_of(history: History) -> str:
    """Return the picture's headline."""
    n_shown = min(len(history.moments), MAX_MOMENTS)
    name, metric = _short(history.model, 2 * MAX_NAME), _short(history.metric_name)
    return f"{name}: {metric} and drift, newest {n_shown} batches"


def alt_of(history: History) -> str:
    """Say what the picture shows, for people who do not see it."""
    parts, name = [title_of(history)], _short(history.metric_name)
    metrics = [m for m in history.moments if m.metric is not None]
    if metrics:
        newest = metrics[-1]
        against = "" if newest.reference is None else f", reference {newest.reference:.4g}"
        parts.append(f"{name} {newest.metric:.4g}{against}")
    shares = [m.drifted_share for m in history.moments if m.drifted_share is not None]
    if shares:
        bound = history.share_limit
        against = "" if bound is None else f", limit {limit(bound)}"
        parts.append(f"drifted share {number(shares[-1], bound)}{against}")
    return "; ".join(parts)


def draw(history: History) -> bytes:
    """Return the picture as PNG, under 100 kB.

    Args:
        history: What to show; ask ``is_telling`` first.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    moments = history.moments[-MAX_MOMENTS:]
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), dpi=DPI, layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        _draw_metric(upper, moments, _drawable(_short(history.metric_name)))
        _draw_drift(lower, moments, history.share_limit)
        _draw_marks(upper, lower, moments)
        _name_batches(lower, moments)
        figure.suptitle(_drawable(title_of(history)), x=0.01, ha="left", fontweight="bold")
        return _png_of(figure)


def _draw_metric(axes: "Axes", moments: Sequence[Moment], name: str) -> None:
    places = range(len(moments))
    values = _floats(m.metric for m in moments)
    low = _floats(m.metric_low for m in moments)
    high = _floats(m.metric_high for m in moments)
    axes.set_ylabel(name)
    if all(math.isnan(value) for value in values):
        _say(axes, "no labels have come yet")
        return
    axes.plot(places, values, color=BLUE, marker="o", ms=4, lw=2, zorder=3, label=name)
    axes.fill_between(places, low, high, color=LIGHT_BLUE, linewidth=0, label="95 % interval")
    axes.vlines(places, low, high, color=LIGHT_BLUE, linewidth=3)
    reference = _floats(m.reference for m in moments)
    if not all(math.isnan(value) for value in reference):
        axes.step(places, reference, "--", where="mid", color=INK, linewidth=1.3, label="reference")
    axes.margins(y=0.1)


def _draw_drift(axes: "Axes", moments: Sequence[Moment], share_limit: float | None) -> None:
    bound = math.inf if share_limit is None else share_limit
    shares = _floats(m.drifted_share for m in moments)
    colours = [ORANGE if share >= bound else GREY for share in shares]
    axes.bar(range(len(moments)), shares, color=colours, width=0.7)
    unknown = [place for place, share in enumerate(shares) if math.isnan(share)]
    axes.plot(unknown, [0.05] * len(unknown), "x", color=GREY, markersize=5)
    if share_limit is not None:
        axes.axhline(share_limit, color=ORANGE, linestyle="--", linewidth=1.3)
        axes.annotate(
            f"limit {limit(share_limit)}",
            (1, share_limit),
            (-2, 3 if share_limit < HIGH_LIMIT else -13),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            ha="right",
            fontsize=11,
            color=ORANGE,
        )
    axes.set_ylim(0, 1)
    axes.set_ylabel("drifted share\nof features")


def _draw_marks(upper: "Axes", lower: "Axes", moments: Sequence[Moment]) -> None:
    """Mark moves of the champion by a line and its version, retrains by a triangle; explain all."""
    moved = [(place, m) for place, m in enumerate(moments) if m.mark in ("promoted", "rolled_back")]
    row, before = 0, -math.inf
    for place, moment in moved[-MAX_LABELS:]:
        row = 0 if row or place - before > len(moments) / MAX_LABELS else 1  # labels side by side
        before = place
        colour, line, sign = LOOKS[moment.mark]
        for axes in (upper, lower):
            axes.axvline(place, color=colour, linestyle=line, linewidth=1.3, zorder=0)
        upper.annotate(
            f"{sign}v{_drawable(_short(moment.version, MAX_BATCH))}",
            (place, 1),
            (3, -11 - 14 * row),
            xycoords=upper.get_xaxis_transform(),
            textcoords="offset points",
            fontsize=11,
            color=colour,
        )
    asked = [place for place, m in enumerate(moments) if m.mark == "retrain"]
    if asked:
        low = [0.05] * len(asked)
        upper.plot(
            asked, low, "^", transform=upper.get_xaxis_transform(), color=GREY, label="retrain"
        )
    if upper.get_legend_handles_labels()[1]:
        upper.legend(
            loc="lower left", bbox_to_anchor=(-0.01, 0.99), ncols=4, fontsize=11, frameon=False
        )


def _name_batches(axes: "Axes", moments: Sequence[Moment]) -> None:
    step = max(1, math.ceil(len(moments) / MAX_TICKS))
    places = list(range(len(moments) - 1, -1, -step))
    axes.set_xticks(
        places, [_drawable(_short(moments[place].batch, MAX_BATCH)) for place in places]
    )
    axes.set_xlim(-0.6, max(len(moments) - 0.4, 0.6))
    has_gaps = any(m.drifted_share is None for m in moments)
    axes.set_xlabel("batch (\u00d7: drift not measured)" if has_gaps else "batch")


def _say(axes: "Axes", text: str) -> None:
    axes.set_yticks([])
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY)


def _floats(values: Iterable[float | None]) -> list[float]:
    known = (math.nan if value is None else value for value in values)
    return [value if abs(value) < LARGEST else math.nan for value in known]


def _short(text: str, n_chars: int = MAX_NAME) -> str:
    plain = one_line(text)
    return plain if len(plain) <= n_chars else f"{plain[: n_chars - 1]}\u2026"


def _drawable(text: str) -> str:
    """Return the text with a question mark for each character that the font does not have."""
    from matplotlib.font_manager import findfont, get_font

    known = get_font(findfont(STYLE["font.family"])).get_charmap()
    return "".join(char if ord(char) in known else "?" for char in text)


def _png_of(figure: "Figure") -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
