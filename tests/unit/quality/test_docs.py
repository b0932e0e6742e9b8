import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from evergreen.errors import GateError, StorageError
from evergreen.quality import render_data_docs
from evergreen.records import Window
from evergreen.spec.model import ModelSpec

MakeSpec = Callable[..., ModelSpec]
MakeBatch = Callable[..., pd.DataFrame]
HOSTILE = ["<script>alert(1)</script>", "<img src=x onerror=alert(2)>", "$column {{7*7}}"]
IN_SET = {
    "type": "expect_column_values_to_be_in_set",
    "kwargs": {"column": "carrier", "value_set": ["AA", "<svg onload=alert(3)>"]},
}
DISTINCT = {**IN_SET, "type": "expect_column_distinct_values_to_be_in_set"}


def test_page_shows_rules_and_what_was_observed(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window, tmp_path: Path
) -> None:
    page = render_data_docs(make_batch(), make_spec(), [IN_SET], tmp_path / "docs", window=window)

    html = page.read_text()
    assert page == tmp_path / "docs" / "index.html"
    assert "values must belong to this set" in html
    assert "distance" in html
    assert "UA" in html


def test_page_keeps_hostile_values_inert(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window, tmp_path: Path
) -> None:
    batch = make_batch()
    batch["carrier"] = (HOSTILE * 34)[:100]
    batch["<b onclick=alert(4)>"] = 1

    page = render_data_docs(batch, make_spec(), [IN_SET, DISTINCT], tmp_path, window=window)

    html = page.read_text()
    assert not re.search(r"<(script|img|svg|b)\b", html)
    assert "alert(1)" in html


def test_page_needs_no_network(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window, tmp_path: Path
) -> None:
    page = render_data_docs(make_batch(), make_spec(), [IN_SET], tmp_path, window=window)

    html = page.read_text()
    assert not re.search(r"(?:https?:)?//[a-z]", html)
    assert "default-src 'none'" in html


def test_page_shows_rules_that_could_not_run(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window, tmp_path: Path
) -> None:
    batch = make_batch().drop(columns="carrier")

    page = render_data_docs(batch, make_spec(), [IN_SET], tmp_path, window=window)

    assert "is not in the batch" in page.read_text()


def test_second_page_replaces_the_first(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window, tmp_path: Path
) -> None:
    render_data_docs(make_batch(), make_spec(), [IN_SET], tmp_path, window=window)

    render_data_docs(make_batch(50), make_spec(), [], tmp_path, window=window)

    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
    assert "values must belong to this set" not in (tmp_path / "index.html").read_text()


def test_folder_that_cannot_be_written_is_named(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")

    with pytest.raises(StorageError, match="taken"):
        render_data_docs(make_batch(), make_spec(), [], tmp_path / "taken", window=window)


def test_broken_expectation_is_a_gate_error_here_too(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window, tmp_path: Path
) -> None:
    with pytest.raises(GateError):
        render_data_docs(
            make_batch(), make_spec(), [{"type": "expect_nothing"}], tmp_path, window=window
        )
