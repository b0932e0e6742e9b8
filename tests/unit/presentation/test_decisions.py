import pytest

from evergreen.presentation.decisions import (
    answer_label,
    champion_change,
    trigger_label,
    version_label,
)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        pytest.param("6", "7", "v6 → v7", id="moved"),
        pytest.param("6", "6", "v6", id="stayed"),
        pytest.param(None, "1", "none → v1", id="first"),
        pytest.param(None, None, "none", id="still none"),
    ],
)
def test_champion_is_named_twice_only_where_it_changed(
    before: str | None, after: str | None, text: str
) -> None:
    assert champion_change(before, after) == text


def test_version_without_a_number_is_none() -> None:
    assert (version_label("7"), version_label(None)) == ("v7", "none")


def test_trigger_is_written_in_words_and_no_trigger_is_empty() -> None:
    assert (trigger_label("first_model"), trigger_label("none")) == ("first model", "")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        pytest.param("open", "waiting for approval", id="open"),
        pytest.param("timed_out_keep", "no answer in time: kept", id="no answer"),
        pytest.param("of_a_newer_version", "of a newer version", id="unknown code"),
    ],
)
def test_answer_is_written_in_words(answer: str, text: str) -> None:
    assert answer_label(answer) == text
