import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.metrics.wording import limit, number


@pytest.mark.parametrize(
    ("value", "beside", "text"),
    [
        pytest.param(0.4123, None, "0.41", id="no limit"),
        pytest.param(0.4123, 0.25, "0.41", id="far over"),
        pytest.param(0.2501, 0.25, "0.2501", id="just over"),
        pytest.param(0.2499, 0.25, "0.2499", id="just under"),
        pytest.param(0.25, 0.25, "0.25", id="equal"),
        pytest.param(0.025, 0.025, "0.025", id="equal with three decimals"),
    ],
)
def test_number_is_written_on_its_side_of_the_limit(
    value: float, beside: float | None, text: str
) -> None:
    assert number(value, beside) == text


@given(value=st.floats(-10, 10), beside=st.floats(-10, 10))
def test_number_never_reads_on_the_other_side_of_its_limit(value: float, beside: float) -> None:
    text = float(number(value, beside))

    if value > beside:
        assert text > beside
    if value < beside:
        assert text < beside


@pytest.mark.parametrize(("value", "text"), [(0.2, "0.20"), (0.125, "0.125"), (1.0, "1.00")])
def test_limit_keeps_all_its_decimals(value: float, text: str) -> None:
    assert limit(value) == text
