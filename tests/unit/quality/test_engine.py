from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from evergreen.errors import GateError
from evergreen.quality import run_gate
from evergreen.records import Window
from evergreen.spec.model import ModelSpec

MakeSpec = Callable[..., ModelSpec]
MakeBatch = Callable[..., pd.DataFrame]


def between(column: str, low: float, high: float, **more: Any) -> dict[str, Any]:
    kwargs = {"column": column, "min_value": low, "max_value": high, **more}
    return {"type": "expect_column_values_to_be_between", "kwargs": kwargs}


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        pytest.param(
            {"type": "expect_column_mean_to_be_betwen", "kwargs": {"column": "distance"}},
            "did you mean 'expect_column_mean_to_be_between'",
            id="no such expectation",
        ),
        pytest.param(
            {"type": "expect_column_mean_to_be_between", "kwargs": {"columnn": "distance"}},
            "columnn",
            id="no such argument",
        ),
        pytest.param(
            {"type": "expect_column_mean_to_be_between", "kwarg": {}}, "'kwargs'", id="bad key"
        ),
        pytest.param(between("carrier", 0, 1), "carrier", id="raises on the values"),
        pytest.param(
            between("distance", 0, 1, row_condition="no such", condition_parser="pandas"),
            "distance",
            id="raises on the condition",
        ),
    ],
)
def test_broken_gate_is_an_error_not_a_verdict(
    entry: dict[str, Any], told: str, make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    with pytest.raises(GateError) as caught:
        run_gate(make_batch(), make_spec(), [entry], window=window)

    assert told in str(caught.value)


def test_misspelt_expectation_is_an_error_whatever_the_batch_holds(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    entry = {"type": "expect_column_values_to_be_inset", "kwargs": {"column": "carrier"}}

    with pytest.raises(GateError, match="did you mean"):
        run_gate(make_batch(0), make_spec(), [entry], window=window)


def test_bug_inside_an_expectation_is_an_error_with_its_cause(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    from great_expectations.expectations.core.expect_column_max_to_be_between import (
        ExpectColumnMaxToBeBetween,
    )

    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a bug of its own")

    monkeypatch.setattr(ExpectColumnMaxToBeBetween, "_validate", fail)
    entry = {
        "type": "expect_column_max_to_be_between",
        "kwargs": {"column": "distance", "max_value": 1},
    }

    with pytest.raises(
        GateError, match="expect_column_max_to_be_between on distance: a bug of its own"
    ):
        run_gate(make_batch(), make_spec(), [entry], window=window)


def test_gate_does_not_change_the_batch(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    batch = make_batch()
    before = batch.copy(deep=True)

    run_gate(batch, make_spec(), [between("distance", 0, 1)], window=window)

    pd.testing.assert_frame_equal(batch, before)


def test_gate_shows_no_progress_bar(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window, capfd: pytest.CaptureFixture[str]
) -> None:
    run_gate(make_batch(), make_spec(), [], window=window)

    assert "Calculating Metrics" not in capfd.readouterr().err
