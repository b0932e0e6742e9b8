from datetime import UTC, datetime
from pathlib import Path

import pytest
from bench.seeding import write_spec

from evergreen.ledger.queries.rows import LatestDelivery
from evergreen.spec.loader import load_spec
from evergreen.spec.model import ModelSpec
from evergreen.web.queries.next_batch import next_batch_at

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> ModelSpec:
    folder = write_spec(tmp_path_factory.mktemp("models"), "flights")
    return load_spec(folder, home=Path("/home")).spec


def test_the_next_batch_comes_one_batch_after_the_newest(spec: ModelSpec) -> None:
    taken_at = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    delivery = LatestDelivery("flights", "2026-02-22", "rejected", "", None, taken_at)

    assert next_batch_at(spec, delivery, NOW) == datetime(2026, 3, 8, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "timezone", "expected"),
    [
        pytest.param("@weekly", "UTC", datetime(2026, 3, 8, tzinfo=UTC), id="preset"),
        pytest.param("0 6 * * 1", "UTC", datetime(2026, 3, 9, 6, tzinfo=UTC), id="cron"),
        pytest.param(
            "0 6 * * 1", "America/New_York", datetime(2026, 3, 9, 10, tzinfo=UTC), id="over DST"
        ),
        pytest.param("@continuous", "UTC", None, id="waits at all times"),
    ],
)
def test_before_the_first_batch_the_schedule_tells(
    spec: ModelSpec, schedule: str, timezone: str, expected: datetime | None
) -> None:
    its = spec.model_copy(update={"schedule": schedule, "timezone": timezone})

    assert next_batch_at(its, None, NOW) == expected
