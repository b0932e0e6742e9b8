"""The whole ledger behind one door."""

from typing import Self

from evergreen.ledger.actions import Actions
from evergreen.ledger.alerts import Alerts
from evergreen.ledger.approvals import Approvals
from evergreen.ledger.batches import Batches
from evergreen.ledger.champion_watches import Watches
from evergreen.ledger.database import Database
from evergreen.ledger.decisions import Decisions
from evergreen.ledger.holds import Holds
from evergreen.ledger.incidents import Incidents
from evergreen.ledger.promotions import Promotions, Versions
from evergreen.ledger.queries.all_models import Overview
from evergreen.ledger.queries.metrics import Gauges
from evergreen.ledger.queries.one_model import Details
from evergreen.ledger.specs import Specs


class Ledger:
    """Everything that Evergreen knows, by room.

    Attributes:
        batches: Deliveries and predictions.
        decisions: Decisions and drift measurements.
        specs: The spec that each run was made with.
        versions: Model versions.
        promotions: Who is, and was, champion.
        alerts: The outbox.
        incidents: Conditions that people should know of, each from start to end.
        holds: The kill switch.
        approvals: What people were asked, and their answers.
        watches: New champions compared with former ones after their promotion.
        actions: What people did from a page.
        overview: All models at once.
        details: What belongs to one model, decision or incident, within bounds.
        gauges: Totals for monitoring.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self.batches = Batches(self._database)
        self.decisions = Decisions(self._database)
        self.specs = Specs(self._database)
        self.versions = Versions(self._database)
        self.promotions = Promotions(self._database)
        self.alerts = Alerts(self._database)
        self.incidents = Incidents(self._database)
        self.holds = Holds(self._database)
        self.approvals = Approvals(self._database)
        self.watches = Watches(self._database)
        self.actions = Actions(self._database)
        self.overview = Overview(self._database)
        self.details = Details(self._database)
        self.gauges = Gauges(self._database)

    def migrate(self) -> None:
        """Bring the tables to the newest form."""
        self._database.migrate()

    def close(self) -> None:
        """Return all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
