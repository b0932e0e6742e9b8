"""People are told batch ids and how many batches lie between: never an index, never "1 batches"."""

import re
from pathlib import Path

import pytest

from builders.batch_lives import MODEL, Shape, live
from builders.ledger_rows import Call
from drivers import rendered
from evergreen.alerts import catalogue, incident_rules
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Decision
from evergreen.settings import read_settings
from evergreen.web.queries.decision_detail import decision_detail
from evergreen.web.queries.model_detail import decisions_page, model_detail
from evergreen.web.server.services import Services

FORBIDDEN = (
    r"\bbatch(?:es)? -?\d{1,4}\b(?!-\d)",  # batch 2252
    r"(?<!\d)-\d[\d,]* (?:labelled )?batch",  # -11 batches
    r"\bpositions?\b",
    r"\bbatches from \d+(?![.\d-])",
    r"(?<![\d.,-])1 (?:labelled )?batches\b",
    r"(?<![\d.,-])(?:0|[2-9]|\d{2,}) (?:labelled )?batch\b",
    r"batch\(es\)",
)
SHAPES = {
    "weekly": Shape(7),
    "weekly, labels 30 days later": Shape(7, label_delay_days=30),
    "daily": Shape(1),
    "daily, labels 30 days later": Shape(1, label_delay_days=30, n_batches=60),
}
POLICIES = ("default", "periodic", "thresholds", "every", "never")


def found_in(text: str) -> list[str]:
    """Return what no text may say, with the words around it."""
    line = " ".join(text.split())
    return [
        line[max(0, hit.start() - 40) : hit.end() + 40]
        for pattern in FORBIDDEN
        for hit in re.finditer(pattern, line, re.IGNORECASE)
    ]


def messages(decision: Decision) -> str:
    """Return all that is told of a decision."""
    decided, measured = decision.decided, decision.signals
    assert decided is not None
    told = catalogue.stood_down if decided.verdict == "stand_down" else catalogue.retrain_started
    alerts = [
        told(MODEL, decision.batch, decision=decided),
        catalogue.decay(
            MODEL,
            decision.batch,
            measurement=measured.decay,
            follow_up=decided.sentence,
            is_alarm=decided.is_alarm,
        ),
    ]
    alerts += [
        incident_rules.calm(alerts[-1], f"batch {decision.batch} was calm", n_calm=n, n_needed=m)
        for n, m in ((1, 1), (1, 2))
    ]
    return "\n".join(f"{one.title}\n{one.text}" for one in alerts)


@pytest.mark.parametrize(
    "text",
    [
        "retrain: batch 2252, due at every 5 batches from 0",
        "-11 batches since the newest training",
        "open since position 12",
        "on the newest 1 labelled batches",
        "2 batch ago",
        "1 batch(es)",
        "recovery, batch 3 since the drop",
    ],
)
def test_what_was_said_before_would_be_found(text: str) -> None:
    assert found_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "batch 2013-02-19, and batches 2013-02-19, 2013-02-26",
        "1 batch since the newest training (2013-02-19), 2 batches are 12,611 rows",
        "decay 0.0004 per batch from 0 comparisons, over 2013-02-11 batches of flights",
    ],
)
def test_what_may_be_said_is_not(text: str) -> None:
    assert found_in(text) == []


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_terminal_pages_and_messages_name_batches_by_id(
    call: Call, ledger: Ledger, project: Path, policy: str, shape: Shape
) -> None:
    decisions = live(ledger, policy, shape)
    services = Services(read_settings(), ledger)
    detail = model_detail(services, MODEL)
    assert detail is not None
    said = {
        "decisions": call("decisions", MODEL).out,
        "model page": rendered.text_of(rendered.model(detail).body),
        "decisions page": rendered.text_of(
            rendered.decisions(decisions_page(services, MODEL)).body
        ),
    }
    for one in decisions:
        said |= {
            f"why {one.batch}": call("why", MODEL, one.batch).out,
            f"page {one.batch}": rendered.text_of(
                rendered.decision(decision_detail(services, one)).body
            ),
            f"messages {one.batch}": messages(one),
        }

    assert all(decision.sentence in said[f"messages {decision.batch}"] for decision in decisions)
    assert {place: hits for place, text in said.items() if (hits := found_in(text))} == {}


def test_the_lives_show_what_policies_say(ledger: Ledger) -> None:
    said = " | ".join(one.sentence for one in live(ledger, "default", SHAPES["weekly"]))

    for part in (
        "train the first model",
        "since the newest training (v1)",
        "sudden drop",
        "since the drop (2013-",
        "1 batch in a row",
        "fits again",
    ):
        assert part in said
