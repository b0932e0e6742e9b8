from datetime import UTC, datetime
from typing import Any

import pytest

from evergreen.alerts.approval_question import MAX_TEXT, body_of, subject_of
from evergreen.records import Evaluation, MetricEstimate, Window

LINKS = (("run", "https://airflow/dags/d/runs/manual__1(2)"), ("runbook", "include/runbooks/x.md"))


def make_evaluation(**changes: Any) -> Evaluation:
    metric = MetricEstimate(name="auc", value=0.73, se=0.004, n_rows=6000)
    fields: dict[str, Any] = {
        "challenger_version": "4",
        "champion_version": "3",
        "challenger": metric,
        "champion": metric,
        "gain": 0.0123,
        "gain_se": 0.003,
        "gain_low": 0.0061,
        "gain_high": 0.0185,
        "n_rows": 6000,
        "holdout": Window(
            start=datetime(2013, 2, 26, tzinfo=UTC), end=datetime(2013, 3, 5, tzinfo=UTC)
        ),
        "sentence": "-",
    }
    return Evaluation(**fields | changes)


def body(**changes: Any) -> str:
    given: dict[str, Any] = {
        "version": "4",
        "champion_version": "3",
        "batch": "2013-03-05",
        "decision": "retrain: drift",
        "verdict": "better",
        "evaluation": make_evaluation(),
        "due_at": datetime(2013, 3, 6, 9, 30, tzinfo=UTC),
        "on_timeout": "keep",
        "links": LINKS,
    }
    return body_of(**given | changes)


def shown(text: str) -> str:
    """Return what Markdown shows of escaped text."""
    return text.replace("\\", "")


def test_the_subject_names_model_and_version() -> None:
    assert subject_of("flights", "4") == "flights: may version 4 become champion?"


def test_the_body_holds_all_that_an_answer_rests_on() -> None:
    text = shown(body(approvers=("ada", "ben")))

    for part in (
        "**Challenger:** version 4",
        "**Champion:** version 3",
        "+0.0123, 95 % interval +0.0061 to +0.0185",
        "challenger 0.7300, champion 0.7300",
        "auc on 6000 rows",
        "retrain: drift",
        "ada, ben",
        "2013-03-06 09:30 UTC; after that the champion stays",
    ):
        assert part in text


def test_the_first_model_has_no_champion_and_no_gain() -> None:
    evaluation = make_evaluation(champion_version=None, champion=None, gain=None)

    text = shown(body(champion_version=None, evaluation=evaluation))

    assert "**Champion:** none yet" in text
    assert "Gain" not in text


def test_a_gain_without_an_interval_stands_alone() -> None:
    text = shown(body(evaluation=make_evaluation(gain_low=None)))

    assert "**Gain:** +0.0123\n" in text


def test_only_web_addresses_become_links_and_cannot_end_early() -> None:
    text = body()

    assert "[run](https://airflow/dags/d/runs/manual__1%282%29)" in text
    assert "runbooks" not in text


@pytest.mark.parametrize(
    "nasty",
    [
        "[click](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "![x](https://evil/y.png)",
        "a\n# Approved by the board\n- **Gain:** +9",
        "`code` **bold** ~~gone~~ | cell",
    ],
)
def test_what_data_and_people_wrote_is_shown_and_never_obeyed(nasty: str) -> None:
    plain, text = body().split("\n"), body(verdict=nasty).split("\n")

    (line,) = [line for line in text if line not in plain]
    assert len(text) == len(plain)
    written = line.split(":** ", 1)[1]
    for mark in "[]()<>*`#!|~":
        assert all(written[position - 1] == "\\" for position, c in enumerate(written) if c == mark)
    assert shown(written) == " ".join(nasty.split())


def test_a_flood_of_words_is_cut_and_counted() -> None:
    assert "(500 more characters)" in shown(body(verdict="x" * (MAX_TEXT + 500)))
