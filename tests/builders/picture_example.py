"""The example picture of docs/slack.md: made-up figures, drawn as Slack would show them.

cd tests && python -m builders.picture_example    # writes docs/images/slack_picture.png
"""

import math
from datetime import date, timedelta
from pathlib import Path

from evergreen.slack.chart import History, Mark, Moment, draw

FILE = Path(__file__).parents[2] / "docs" / "images" / "slack_picture.png"
FIRST, N_BATCHES = date(2013, 1, 1), 26
DRIFT = range(10, 18)
UNLABELLED = 2
MARKS: dict[int, Mark] = {12: "retrain", 17: "promoted"}


def example() -> History:
    """Return half a year of weeks: drift comes, the metric falls, a retrain helps."""
    return History(
        model="flights",
        metric_name="auc",
        share_limit=0.3,
        moments=tuple(_moment(place) for place in range(N_BATCHES)),
    )


def _moment(place: int) -> Moment:
    wobble = math.sin(7.3 * place) + math.sin(3.1 * place)
    fall = 0.032 * min(1.0, max(0, place - 10) / 5) if place <= DRIFT[-1] else 0.0
    metric = 0.741 - fall + 0.003 * wobble if place < N_BATCHES - UNLABELLED else None
    mark = MARKS.get(place, "")
    return Moment(
        batch=f"{FIRST + timedelta(weeks=place):%Y-%m-%d}",
        metric=metric,
        metric_low=None if metric is None else metric - 0.011,
        metric_high=None if metric is None else metric + 0.011,
        reference=0.741 if place <= DRIFT[-1] else 0.739,
        drifted_share=(0.54 if place in DRIFT else 0.08) + 0.03 * wobble,
        mark=mark,
        version="7" if mark == "promoted" else "",
    )


if __name__ == "__main__":
    FILE.write_bytes(draw(example()))
