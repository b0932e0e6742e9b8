"""Asking people: who is asked what, once, and what each answer leads to."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput
from airflow.sdk.execution_time.context import set_current_context

from drivers.history import accept, asked_for, begin
from drivers.runs import DagRun, Run
from drivers.tiny import FIRST, WEEK, Upstream
from evergreen.ledger.entries import Answer, Approval
from evergreen.measurements import DecayMeasurement
from evergreen.orchestration.approval_step import APPROVE, REFUSE, ApprovalStep
from evergreen.orchestration.approving import remind_of_approvals
from evergreen.orchestration.deciding import decide_batch
from evergreen.orchestration.fencing import outdated_by
from evergreen.orchestration.params import answer_params
from evergreen.orchestration.recording import record_outcome
from evergreen.orchestration.staying import why_not_now
from evergreen.orchestration.workbench import Workbench
from evergreen.records import Evaluation, MetricEstimate, Window
from evergreen.spec.loader import load_spec

RUN_ID = "asset_triggered__1"
NO_DECAY = DecayMeasurement(verdict="insufficient_data", sentence="").to_json()
ADA = {"id": "7", "name": "ada"}
PROMOTION = """
promotion:
  approval: required
  approval_timeout_hours: {hours}
  approval_on_timeout: {on_timeout}
  approvers: [{approvers}]
"""


def make_evaluation(evaluated_at: datetime | None = None) -> Evaluation:
    metric = MetricEstimate(name="auc", value=0.9, se=0.01, n_rows=400)
    return Evaluation(
        challenger_version="2",
        champion_version="1",
        challenger=metric,
        champion=metric,
        gain=0.02,
        gain_se=0.005,
        gain_low=0.01,
        gain_high=0.03,
        n_rows=400,
        holdout=Window(start=FIRST, end=FIRST + WEEK),
        evaluated_at=evaluated_at or datetime.now(UTC),
        sentence="",
    )


class Case:
    """A run whose challenger won, at the step where a person is asked.

    What Airflow does between asking and answering is left out: the page and the wait.
    """

    def __init__(self, bench: Workbench, batch: str, **request: Any) -> None:
        self.bench = bench
        self.asked = asked_for(bench, batch, RUN_ID, **request)
        dag_run = DagRun(f"continual_training__{bench.spec.name}", RUN_ID, batch)
        self.run = Run(dag_run)
        self.run.returned["check_request"] = self.asked
        self.run.returned["train_challenger"] = {"version": "2", "sha256": "a" * 64}
        self.step = ApprovalStep(task_id="approve", model=bench.spec.name, params=answer_params())
        decide_batch(bench, self.asked, {"version": None, "path": None}, NO_DECAY, RUN_ID)
        self.evaluate()

    def evaluate(self, verdict: str = "promote") -> None:
        self.run.returned["evaluate_challenger"] = {
            "evaluation": make_evaluation().to_json(),
            "verdict": {"verdict": verdict, "sentence": "auc gain +0.02"},
        }

    def ask(self) -> Any:
        return self._do(self.step.execute)

    def answer(self, option: str, user: dict[str, str] | None = ADA, comment: str = "") -> Any:
        event = {
            "chosen_options": [option],
            "params_input": {"comment": comment},
            "responded_at": datetime.now(UTC),
            "responded_by_user": user,
            "timedout": user is None,
        }
        return self._do(lambda context: self.step.execute_complete(context, event))

    def _do(self, step: Any) -> Any:
        self.run.forget("approve")
        context: Any = {**self.run.context("approve"), "task": self.step}
        context["task_instance"] = context["ti"]
        context["ti"].id = "an id"
        with set_current_context(context):
            try:
                result = step(context)
            except AirflowSkipException:
                self.run.states["approve"] = "skipped"
                raise
        self.run.states["approve"] = "success"
        self.run.returned["approve"] = result
        return result

    def close(self) -> tuple[str, str]:
        """Let record_decision close the run; give outcome and sentence."""
        self.run.states |= {
            "decide": "success",
            "train_challenger": "success",
            "evaluate_challenger": "success",
            "promote": "skipped",
        }
        context = self.run.context("record_decision")
        recorded = record_outcome(self.bench, context, self.asked, self.run.states)
        return recorded["outcome"], recorded["sentence"]

    def why_not_promoted(self) -> str:
        returned = self.run.returned
        stay = why_not_now(
            self.bench, self.asked, returned["train_challenger"], returned["evaluate_challenger"]
        )
        return "" if stay is None else stay.sentence

    @property
    def row(self) -> Approval:
        found = self.bench.ledger.approvals.get(self.asked["decision"])
        assert found is not None
        return found


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was sent to Airflow's page, in place of its supervisor."""
    pages: list[dict[str, Any]] = []

    def upsert(**page: Any) -> None:
        pages.append(page)

    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", upsert)
    return pages


@pytest.fixture
def rule(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the spec says of approvals; a test changes it by ``parametrize``."""
    return {"hours": 24, "on_timeout": "keep", "approvers": "", **getattr(request, "param", {})}


@pytest.fixture
def case(bench: Workbench, upstream: Upstream, rule: dict[str, Any]) -> Case:
    batch = begin(bench, upstream)
    change_spec(bench, PROMOTION.format(**rule))
    return Case(bench, batch)


def change_spec(bench: Workbench, text: str) -> None:
    """Let the spec say this of promotions from now on."""
    file = bench.loaded.folder / "model.yaml"
    file.write_text(file.read_text().split("\npromotion:")[0] + text)
    bench.loaded = load_spec(bench.loaded.folder, home=bench.settings.home)


def told(bench: Workbench) -> list[str]:
    return [entry.alert.kind for entry in bench.ledger.alerts.history(bench.spec.name)]


def test_a_person_is_asked_with_all_that_is_needed_to_answer(
    case: Case, bench: Workbench, shown: list[dict[str, Any]]
) -> None:
    with pytest.raises(TaskAwaitingInput) as waiting:
        case.ask()

    (page,) = shown
    assert page["subject"] == f"{bench.spec.name}: may version 2 become champion?"
    body = page["body"].replace("\\", "")
    for part in ("version 2", "version 1", "+0.0200", "+0.0100 to +0.0300", "auc gain +0.02"):
        assert part in body
    assert page["options"] == [APPROVE, REFUSE]
    assert page["defaults"] == [REFUSE]
    assert page["assigned_users"] is None
    assert waiting.value.timeout == pytest.approx(timedelta(hours=24), abs=timedelta(minutes=1))
    assert (case.row.answer, case.row.version) == ("open", "2")
    assert told(bench) == ["approval_wanted"]


def test_a_retry_goes_on_with_the_same_question_and_tells_nobody_again(
    case: Case, bench: Workbench
) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    first = case.row

    with pytest.raises(TaskAwaitingInput) as again:
        case.ask()

    assert case.row == first
    assert again.value.timeout <= first.due_at - first.asked_at
    assert told(bench) == ["approval_wanted"]


def test_an_approval_lets_the_champion_move_with_name_and_comment(case: Case) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    assert "nobody has answered yet" in case.why_not_promoted()

    result = case.answer(APPROVE, comment="seen\nit")

    assert (result["answer"], result["by"]) == ("approved", "ada")
    row = case.row
    assert (row.answer, row.answered_by, row.comment) == ("approved", "ada", "seen it")
    assert case.why_not_promoted() == ""


def test_a_refusal_skips_the_promotion_and_closes_as_refused(case: Case, bench: Workbench) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()

    with pytest.raises(AirflowSkipException):
        case.answer(REFUSE, comment="not on Fridays")

    outcome, sentence = case.close()
    assert outcome == "refused"
    assert sentence.startswith("refused by ada: not on Fridays; the champion stays")
    assert "not on Fridays" in case.why_not_promoted()
    assert told(bench) == ["approval_wanted", "kept"]


@pytest.mark.parametrize(
    ("rule", "default", "answer", "sentence"),
    [
        pytest.param(
            {"on_timeout": "keep"},
            REFUSE,
            "timed_out_keep",
            "nobody answered within 24 hours; the champion stays",
            id="keep",
        ),
        pytest.param(
            {"on_timeout": "promote"},
            APPROVE,
            "timed_out_promote",
            "nobody answered within 24 hours, and the spec promotes then",
            id="promote",
        ),
    ],
    indirect=["rule"],
)
def test_what_a_time_out_means_is_what_the_spec_says(
    case: Case, shown: list[dict[str, Any]], default: str, answer: Answer, sentence: str
) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    assert shown[0]["defaults"] == [default]

    if default == REFUSE:
        with pytest.raises(AirflowSkipException, match=sentence):
            case.answer(default, user=None)
        assert case.close()[0] == "refused"
    else:
        assert case.answer(default, user=None)["sentence"] == sentence

    assert (case.row.answer, case.row.answered_by) == (answer, "")


@pytest.mark.parametrize("rule", [{"approvers": "ada, ben"}], indirect=True)
def test_an_answer_of_somebody_else_does_not_count_and_it_is_asked_again(
    case: Case, bench: Workbench, shown: list[dict[str, Any]]
) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()

    with pytest.raises(TaskAwaitingInput):
        case.answer(APPROVE, user={"id": "9", "name": "eve"})
    assert case.row.answer == "open"
    case.answer(APPROVE)

    assert case.row.answered_by == "ada"
    assert len(shown) == 2
    assert told(bench) == ["approval_wanted"]


def test_what_was_answered_is_not_asked_again_when_the_step_is_cleared(
    case: Case, shown: list[dict[str, Any]]
) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    case.answer(APPROVE)

    again = case.ask()

    assert again["answer"] == "approved"
    assert len(shown) == 1


def test_an_answer_counts_only_for_the_evaluation_it_was_given_about(
    case: Case, bench: Workbench
) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    case.answer(APPROVE)
    time.sleep(1.1)  # questions of one decision are told apart by the second
    case.evaluate()
    assert "nobody was asked about this evaluation" in case.why_not_promoted()

    with pytest.raises(TaskAwaitingInput):
        case.ask()

    assert case.row.answer == "open"
    assert told(bench) == ["approval_wanted", "approval_wanted"]


def test_nobody_is_asked_about_a_challenger_that_lost(
    case: Case, shown: list[dict[str, Any]]
) -> None:
    case.evaluate("keep")

    with pytest.raises(AirflowSkipException, match="kept the champion"):
        case.ask()

    assert case.close() == ("kept", "auc gain +0.02")
    assert shown == []


def test_nobody_is_asked_on_a_dry_run(case: Case, shown: list[dict[str, Any]]) -> None:
    case.asked["request"]["dry_run"] = True

    with pytest.raises(AirflowSkipException, match="dry run"):
        case.ask()

    assert shown == []


@pytest.mark.parametrize("cause", ["hold", "freeze"])
def test_nobody_is_asked_while_promotions_are_held(
    case: Case, bench: Workbench, shown: list[dict[str, Any]], cause: str
) -> None:
    if cause == "hold":
        bench.ledger.holds.hold("*", reason="audit", held_by="ben")
    else:
        change_spec(
            bench,
            "\npromotion:\n  approval: required\n  freeze:\n"
            "    - {start: 2024-01-01T00:00:00Z, end: 2124-01-01T00:00:00Z, reason: for good}\n",
        )

    with pytest.raises(AirflowSkipException):
        case.ask()

    outcome, sentence = case.close()
    assert outcome == "held"
    assert ("audit" if cause == "hold" else "for good") in sentence
    assert shown == []
    (alert,) = [entry.alert for entry in bench.ledger.alerts.history(bench.spec.name)]
    assert (alert.kind, alert.must_act) == ("promotion_held", cause == "hold")


def test_an_approval_is_no_licence_against_a_hold(case: Case, bench: Workbench) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    case.answer(APPROVE)

    bench.ledger.holds.hold(bench.spec.name, reason="audit", held_by="ben")

    assert "held by ben" in case.why_not_promoted()


def test_what_was_held_is_not_applied_late_and_a_new_evaluation_may_go_on(
    case: Case, bench: Workbench
) -> None:
    change_spec(bench, "\npromotion: {approval: none}\n")
    bench.ledger.holds.hold(bench.spec.name, reason="audit", held_by="ben")
    with pytest.raises(AirflowSkipException):
        case.ask()
    case.close()
    bench.ledger.holds.release(bench.spec.name, reason="over", released_by="ben")
    assert "not applied late" in case.why_not_promoted()

    case.evaluate()

    assert case.why_not_promoted() == ""


def test_marking_the_step_green_by_hand_is_no_approval(case: Case) -> None:
    case.run.states["approve"] = "success"

    assert "nobody was asked about this evaluation" in case.why_not_promoted()


def test_batches_that_arrive_while_a_person_thinks_do_not_undo_the_approval(
    case: Case, bench: Workbench, upstream: Upstream
) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    newer = accept(bench, upstream, 6)
    assert outdated_by(bench, case.asked) == newer

    case.answer(APPROVE)

    assert outdated_by(bench, case.asked) is None


@pytest.mark.parametrize(
    ("rule", "is_due"),
    [
        pytest.param({"hours": 24}, True, id="open for long"),
        pytest.param({"hours": 0.0001}, False, id="past its time"),
    ],
    indirect=["rule"],
)
def test_people_are_reminded_once_of_what_is_still_open(
    case: Case, bench: Workbench, is_due: bool
) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    assert remind_of_approvals(bench) == []
    time.sleep(0.5)
    asked_at = case.row.asked_at
    change_spec(
        bench,
        "\npromotion: {approval: required, approval_reminder_hours: 0.0001}\n",
    )

    reminded = [remind_of_approvals(bench) for _ in range(2)]

    assert reminded == [[case.asked["decision"]] * is_due, []]
    assert case.row.asked_at == asked_at
    alerts = [entry.alert for entry in bench.ledger.alerts.history(bench.spec.name)]
    assert [alert.kind for alert in alerts] == ["approval_wanted"] * (1 + is_due)
    if is_due:
        assert alerts[1].title == f"Reminder: {alerts[0].title}"
        assert alerts[1].thread == alerts[0].thread
        assert alerts[1].must_act


def test_what_was_answered_is_not_reminded_of(case: Case, bench: Workbench) -> None:
    change_spec(bench, "\npromotion: {approval: required, approval_reminder_hours: 0.00001}\n")
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    case.answer(APPROVE)
    time.sleep(0.1)

    assert remind_of_approvals(bench) == []


def test_a_spec_that_asks_nobody_any_more_lets_the_run_go_on(
    case: Case, bench: Workbench, shown: list[dict[str, Any]]
) -> None:
    change_spec(bench, "\npromotion: {approval: none}\n")

    assert case.ask() == {"answer": "not asked"}
    assert shown == []
