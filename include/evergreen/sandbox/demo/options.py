"""What may be asked of the demo, checked before anything starts."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from evergreen.errors import RequestError

HISTORY_WEEKS = 6
DEFAULT_WEEKS = 10
DEFAULT_START = date(2013, 3, 19)
MIN_WEEKS = 4
YEAR = 2013


@dataclass(frozen=True)
class DemoOptions:
    """One run of the demo.

    Attributes:
        weeks: Weekly batches after the history.
        seed: Draws nine flights in ten, another year for another seed; None takes all flights.
        start: First day of the history.
        report: Where the report is written.
        exit_when_done: Stop everything at the end instead of waiting for Ctrl-C.
    """

    weeks: int = DEFAULT_WEEKS
    seed: int | None = None
    start: date = DEFAULT_START
    report: Path = Path("demo-report.json")
    exit_when_done: bool = False

    def __post_init__(self) -> None:
        if self.weeks < MIN_WEEKS:
            raise RequestError(f"weeks is {self.weeks}; the demo needs at least {MIN_WEEKS}")
        if self.seed is not None and self.seed < 0:
            raise RequestError(f"seed is {self.seed}; expected 0 or more")
        if self.start.year != YEAR:
            raise RequestError(f"start is {self.start}; the flights are those of {YEAR}")
        if not self.report.resolve().parent.is_dir():
            raise RequestError(f"there is no folder for the report {self.report}")

    @property
    def broken_week(self) -> int:
        """The week (1 is the first after the history) whose delivery the upstream system breaks."""
        return max(2, self.weeks // 2 - 1)

    @property
    def force_from_week(self) -> int:
        """From this week on a person forces a retrain on the first batch that stood down."""
        return self.broken_week + 1
