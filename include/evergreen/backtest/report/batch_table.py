"""The table of every batch: what the charts show, for those who do not see them."""

from collections.abc import Sequence

from evergreen.backtest.engine.results import BacktestResult
from evergreen.backtest.engine.stream import Stream
from evergreen.backtest.report.chart_data import batch_names, events_of
from evergreen.backtest.report.phrases import METRIC_WORDS, shown
from evergreen.backtest.report.summary import SummaryRow


def batch_table(result: BacktestResult, stream: Stream, rows: Sequence[SummaryRow]) -> str:
    """Return a folded table with one row per batch: the score of each policy, and what happened.

    Args:
        result: All policies.
        stream: What they were replayed on.
        rows: Their summary, in the order of the page.
    """
    policies = [row.policy for row in rows]
    head = "".join(
        f'<th scope="col">{shown(name)}</th>' for name in ("batch", *policies, "what happened")
    )
    events = {policy: events_of(policy, result.policies[policy]) for policy in policies}
    body = "".join(
        _row(result, policies, batch, name=name, told=_told(events, batch))
        for batch, name in enumerate(batch_names(stream))
    )
    return (
        f"<details><summary>The {METRIC_WORDS[stream.metric]} of every batch as a table</summary>"
        '<div class="scroll tall" role="region" aria-label="Every batch" tabindex="0">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details>"
    )


def _row(
    result: BacktestResult, policies: Sequence[str], batch: int, *, name: str, told: str
) -> str:
    scores = [result.policies[policy].scores[batch] for policy in policies]
    cells = "".join(f"<td>{'-' if score is None else f'{score:.4f}'}</td>" for score in scores)
    return f'<tr><th scope="row">{name}</th>{cells}<td class="what">{shown(told)}</td></tr>'


def _told(events: dict[str, dict[int, list[str]]], batch: int) -> str:
    return "; ".join(
        f"{policy}: {', '.join(by_batch[batch])}"
        for policy, by_batch in events.items()
        if batch in by_batch
    )
