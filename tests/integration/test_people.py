"""What people say to promotions, under the real scheduler, with a Slack stand-in.

A champion of a world that has turned is seeded, so that every challenger wins: what happens then
is up to people. One story is played once; each test looks at one part of what it left behind.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from drivers.history import accept, begin, fit_model, label, reign
from drivers.loop import PATIENCE_SECONDS, Loop, broken_invariants
from drivers.shared_stack import COLLEAGUE, Part, SharedStack
from drivers.telling import broken_threads
from drivers.tiny import Upstream, write_spec
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Approval, Decision, Hold, OutboxEntry
from evergreen.records import Promotion
from evergreen.sandbox.services.airflow_api import AirflowApi, DagRun, TaskInstance
from evergreen.sandbox.services.stack import Stack
from evergreen.settings import read_settings
from evergreen.spec.loader import load_spec
from evergreen.workflows.model_context import ModelContext
from standins.slack import SlackServer
from standins.slack_workspace import Message

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]

NAME = "people"
TRAINING = f"continual_training__{NAME}"
PART = Part("people", (TRAINING, f"hold__{NAME}", f"force_promote__{NAME}", "watchdog"))
FORCE = {"force_retrain": True, "reason": "the world has turned"}
SETTLED_SECONDS = 3.0  # answered within a second, Airflow may ask again
LONG_AGO, FAR_AHEAD = "2024-01-01T00:00:00Z", "2124-01-01T00:00:00Z"


@dataclass
class Story:
    """What was seen on the way."""

    frozen: Decision
    held: Decision
    refused: Decision
    timed_out: Decision
    approved: Decision
    forced: DagRun
    states: dict[str, dict[str, str | None]]
    approvals: dict[str, Approval]
    holds: list[Hold]
    promotions: list[Promotion]
    alerts: list[OutboxEntry]
    messages: list[Message]
    broken: list[str]

    def told(self, decision: Decision) -> list[str]:
        """Return the kinds of what people were told of one decision, in order."""
        return [
            entry.alert.kind
            for entry in self.alerts
            if decision.id in entry.alert.message_key and entry.alert.kind != "retrain_started"
        ]


def write_model(models_dir: Path) -> None:
    spec = write_spec(models_dir, name=NAME, slack=PART.connection)
    learn_from_the_last_week(spec)
    rules = Rules(spec)
    rules.say(f"freeze: [{{start: {LONG_AGO}, end: {FAR_AHEAD}, reason: Christmas}}]")


def prepare(shared: SharedStack) -> None:
    seed(shared.stack, shared.ledger, shared.models_dir / NAME)


def play_on(shared: SharedStack) -> Story:
    spec = shared.models_dir / NAME
    loop = Loop(shared.stack, shared.ledger, Upstream.of(spec, shared.stack.home))
    with shared.as_colleague() as colleague:
        return play(People(loop, Rules(spec), colleague), shared.slack[PART.name])


def learn_from_the_last_week(spec: Path) -> None:
    """Let a training learn from the week before the holdout, in which the world had turned."""
    text = (spec / "model.yaml").read_text()
    assert "training_days: 28" in text
    (spec / "model.yaml").write_text(text.replace("training_days: 28", "training_days: 7"))


def seed(stack: Stack, ledger: Ledger, spec: Path) -> None:
    """Return the model a champion that two labelled weeks have left behind."""
    with patch.dict(os.environ, stack.environment):
        context = ModelContext(read_settings(), load_spec(spec, home=stack.home), ledger)
        upstream = Upstream.of(spec, stack.home)
        begin(context, upstream)
        reign(context, fit_model(spec.parent.parent / "fitted"))
        for week in (5, 6):
            if week > 5:
                accept(context, upstream, week, is_flipped=True)
            label(context, upstream, week, is_flipped=True)
        accept(context, upstream, 7, is_flipped=True)


@dataclass(frozen=True)
class Rules:
    """What the spec says of promotions; each run keeps to what it says at its start."""

    folder: Path

    def say(self, *lines: str) -> None:
        file = self.folder / "model.yaml"
        before = file.read_text().split("\npromotion:")[0]
        said = ["approval: required", *lines]
        file.write_text(before + "\npromotion:\n" + "".join(f"  {line}\n" for line in said))


@dataclass
class People:
    """Orders and answers of people, and what came of them."""

    loop: Loop
    rules: Rules
    colleague: AirflowApi

    def retrain(self) -> DagRun:
        return self.loop.stack.api.trigger(TRAINING, FORCE)

    def decided(self, run: DagRun) -> Decision:
        """Wait for the end of a run; give its decision, which is closed."""
        ended = self.loop.stack.api.wait_for_run(
            TRAINING, run.run_id, timeout_seconds=PATIENCE_SECONDS
        )
        assert ended.state == "success", self.loop.explain()
        (decision,) = [
            d for d in self.loop.ledger.decisions.history(NAME) if d.run_id == run.run_id
        ]
        return decision

    def step(self, run: DagRun) -> TaskInstance:
        tasks = self.loop.stack.api.task_instances(TRAINING, run.run_id)
        return next(task for task in tasks if task.task_id == "approve")

    def asked(self, run: DagRun) -> TaskInstance:
        """Wait until a run asks, and Airflow has settled that it waits."""
        self.loop.wait_until(lambda: self.step(run).state == "awaiting_input", "a question")
        time.sleep(SETTLED_SECONDS)
        return self.step(run)

    def answer(self, run: DagRun, option: str, comment: str) -> Decision:
        self.loop.stack.api.answer(self.asked(run), option, comment=comment)
        return self.decided(run)

    def let_colleague_answer(self, run: DagRun, option: str, comment: str) -> Decision:
        self.colleague.answer(self.asked(run), option, comment=comment)
        return self.decided(run)

    def answer_without_the_right(self, run: DagRun) -> None:
        """Answer as somebody who is not among the approvers; wait until it is asked again."""
        task, api = self.asked(run), self.loop.stack.api
        api.answer(task, "Approve", comment="let me")
        self.loop.wait_until(lambda: not api.is_answered(self.step(run)), "the second question")

    def wait_for_anew(self, release: DagRun) -> DagRun:
        """Wait for the run that a release has started."""
        wanted = f"anew__{release.run_id}"

        def found() -> list[DagRun]:
            return [r for r in self.loop.stack.api.runs(TRAINING) if r.run_id == wanted]

        self.loop.wait_until(lambda: bool(found()), wanted)
        return found()[0]

    def watch(self) -> None:
        run = self.loop.stack.api.trigger("watchdog")
        self.loop.stack.api.wait_for_run("watchdog", run.run_id, timeout_seconds=PATIENCE_SECONDS)


def play(people: People, slack: SlackServer) -> Story:
    loop, rules = people.loop, people.rules
    frozen = people.decided(people.retrain())

    rules.say(f"approvers: [{COLLEAGUE}]")
    loop.run_to_end("hold", {"action": "hold", "reason": "audit"})
    held = people.decided(people.retrain())
    anew = people.wait_for_anew(
        loop.run_to_end("hold", {"action": "release", "reason": "audit is over"})
    )
    people.answer_without_the_right(anew)
    refused = people.let_colleague_answer(anew, "Reject", "not on Fridays")

    rules.say("approval_timeout_hours: 0.001")
    timed_out = people.decided(people.retrain())

    rules.say("approval_reminder_hours: 0.0001")
    last = people.retrain()
    people.asked(last)
    for _ in range(2):
        people.watch()
    approved = people.answer(last, "Approve", "seen the guards")
    forced = loop.run_to_end("force_promote", {"version": "1", "reason": "the audit saw v1"})

    decisions = (frozen, held, refused, timed_out, approved)
    asked = [(one.id, loop.ledger.approvals.get(one.id)) for one in decisions]
    return Story(
        frozen=frozen,
        held=held,
        refused=refused,
        timed_out=timed_out,
        approved=approved,
        forced=forced,
        states={one.id: states_of(loop, one) for one in decisions},
        approvals={identity: approval for identity, approval in asked if approval is not None},
        holds=list(loop.ledger.holds.history(NAME)),
        promotions=list(loop.ledger.promotions.history(NAME)),
        alerts=list(loop.ledger.alerts.history(NAME)),
        messages=list(slack.messages),
        broken=broken_invariants(loop),
    )


def states_of(loop: Loop, decision: Decision) -> dict[str, str | None]:
    tasks = loop.stack.api.task_instances(TRAINING, decision.run_id)
    return {task.task_id: task.state for task in tasks}


def test_a_freeze_holds_the_promotion_and_nobody_is_asked(story: Story) -> None:
    decision = story.frozen

    assert decision.outcome == "held"
    assert "frozen until 2124-01-01 00:00 UTC: Christmas" in decision.outcome_sentence
    assert decision.challenger_version is not None
    assert decision.evaluation is not None
    assert decision.id not in story.approvals
    assert story.states[decision.id]["approve"] == story.states[decision.id]["promote"] == "skipped"
    assert story.told(decision) == ["promotion_held"]


def test_the_kill_switch_holds_the_promotion_with_name_and_reason(story: Story) -> None:
    assert story.held.outcome == "held"
    assert "held by admin" in story.held.outcome_sentence
    assert story.told(story.held) == ["promotion_held"]
    (hold,) = story.holds
    assert (hold.held_by, hold.reason) == ("admin", "audit")
    assert (hold.released_by, hold.release_reason) == ("admin", "audit is over")


def test_a_release_decides_anew_at_once_and_says_why(story: Story) -> None:
    decision = story.refused

    assert decision.run_id.startswith("anew__")
    assert decision.trigger == "forced"
    assert decision.reason == "held before, released by admin: audit is over"


def test_a_refusal_keeps_the_champion_with_name_and_comment(story: Story) -> None:
    approval = story.approvals[story.refused.id]

    assert story.refused.outcome == "refused"
    assert "refused by ada: not on Fridays" in story.refused.outcome_sentence
    assert story.refused.champion_after == "1"
    assert (approval.answer, approval.answered_by) == ("refused", COLLEAGUE)
    assert approval.comment == "not on Fridays"
    assert story.states[story.refused.id]["promote"] == "skipped"
    assert story.told(story.refused) == ["approval_wanted", "kept"]


def test_nobody_answering_in_time_keeps_the_champion(story: Story) -> None:
    approval = story.approvals[story.timed_out.id]

    assert story.timed_out.outcome == "refused"
    assert "nobody answered within 4 seconds; the champion" in story.timed_out.outcome_sentence
    assert (approval.answer, approval.answered_by) == ("timed_out_keep", "")
    assert story.told(story.timed_out) == ["approval_wanted", "kept"]


def test_an_approval_moves_the_champion_with_name_and_comment(story: Story) -> None:
    approval = story.approvals[story.approved.id]
    (row,) = [p for p in story.promotions if p.decision_id == story.approved.id]

    assert story.approved.outcome == "promoted"
    assert (approval.answer, approval.answered_by) == ("approved", "admin")
    assert (approval.comment, approval.version) == ("seen the guards", row.version)
    assert (row.kind, row.state) == ("promotion", "committed")
    assert row.reason.endswith("approved by admin: seen the guards")


def test_an_open_question_is_reminded_of_once(story: Story) -> None:
    wanted, reminder, promoted = (
        entry.alert
        for entry in story.alerts
        if entry.alert.message_key.count(story.approved.id)
        and entry.alert.kind != "retrain_started"
    )

    assert (wanted.kind, reminder.kind) == ("approval_wanted", "approval_wanted")
    assert reminder.title.startswith("Reminder: ")
    assert promoted.kind == "promoted"
    assert story.approvals[story.approved.id].reminded_at is not None
    (page,) = [url for name, url in wanted.links if name == "answer"]
    assert page.endswith("/tasks/approve/required_actions")


def test_a_forced_version_is_champion_with_its_record_and_one_alert(story: Story) -> None:
    last = story.promotions[-1]

    assert story.forced.state == "success"
    assert (last.kind, last.version, last.requested_by) == ("forced", "1", "admin")
    assert last.previous_version == story.approved.challenger_version
    assert "the audit saw v1" in last.reason
    assert [e.alert.kind for e in story.alerts].count("forced") == 1


def test_every_alert_reached_slack_once_in_the_thread_of_its_incident(story: Story) -> None:
    sent = [entry for entry in story.alerts if entry.state == "delivered"]

    assert {e.alert.kind for e in story.alerts if e not in sent} <= {"retrain_started"}
    assert len(story.messages) == len([entry for entry in sent if entry.role != "update"])
    assert broken_threads(story.alerts, story.messages) == []


def test_each_question_has_its_answer_in_its_thread(story: Story) -> None:
    asked = {e.incident_id for e in story.alerts if e.alert.kind == "approval_wanted"}
    ends = [e.alert.title for e in story.alerts if e.incident_id in asked and e.role == "closing"]

    assert len(ends) == len(asked)
    assert [end.split(":")[0] for end in ends] == [
        "Refused by ada",
        "Nobody answered in time",
        "Approved by admin",
    ]


def test_champion_alias_and_ledger_agree_at_the_end(story: Story) -> None:
    assert story.broken == []
    assert [row.version for row in story.promotions] == [
        "1",
        story.approved.challenger_version,
        "1",
    ]
