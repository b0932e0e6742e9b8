"""The records of one run of ``ingest``, ``labels`` or ``redelivery``."""

from evergreen.ledger.records import DeliveryKind
from evergreen.records import Record


class FoundDelivery(Record):
    """What a run takes in.

    Attributes:
        batch: Its id; None: whichever batch is the first to come.
        manifest: Address of the manifest that is waited for; may be a pattern.
        spec_hash: The frozen spec that every task of the run uses.
    """

    kind: DeliveryKind
    batch: str | None
    manifest: str
    spec_hash: str


class TakenDelivery(Record):
    """A delivery that was taken in.

    Attributes:
        is_taken: It has a snapshot; False: it was rejected before the gate.
        spec_hash: The frozen spec that every task of the run uses.
    """

    kind: DeliveryKind
    batch: str
    is_taken: bool
    spec_hash: str
