"""What the protocol needs of the ledger and of the registry; the adapters have these methods."""

from collections.abc import Sequence
from typing import Literal, Protocol

from evergreen.records import ModelVersion, Promotion

PromotionKind = Literal["bootstrap", "promotion", "rollback", "forced"]


class PromotionLedger(Protocol):
    """The truth: the row of the highest epoch names the champion."""

    def latest(self, model: str) -> Promotion | None:
        """Return the row of the highest epoch."""

    def by_decision(self, model: str, decision_id: str) -> Promotion | None:
        """Return the row that this decision made."""

    def history(self, model: str) -> Sequence[Promotion]:
        """Return all rows, first epoch first."""

    def write_intent(
        self,
        model: str,
        *,
        epoch: int,
        version: str,
        previous_version: str | None,
        sha256: str,
        kind: PromotionKind,
        decision_id: str,
        reason: str,
        token: int | None,
        requested_by: str,
    ) -> Promotion:
        """Take an epoch for a decision; (model, epoch) and (model, decision_id) are unique.

        With a ``token`` of None the caller takes the lane over; all tokens are stale from then on.

        Raises:
            ChampionChangedError: The epoch, or the decision, is taken.
            StaleTokenError: ``token`` is not the newest of the model.
        """

    def commit(self, model: str, epoch: int) -> None:
        """Record that the alias has followed; doing it again changes nothing."""


class AliasRegistry(Protocol):
    """The projection: an alias that follows the ledger."""

    def get_alias(self, model: str, alias: str) -> ModelVersion | None:
        """Return the version that bears the alias."""

    def set_alias(self, model: str, alias: str, version: str) -> None:
        """Make the alias name this version; there is no compare-and-set."""

    def get_version(self, model: str, version: str) -> ModelVersion | None:
        """Return one version."""
