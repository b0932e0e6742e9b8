import logging
from typing import Any

import pytest

from builders.ledger_rows import add_decision, close_as_promoted, make_alert
from evergreen.ledger.ledger import Ledger
from evergreen.slack import Posted, SlackSender
from evergreen.slack.chart import Moment
from evergreen.workflows.alerts.thread_chart import history_of, show_picture
from evergreen.workflows.model_context import ModelContext
from standins.slack import SlackServer

BATCHES = [f"2013-02-{day:02d}" for day in (5, 12, 19, 26)]
WAYS_TO_FAIL = ["500", "token_revoked", "missing_scope", "429"]


def moments(ledger: Ledger, model: str = "flights") -> dict[str, Moment]:
    return {m.batch: m for m in history_of(ledger, model, 0.3).moments}


@pytest.fixture
def sender(slack: SlackServer) -> SlackSender:
    return SlackSender("xoxb-made-up", slack.base_url, 5, wait=lambda _: None)


@pytest.fixture
def root(sender: SlackSender) -> Posted:
    return sender.send("#alerts", make_alert("drift:1"))


def decide(context: ModelContext, batches: list[str] = BATCHES) -> None:
    for batch in batches:
        add_decision(context.ledger, batch, run_id=batch, model=context.spec.name)


def test_a_batch_is_shown_with_the_figures_of_its_decision(context: ModelContext) -> None:
    add_decision(context.ledger, BATCHES[0], verdict="stand_down")

    (shown,) = moments(context.ledger).values()

    assert shown.batch == BATCHES[0]
    assert (shown.metric, shown.reference, shown.drifted_share) == (0.669, 0.70, 0.5)
    assert (shown.metric_low, shown.metric_high) == pytest.approx((0.65332, 0.68468))
    assert (shown.mark, shown.version) == ("", "")


def test_batches_stand_in_their_order_and_each_once(context: ModelContext) -> None:
    for run, batch in enumerate((BATCHES[2], BATCHES[0], BATCHES[2])):
        add_decision(context.ledger, batch, run_id=f"run{run}", psi=0.41 if run == 0 else 0.1)

    shown = moments(context.ledger)

    assert list(shown) == [BATCHES[0], BATCHES[2]]
    assert shown[BATCHES[2]].drifted_share == 0.0


def test_moves_of_the_champion_are_marked_where_they_were_decided(context: ModelContext) -> None:
    close_as_promoted(context.ledger, add_decision(context.ledger, BATCHES[0]))
    add_decision(context.ledger, BATCHES[1])
    add_decision(context.ledger, BATCHES[2], verdict="stand_down")
    move_back(context.ledger)

    shown = moments(context.ledger)

    assert [(m.mark, m.version) for m in shown.values()] == [
        ("promoted", "2"),
        ("retrain", ""),
        ("rolled_back", "1"),
    ]


def move_back(ledger: Ledger) -> None:
    ledger.promotions.write_intent(
        "flights",
        epoch=2,
        version="1",
        previous_version="2",
        sha256="a" * 64,
        kind="rollback",
        decision_id="rollback:2",
        reason="complaints",
    )
    ledger.promotions.commit("flights", 2)


def test_a_model_without_decisions_has_nothing_to_show(context: ModelContext) -> None:
    history = history_of(context.ledger, "flights", 0.3)

    assert (history.moments, history.is_telling) == ((), False)


def test_the_thread_of_an_incident_shows_the_picture(
    context: ModelContext, slack: SlackServer, sender: SlackSender, root: Posted
) -> None:
    decide(context)

    assert show_picture(context.spec, context.ledger, sender, "drift", root)

    (file,) = slack.threads[0].files
    assert file.content.startswith(b"\x89PNG")
    assert file.alt.startswith(f"{context.spec.name}: auc and drift, newest 4 batches")


@pytest.mark.parametrize(
    ("kind", "batches"),
    [pytest.param("failed", BATCHES, id="of something else"), ("drift", BATCHES[:2])],
)
def test_what_a_picture_does_not_say_faster_has_none(
    kind: Any,
    batches: list[str],
    *,
    context: ModelContext,
    slack: SlackServer,
    sender: SlackSender,
    root: Posted,
) -> None:
    decide(context, batches)

    assert not show_picture(context.spec, context.ledger, sender, kind, root)
    assert slack.called("files.getUploadURLExternal") == []


@pytest.mark.parametrize("mode", WAYS_TO_FAIL)
@pytest.mark.parametrize("step", ["files.getUploadURLExternal", "files.completeUploadExternal"])
def test_a_picture_that_fails_harms_nothing(
    mode: str,
    step: str,
    *,
    context: ModelContext,
    slack: SlackServer,
    sender: SlackSender,
    root: Posted,
    caplog: pytest.LogCaptureFixture,
) -> None:
    decide(context, BATCHES[:3])
    slack.modes[step] = mode

    with caplog.at_level(logging.WARNING):
        is_shown = show_picture(context.spec, context.ledger, sender, "decay", root)

    assert not is_shown
    assert "no picture in Slack" in caplog.text
    assert slack.threads[0].files == []
