"""The page of a back-test: one file with its charts, its scripts inside, without a network."""

import json
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files

from evergreen.backtest.engine.results import BacktestResult
from evergreen.backtest.engine.stream import Stream
from evergreen.backtest.report.batch_table import batch_table
from evergreen.backtest.report.chart_data import (
    ROWS,
    chart_data,
    colours_of,
    events_of,
    smoothing_of,
    value_text,
)
from evergreen.backtest.report.conclusions import lesson, verdict
from evergreen.backtest.report.phrases import METRIC_WORDS, percent, score_text, shown
from evergreen.backtest.report.summary import SummaryRow, frontier, summarise
from evergreen.presentation.chart_files import chart_scripts
from evergreen.presentation.formatting import plural
from evergreen.records import Json

TWO_CLASSES = 2
COLUMNS = ("policy", "score", "kept", "cost", "fits", "promotions", "alarms", "quarantined")
SCRIPTS = ("frontier.js", "page.js")
HERE = files("evergreen.backtest.report")


def draw_page(result: BacktestResult, stream: Stream, *, seed: int = 0) -> str:
    """Draw a back-test as one HTML page.

    It shows what each policy kept against what it cost, the table, and per policy its score over
    time with its retrains, promotions and alarms, each with one sentence on what to learn from it.
    It follows the reader's light or dark setting and fits a phone. The same result gives the same
    page.

    Args:
        result: The back-test.
        stream: What it was replayed on.
        seed: Of the replay, to be named on the page.
    """
    rows = summarise(result, stream.metric)
    css = colours_of([row.policy for row in rows])
    word = METRIC_WORDS[stream.metric]
    found = verdict(rows, stream.metric, n_batches=result.n_batches)
    parts = [
        f"<h1>{shown(stream.name)}: when does retraining pay?</h1>",
        f'<p class="facts">{shown(_facts(stream))}</p>',
        f'<p class="verdict">{shown(found)}</p>',
        "<noscript><p>The charts are drawn by a script, and scripts are switched off here."
        " The tables hold the same numbers.</p></noscript>",
        "<h2>What each policy keeps, and costs</h2>",
        _canvas("frontier", _frontier_label(rows), kind="kept"),
        '<p class="note">Dotted: the frontier, the most that any policy here gives for a budget.'
        " Whatever lies below it is beaten by a policy that gives more and costs no more.</p>",
        _table(rows, css),
        f"<h2>{word[0].upper()}{word[1:]} over time</h2>",
        *_panels(result, stream, rows, css),
        batch_table(result, stream, rows),
        _how(stream, seed=seed),
    ]
    title = f"Back-test of {shown(stream.name)}"
    return _whole(title, "\n".join(parts), chart_data(result, stream, rows))


def _whole(title: str, body: str, figures: Json) -> str:
    """Put the page together; it lets run what came with this package, by its hash, and no more."""
    ours = [(HERE / name).read_text("utf-8") for name in SCRIPTS]
    scripts = (*chart_scripts(), *ours)
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    policy = f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'"
    inline = "\n".join(f"<script>{script}</script>" for script in scripts)
    style = (HERE / "page.css").read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{title}</title>\n<style>{style}</style></head>\n"
        f"<body><main>\n{body}\n</main>\n"
        f'<script type="application/json" id="figures">{_json_text(figures)}</script>\n'
        f"{inline}\n</body></html>\n"
    )


def _digest(script: str) -> str:
    return b64encode(sha256(script.encode()).digest()).decode()


def _json_text(figures: Json) -> str:
    """Return JSON that no browser takes for the end of the script it stands in."""
    text = json.dumps(figures, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _canvas(chart: str, label: str, *, kind: str = "", more: str = "", style: str = "") -> str:
    """Return the place of a chart; the script finds it by the name of what is to be drawn."""
    css = escape(f"canvas {kind}".strip())
    looks = f' style="{style}"' if style else ""
    return (
        f'<div class="{css}"{looks}><canvas data-chart="{chart}"{more} role="img"'
        f' aria-label="{shown(label)}"></canvas></div>'
    )


def _frontier_label(rows: Sequence[SummaryRow]) -> str:
    has_share = any(row.kept is not None for row in rows)
    told = [
        f"{row.policy} {value_text(row, has_share=has_share)} for {percent(row.cost)}"
        for row in rows
    ]
    return f"{'Kept' if has_share else 'Score'} against cost, per policy: {', '.join(told)}"


def _table(rows: Sequence[SummaryRow], css: dict[str, str]) -> str:
    best = frontier(rows)
    head = "".join(f'<th scope="col">{column}</th>' for column in COLUMNS)
    body = "".join(_table_row(row, css[row.policy], is_best=row.policy in best) for row in rows)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        '</div><p class="note">Bold: on the frontier. Kept: share of the gain of retraining at'
        " every batch. Cost: trainings per batch, one on a part of the window counting as that"
        " part. Periodic: the mean over its phases.</p>"
    )


def _table_row(row: SummaryRow, css: str, *, is_best: bool) -> str:
    cells = (
        "-" if row.score is None else f"{row.score:.4f}",
        percent(row.kept),
        f"{row.cost:.3f}",
        f"{row.n_fits:,}",
        "-" if row.n_promotions is None else f"{row.n_promotions:,}",
        f"{row.n_alarms:,}",
        f"{row.n_quarantined:,}",
    )
    kind = "best" if is_best else "other"
    values = "".join(f"<td>{cell}</td>" for cell in cells)
    name = f'<span class="key {css}"></span>{shown(row.policy)}'
    return f'<tr class="{kind}"><th scope="row">{name}</th>{values}</tr>'


def _panels(
    result: BacktestResult, stream: Stream, rows: Sequence[SummaryRow], css: dict[str, str]
) -> list[str]:
    """Return one panel for what retraining can gain at all, then one per policy."""
    ends = [row for row in rows if row.policy in ("never", "every")]
    between = [row for row in rows if row not in ends]
    parts = [
        '<p class="note">In colour the score of the policy, beside never (dashed) and every (thin).'
        f"{_smoothing(result.n_batches)} Below: bars where it retrained, as high as the share of"
        " the window it trained on; triangles where another model became champion; diamonds for"
        " alarms; squares, and a shaded band, where a batch was quarantined.</p>"
    ]
    if ends:
        words = " ".join(lesson(row, rows, stream.metric) for row in ends)
        names = " and ".join(row.policy for row in ends)
        parts.append(_heading(names, "every", "the gain that there is to keep"))
        parts.append(f"<p>{shown(words)}</p>")
        parts.append(_canvas("available", f"Score of {names} over time. {words}"))
    for row in sorted(between, key=lambda row: row.policy != "default"):
        parts.append(_heading(row.policy, css[row.policy], _numbers(row)))
        parts.append(f"<p>{shown(lesson(row, rows, stream.metric))}</p>")
        parts.append(_panel(result, row, place=rows.index(row)))
    return parts


def _panel(result: BacktestResult, row: SummaryRow, *, place: int) -> str:
    """Return the place of a policy's chart, as high as it has kinds of marks."""
    told = events_of(row.policy, result.policies[row.policy])
    words = [word for words in told.values() for word in words]
    n_rows = sum(any(word.startswith(kind) for word in words) for kind in ROWS)
    label = f"Score of {row.policy} over time, between never and every: {_numbers(row)}"
    return _canvas(
        "policy",
        label,
        kind="marked" if n_rows else "",
        more=f' data-policy="{place}"',
        style=f"--rows: {n_rows}" if n_rows else "",
    )


def _smoothing(n_batches: int) -> str:
    smoothing = smoothing_of(n_batches)
    return "" if smoothing <= 1 else f" Each point is the mean of {smoothing} batches."


def _heading(name: str, css: str, numbers: str) -> str:
    return (
        f'<h3><span><span class="key {css}"></span>{shown(name)}</span>'
        f'<span class="numbers">{shown(numbers)}</span></h3>'
    )


def _numbers(row: SummaryRow) -> str:
    kept = "" if row.kept is None else f", kept {percent(row.kept)}"
    mean = ", mean over the phases" if row.policy == "periodic" else ""
    return f"score {score_text(row.score)}{kept}, cost {row.cost:.2f}{mean}"


def _facts(stream: Stream) -> str:
    first, last = int(stream.edges[0]), int(stream.edges[-1])
    sizes = (stream.edges[1:] - stream.edges[:-1]).tolist()
    size = f"{sizes[0]:,}" if min(sizes) == max(sizes) else f"about {sum(sizes) // len(sizes):,}"
    classes = f"{stream.n_classes} classes; " if stream.n_classes > TWO_CLASSES else ""
    dates = ""
    if stream.moments is not None:
        start, end = (stream.moments[i].item() for i in (0, -1))
        dates = f" from {start:%d %b %Y} to {end:%d %b %Y}"
    return (
        f"{last:,} rows, {len(stream.features)} features; {classes}first champion on {first:,}"
        f" rows, then {plural(stream.n_batches, 'batch')} of {size}{dates};"
        f" labels {delay_text(stream)}."
    )


def delay_text(stream: Stream) -> str:
    """Say when the labels of a batch arrive."""
    delay = stream.label_delay
    if delay == 0:
        return "as soon as a batch has been scored"
    return f"{plural(delay, 'batch')} later"


def _how(stream: Stream, *, seed: int) -> str:
    points = (
        "The first champion is trained on the rows before the first batch. Each batch is scored by"
        " the champion of the day before anything is learnt from it.",
        f"Labels arrive {delay_text(stream)}: no policy sees one sooner, and no challenger learns"
        " from one sooner.",
        "A challenger trains on the newest window of labelled rows, or a part of it, and"
        " serves from the next batch on. A triangle without a bar is an earlier champion that fits"
        " again.",
        "Periodic retrains at a fixed beat. Where the beat begins matters much, so it is replayed"
        " from each beginning and shown as the mean.",
        "One history is one sample: small differences between policies would fall otherwise in"
        " another year.",
        f"Replayed with seed {seed}; the same seed gives the same page.",
    )
    items = "".join(f"<li>{shown(point)}</li>" for point in points)
    return (
        f'<details class="how"><summary>How this was measured</summary><ul>{items}</ul></details>'
    )
