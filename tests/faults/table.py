"""The table that `make test-faults` ends with: case, outcome, invariants."""

from dataclasses import dataclass, field

ALL = "I1-I8"


@dataclass
class Table:
    """What came of each case, in the order of the catalogue."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def enter(self, case: str, outcome: str, broken: dict[str, str], held: str = ALL) -> None:
        """Add one case; ``held`` names the invariants that were looked at."""
        if broken:
            held = "BROKEN " + "; ".join(f"{name}: {what}" for name, what in broken.items())
        self.rows.append((case, outcome, held))

    def lines(self) -> list[str]:
        """Return the table as text, one line per case."""
        if not self.rows:
            return []
        rows = [("case", "outcome", "invariants"), *sorted(self.rows)]
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        return [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}" for a, b, c in rows]
