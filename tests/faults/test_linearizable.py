"""The checker of histories accepts what a register could do, and nothing else."""

from math import inf

import pytest

from faults.linearizable import Answer, Operation, is_linearizable


def cas(value: str, invoked: float, returned: float, answer: Answer = "ok") -> Operation:
    return Operation("cas", value, invoked, returned, "1", answer)


def read(value: str | None, invoked: float, returned: float) -> Operation:
    return Operation("read", value, invoked, returned)


@pytest.mark.parametrize(
    ("history", "is_fine"),
    [
        pytest.param([], True, id="nothing"),
        pytest.param([cas("2", 0, 1), cas("3", 0, 1, "fail")], True, id="one wins"),
        pytest.param([cas("2", 0, 1), cas("3", 0, 1)], False, id="both win"),
        pytest.param([cas("2", 0, 1, "fail"), cas("3", 0, 1, "fail")], False, id="nobody wins"),
        pytest.param(
            [cas("2", 0, 1, "refused"), cas("3", 0, 1, "refused")], True, id="both are refused"
        ),
        pytest.param([cas("2", 0, 1), read("1", 2, 3)], False, id="a read of the past"),
        pytest.param([cas("2", 0, 2), read("1", 0, 1)], True, id="a read meanwhile"),
        pytest.param([cas("2", 0, 1), read("3", 2, 3)], False, id="a value of nobody"),
        pytest.param([cas("2", 0, 1, "refused"), read("2", 2, 3)], False, id="refused, yet set"),
        pytest.param([cas("2", 0, inf, "info"), read("2", 2, 3)], True, id="died after it"),
        pytest.param([cas("2", 0, inf, "info"), read("1", 2, 3)], True, id="died before it"),
        pytest.param(
            [cas("2", 0, inf, "info"), read("2", 2, 3), read("1", 4, 5)], False, id="and back again"
        ),
        pytest.param(
            [cas("3", 0, 1, "fail"), cas("2", 2, 3)], False, id="failed before anybody had won"
        ),
    ],
)
def test_a_history_is_judged(history: list[Operation], is_fine: bool) -> None:
    assert is_linearizable(history, "1") is is_fine
