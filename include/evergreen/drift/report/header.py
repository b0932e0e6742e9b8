"""The head of a drift report: verdicts and numbers as a table, and what the pictures below are."""

from collections.abc import Mapping
from html import escape

from evergreen.measurements import ColumnDrift, DriftMeasurement
from evergreen.metrics.wording import number

VERDICTS = {
    "drifted": "drifted",
    "stable": "stable",
    "insufficient_data": "insufficient data",
    "not_computable": "not computable",
}
STYLE = (
    "<style>.evergreen{font:14px/1.5 system-ui,sans-serif;margin:24px;color:#222}"
    ".evergreen table{border-collapse:collapse;margin:12px 0}"
    ".evergreen th,.evergreen td{text-align:left;padding:4px 12px;border-bottom:1px solid #ddd}"
    ".evergreen td.n{text-align:right;font-variant-numeric:tabular-nums}"
    ".evergreen .drifted,.evergreen .not_computable{font-weight:600;color:#a40000}</style>"
)


def insert_header(
    page: str,
    measurement: DriftMeasurement,
    samples: Mapping[str, str],
    left_out: Mapping[str, str],
) -> str:
    """Put our own head at the top of the body of ``page``.

    Args:
        page: A whole HTML page.
        measurement: The numbers of the table, one line per feature.
        samples: What the pictures were drawn from, as label and value.
        left_out: Features without a picture, each with the reason.
    """
    drawn_from = ", ".join(f"{label} {value}" for label, value in samples.items())
    lines = "".join(_line(column) for column in measurement.columns)
    reasons = "".join(
        f"<li>{escape(name)}: {escape(reason)}</li>" for name, reason in left_out.items()
    )
    without = f"<p>Features without a picture:</p><ul>{reasons}</ul>" if left_out else ""
    head = (
        f'{STYLE}<section class="evergreen"><h1>Drift report</h1>'
        f"<p>{escape(measurement.sentence)}</p>"
        f"<p>The numbers are the ledger's, over all rows. The pictures show a random sample "
        f"({escape(drawn_from)}); values outside the middle 98 % are drawn at the edge.</p>"
        "<table><thead><tr><th>feature</th><th>verdict</th><th>PSI</th><th>D</th>"
        "<th>null share</th><th>was</th><th>unseen share</th><th>why</th></tr></thead>"
        f"<tbody>{lines}</tbody></table>{without}</section>"
    )
    before, body, after = page.partition("<body>")
    return before + body + head + after


def _line(column: ColumnDrift) -> str:
    numbers = (
        _cell(column.psi, column.psi_limit),
        _cell(column.ks, column.ks_limit),
        _cell(column.null_share),
        _cell(column.reference_null_share),
        _cell(column.unseen_share),
    )
    return (
        f"<tr><td>{escape(column.column)}</td>"
        f'<td class="{column.verdict}">{VERDICTS[column.verdict]}</td>'
        f"{''.join(numbers)}<td>{escape(column.sentence)}</td></tr>"
    )


def _cell(value: float | None, its_limit: float | None = None) -> str:
    return f'<td class="n">{"" if value is None else number(value, its_limit, decimals=3)}</td>'
