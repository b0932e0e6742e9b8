"""Take a delivery in once more, because a person asked for it."""

from collections.abc import Mapping
from typing import Any, cast, get_args

from evergreen.errors import RequestError
from evergreen.ledger.records import DeliveryKind
from evergreen.workflows.ingest.delivery import FoundDelivery
from evergreen.workflows.ingest.snapshot import MANIFEST, manifest_uri
from evergreen.workflows.model_context import ModelContext, open_deliveries
from evergreen.workflows.run_config import batch_of, check_keys

KINDS: tuple[str, ...] = get_args(DeliveryKind)


def check_redelivery(context: ModelContext, conf: object) -> FoundDelivery:
    """Turn the conf of a redelivery into what ``take_snapshot`` takes.

    Raises:
        RequestError: No batch, no manifest there, or the batch was accepted before: decisions rest
            on what was accepted, so it is never replaced.
    """
    given = check_keys(conf, allowed=("batch", "kind"))
    kind = _kind_of(given)
    batch = batch_of(given, known=None)
    if batch is None:
        raise RequestError('a redelivery needs a batch: {"batch": "2013-03-05"}')
    delivery = context.ledger.batches.delivery(context.spec.name, kind, batch)
    if delivery is not None and delivery.status == "accepted":
        raise RequestError(
            f"the {kind} of batch {batch} of {context.spec.name} is accepted already; decisions"
            " rest on it, so it is not replaced"
        )
    uri = manifest_uri(context.spec, kind, batch)
    if not open_deliveries(context.spec, kind).exists(f"{batch}/{MANIFEST}"):
        raise RequestError(f"nothing to take in: there is no {uri}")
    return FoundDelivery(kind=kind, batch=batch, manifest=uri, spec_hash=context.freeze_spec())


def _kind_of(given: Mapping[str, Any]) -> DeliveryKind:
    kind = given.get("kind", "data")
    if kind not in KINDS:
        raise RequestError(f"kind must be one of {', '.join(KINDS)}, got {str(kind)[:60]!r}")
    return cast("DeliveryKind", kind)
