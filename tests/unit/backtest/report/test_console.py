"""A back-test on a terminal and in a pipe."""

from io import StringIO

import pytest
from rich.console import Console

from builders.streams import make_result, make_run
from evergreen.backtest.report.console import draw_table, showing_progress


def text_of(*things: object) -> str:
    out = StringIO()
    Console(file=out, width=120).print(*things)
    return out.getvalue()


def cells_of(policy: str, text: str) -> list[str]:
    line = next(line for line in text.splitlines() if policy in line)
    return [cell.strip() for cell in line.strip("│ ").split("│")]


def test_the_table_has_a_row_per_policy() -> None:
    result = make_result(
        default=make_run(
            [0.7, 0.7, 0.8, 0.7], fits=[2], promotions=[2], alarms=[1, 2], quarantined=[3]
        ),
        periodic=make_run([0.7] * 4, fits=[0, 1], fraction=0.5, promotions=[0, 1]),
    )

    text = text_of(draw_table(result, "auc"))

    assert cells_of("default", text) == [
        "default", "0.7250", "0.75", "0.250", "1", "1", "2", "1",
    ]  # fmt: skip
    assert cells_of("periodic", text)[3:6] == ["0.250", "1", "-"]


def test_unknown_is_a_dash_and_names_are_made_printable() -> None:
    result = make_result(
        never=make_run([0.7]), every=make_run([0.7]), **{"od\x1bd": make_run([None])}
    )

    text = text_of(draw_table(result, "auc"))

    assert cells_of("od", text)[:3] == ["od�d", "-", "-"]
    assert cells_of("every", text)[2] == "-"


def test_a_pipe_gets_a_line_now_and_then_and_one_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = iter([0.0, 1.0, 11.0, 12.0, 13.0])
    monkeypatch.setattr("evergreen.backtest.report.console.time.monotonic", lambda: next(times))
    out = StringIO()

    with showing_progress(Console(file=out), "Replaying toy") as advance:
        for done in (1, 2, 3, 4):
            advance(done, 4)

    assert out.getvalue().splitlines() == [
        "Replaying toy: 50% after 11 s",
        "Replaying toy: 100% after 13 s",
    ]


def test_a_terminal_gets_a_bar() -> None:
    out = StringIO()

    with showing_progress(Console(file=out, force_terminal=True), "Replaying toy") as advance:
        advance(1, 2)

    assert "Replaying toy" in out.getvalue()
    assert "50%" in out.getvalue()
