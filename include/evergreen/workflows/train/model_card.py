"""Gathering a version's model card, and putting it beside the version in store and registry."""

import json
import logging
from typing import TYPE_CHECKING

from evergreen.errors import EvergreenError
from evergreen.evaluation.card import (
    Attributions,
    CardAct,
    CardBatch,
    CardDecision,
    CardDrift,
    CardLineage,
    CardTraining,
    ModelCard,
)
from evergreen.evaluation.card_page import draw_card, summarise
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Decision, DeliveryKind, VersionEntry
from evergreen.spec.model import ModelSpec
from evergreen.workflows.decide.score import ScoringAccess
from evergreen.workflows.decide.version_baseline import read_baseline
from evergreen.workflows.ingest.labelled_data import read_labelled
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.train.feature_attribution import attribute_features
from evergreen.workflows.train.lineage import Lineage, read_lineage

if TYPE_CHECKING:
    from evergreen.measurements import SliceMetric
    from evergreen.storage.store import Store

log = logging.getLogger(__name__)

MARKDOWN, JSON = "model_card.md", "model_card.json"
UNKNOWN = "unknown"


def write_card(context: ModelContext, decision: Decision) -> str | None:
    """Write the card of the version that a decision was about; writing it again replaces it.

    Returns:
        Its place in the store; None where the decision was about no version.

    Raises:
        ExternalError: Store, ledger or registry did not do it; the store comes first.
    """
    if decision.challenger_version is None:
        return None
    entry = context.ledger.versions.get(decision.model, decision.challenger_version)
    card = gather_card(context, decision, entry)
    page = draw_card(card)
    context.store.write_bytes(f"{entry.folder}/{MARKDOWN}", page.encode())
    context.store.write_json(f"{entry.folder}/{JSON}", card.to_json())
    registered = context.registry.get_version(entry.model, entry.version)
    if registered is not None and registered.run_id:
        data = json.dumps(card.to_json(), indent=2, ensure_ascii=False, allow_nan=False)
        texts = {f"card/{MARKDOWN}": page, f"card/{JSON}": f"{data}\n"}
        context.registry.log_texts(registered.run_id, texts)
        context.registry.describe_version(entry.model, entry.version, summarise(card))
    return f"{entry.folder}/{MARKDOWN}"


def gather_card(context: ModelContext, decision: Decision, entry: VersionEntry) -> ModelCard:
    """Gather all that ledger and store know of a version and of the decision that judged it."""
    lineage = read_lineage(context.store, entry.folder, entry.sha256)
    return ModelCard(
        model=entry.model,
        version=entry.version,
        sha256=entry.sha256,
        made_at=entry.registered_at,
        description=context.spec.description,
        owner=context.spec.owner,
        task=context.spec.data.task,
        training=_training(context.spec, entry, lineage),
        data=_batches(context.spec, context.ledger, lineage),
        evaluation=decision.evaluation,
        slices=_slices(context.spec, context.ledger, context.store, entry),
        drift=_drift(decision),
        attributions=_attributions(ScoringAccess.of(context), decision, entry),
        decision=_decision(decision),
        acts=_acts(context.ledger, decision, entry),
        lineage=_lineage(decision, lineage),
    )


def _training(spec: ModelSpec, entry: VersionEntry, lineage: Lineage | None) -> CardTraining:
    trained = entry.trained
    params = spec.training.params.to_lightgbm() if lineage is None else lineage.job["params"]
    return CardTraining(
        window=trained.window,
        n_rows=trained.n_rows,
        n_rounds=trained.n_rounds,
        seed=trained.seed,
        device=trained.device,
        device_reason=trained.device_reason,
        seconds=trained.seconds,
        params=params,
    )


def _batches(spec: ModelSpec, ledger: Ledger, lineage: Lineage | None) -> tuple[CardBatch, ...]:
    found = []
    for used in () if lineage is None else lineage.batches:
        data = ledger.batches.delivery(spec.name, "data", used.batch)
        found.append(
            CardBatch(
                batch=used.batch,
                n_rows=used.n_rows,
                window=None if data is None else data.window,
                data_sha256=used.data_sha256,
                data_gate=_gate(spec, ledger, "data", used.batch, used.data_sha256),
                labels_sha256=used.labels_sha256,
                labels_gate=_gate(spec, ledger, "labels", used.batch, used.labels_sha256),
            )
        )
    return tuple(found)


def _gate(spec: ModelSpec, ledger: Ledger, kind: DeliveryKind, batch: str, sha256: str) -> str:
    delivery = ledger.batches.delivery(spec.name, kind, batch)
    if delivery is None or delivery.sha256 != sha256:
        return "not known: the delivery was replaced since"
    return f"{delivery.status}: {delivery.sentence}"


def _slices(
    spec: ModelSpec, ledger: Ledger, store: "Store", entry: VersionEntry
) -> "tuple[SliceMetric, ...]":
    baseline = read_baseline(ledger, store, spec.name, entry.version)
    return () if baseline is None else baseline.slices


def _drift(decision: Decision) -> CardDrift | None:
    drift = decision.signals.drift
    if drift is None:
        return None
    return CardDrift(
        drifted_share=drift.drifted_share,
        n_rows=drift.n_rows,
        sentence=drift.sentence,
        drifted=drift.drifted,
        faults=drift.faults,
    )


def _attributions(access: ScoringAccess, decision: Decision, entry: VersionEntry) -> Attributions:
    if decision.evaluation is None:
        return Attributions(sentence="not computed: the version was not evaluated on a holdout")
    try:
        window = decision.evaluation.holdout
        rows = read_labelled(
            access.spec, access.ledger, access.store, window, before=decision.batch
        )
    except EvergreenError as err:
        return Attributions(sentence=f"not computed: {err}")
    champion = decision.evaluation.champion_version
    return attribute_features(access, entry.version, champion, rows)


def _decision(decision: Decision) -> CardDecision:
    return CardDecision(
        id=decision.id,
        batch=decision.batch,
        decided_at=decision.decided_at,
        verdict=decision.verdict,
        trigger=decision.trigger,
        sentence=decision.sentence,
        requested_by=decision.requested_by,
        reason=decision.reason,
        outcome=decision.outcome,
        outcome_sentence=decision.outcome_sentence,
        promotion=decision.promotion_verdict,
    )


def _acts(ledger: Ledger, decision: Decision, entry: VersionEntry) -> tuple[CardAct, ...]:
    """Return what a person was asked, and each time the version was made champion."""
    acts = []
    asked = ledger.approvals.get(decision.id)
    if asked is not None:
        said = f"{asked.answer}: {asked.comment}" if asked.comment else asked.answer
        by = asked.answered_by or "nobody"
        acts.append(CardAct(what="approval", at=asked.answered_at, by=by, text=said))
    acts += [
        CardAct(what=row.kind, at=row.promoted_at, by=row.requested_by, text=row.reason)
        for row in ledger.promotions.history(entry.model)
        if row.version == entry.version
    ]
    return tuple(acts)


def _lineage(decision: Decision, lineage: Lineage | None) -> CardLineage:
    if lineage is None:
        return CardLineage(
            made_by=UNKNOWN,
            batch=UNKNOWN,
            git_commit=UNKNOWN,
            lock=UNKNOWN,
            spec_hash=decision.spec_hash,
            previous_champion=decision.champion_before,
            libraries={},
            sentence="nothing was kept of how this file was made, so it cannot be made again",
        )
    return CardLineage(
        made_by=lineage.decision,
        batch=lineage.batch,
        git_commit=lineage.git_commit,
        lock=lineage.lock,
        spec_hash=lineage.spec_hash,
        previous_champion=decision.champion_before,
        libraries=lineage.libraries,
        held=lineage.held,
        incidents=lineage.incidents,
    )
