import pytest

from drivers.history import NO_DECAY, NO_DRIFT, begin, crown, enthrone, run_about, trained_model
from drivers.runs import DagRun, Run
from drivers.tiny import FIRST, WEEK, Upstream
from evergreen.ledger.records import Decision
from evergreen.orchestration.dag_runs import run_info
from evergreen.records import Evaluation, MetricEstimate, PromotionVerdict, Window
from evergreen.workflows.decide.close_decision import record_outcome
from evergreen.workflows.decide.decide import decide_batch
from evergreen.workflows.decision_run import ClosedRun, Evaluated, Trained
from evergreen.workflows.model_context import ModelContext

RUN_ID = "asset_triggered__1"
QUIET = {"decide": "success", "stand_down": "success", "train_challenger": "skipped"}
TRAINED = {
    "decide": "success",
    "stand_down": "skipped",
    "train_challenger": "success",
    "evaluate_challenger": "success",
}


class Case:
    """An opened decision, and a run whose tasks ended as a test says."""

    def __init__(self, context: ModelContext, batch: str, *, is_dry: bool = False) -> None:
        self.context = context
        self.trained: Trained | None = None
        self.result: Evaluated | None = None
        self.about = run_about(context, batch, RUN_ID, dry_run=is_dry)
        self.run = Run(DagRun(f"continual_training__{context.spec.name}", RUN_ID, batch))
        decide_batch(context, self.about, NO_DRIFT, NO_DECAY, run_id=RUN_ID)

    def evaluated(self, verdict: str = "promote") -> "Case":
        metric = MetricEstimate(name="auc", value=0.9, se=0.01, n_rows=400)
        evaluation = Evaluation(
            challenger_version="2",
            champion_version=None,
            challenger=metric,
            champion=None,
            gain=None,
            gain_se=None,
            n_rows=400,
            holdout=Window(start=FIRST, end=FIRST + WEEK),
            sentence="",
        )
        self.trained = trained_model(self.about, "2")
        self.result = Evaluated(
            evaluation=evaluation,
            verdict=PromotionVerdict.from_json({"verdict": verdict, "sentence": "auc gain +0.01"}),
            spec_hash=self.about.spec_hash,
        )
        return self

    def record(self, **states: str) -> ClosedRun:
        """Close the run as its task does: what a task returned counts if it ended well."""
        return record_outcome(
            self.context,
            self.about,
            run_info(self.run.context("record_decision")),
            states,
            trained=self.trained if states.get("train_challenger") == "success" else None,
            evaluated=self.result if states.get("evaluate_challenger") == "success" else None,
            stay=None,
        )

    @property
    def decision(self) -> Decision:
        return self.context.ledger.decisions.get(self.about.decision_id)


@pytest.fixture
def case(context: ModelContext, upstream: Upstream) -> Case:
    return Case(context, begin(context, upstream))


def kinds(context: ModelContext) -> list[str]:
    return [entry.alert.kind for entry in context.ledger.alerts.history(context.spec.name)]


def test_a_quiet_day_is_closed_as_stood_down(case: Case, context: ModelContext) -> None:
    recorded = case.record(**QUIET, write_drift_report="skipped", promote="skipped")

    assert recorded.outcome == case.decision.outcome == "stood_down"
    assert case.decision.closed_at is not None
    assert kinds(context) == ["stood_down"]


def test_a_skipped_promotion_keeps_the_champion(case: Case, context: ModelContext) -> None:
    recorded = case.evaluated("keep").record(**TRAINED, promote="skipped")

    assert recorded.outcome == "kept"
    assert case.decision.outcome_sentence == "auc gain +0.01"
    assert (case.decision.challenger_version, case.decision.champion_after) == ("2", None)
    assert kinds(context) == ["kept"]


@pytest.mark.parametrize(
    ("broken", "states"),
    [
        pytest.param("promote", {**TRAINED, "promote": "failed"}, id="promote"),
        pytest.param(
            "train_challenger",
            {
                "decide": "success",
                "train_challenger": "failed",
                "evaluate_challenger": "upstream_failed",
                "promote": "upstream_failed",
            },
            id="train",
        ),
    ],
)
def test_a_failed_task_fails_the_decision_and_keeps_the_champion(
    case: Case, context: ModelContext, broken: str, states: dict[str, str]
) -> None:
    recorded = case.evaluated().record(**states)

    assert recorded.outcome == case.decision.outcome == "failed"
    assert recorded.sentence.startswith(f"{broken} failed")
    assert kinds(context) == ["failed"]


def test_a_task_that_never_ran_fails_the_decision_too(case: Case) -> None:
    recorded = case.record(decide="success", train_challenger="upstream_failed")

    assert recorded.outcome == "failed"


def test_a_run_that_broke_before_it_decided_leaves_no_outcome(case: Case) -> None:
    recorded = case.record(measure_drift="failed", decide="upstream_failed")

    assert recorded.outcome == "failed"
    assert case.decision.outcome == "open"


def test_a_report_that_failed_does_not_fail_the_run(case: Case) -> None:
    recorded = case.record(**QUIET, write_drift_report="failed")

    assert recorded.outcome == "stood_down"
    assert case.decision.report_path is None


def test_a_drawn_report_is_named(case: Case) -> None:
    case.record(**QUIET, write_drift_report="success")

    assert (
        case.decision.report_path
        == f"reports/{case.context.spec.name}/{case.about.batch}/drift.html"
    )


def test_what_a_skipped_task_returned_in_an_earlier_round_does_not_count(case: Case) -> None:
    case.evaluated().record(**QUIET, evaluate_challenger="skipped", promote="skipped")

    assert (case.decision.outcome, case.decision.challenger_version) == ("stood_down", None)


@pytest.mark.parametrize(
    ("champions", "outcome"), [(0, "bootstrapped"), (1, "promoted")], ids=["first", "later"]
)
def test_a_promotion_is_told_once(
    case: Case, context: ModelContext, champions: int, outcome: str
) -> None:
    if champions:
        crown(context, "1")
    crown(context, "2", decision=case.about.decision_id)

    for _ in range(2):
        case.evaluated().record(**TRAINED, promote="success")

    assert (case.decision.outcome, case.decision.champion_after) == (outcome, "2")
    assert kinds(context) == ["promoted"]


@pytest.mark.parametrize(
    "states",
    [
        pytest.param({**TRAINED, "promote": "failed"}, id="died after it had moved the champion"),
        pytest.param({**TRAINED, "promote": "skipped"}, id="evaluated again"),
        pytest.param(QUIET, id="decided again"),
    ],
)
def test_a_run_that_has_promoted_stays_promoted_whatever_is_rerun(
    case: Case, context: ModelContext, states: dict[str, str]
) -> None:
    crown(context, "2", decision=case.about.decision_id)
    crown(context, "3")

    recorded = case.evaluated("keep").record(**states)

    assert recorded.outcome == "bootstrapped"
    assert (case.decision.challenger_version, case.decision.champion_after) == ("2", "2")


def test_a_promotion_that_hangs_halfway_is_told_as_that(case: Case, context: ModelContext) -> None:
    enthrone(context, "2", decision=case.about.decision_id, is_committed=False)

    recorded = case.evaluated().record(**TRAINED, promote="failed")

    assert recorded.outcome == "failed"
    assert "after v2 was entered as champion" in recorded.sentence


def test_a_second_challenger_of_one_batch_is_told_too(
    context: ModelContext, upstream: Upstream
) -> None:
    first = Case(context, begin(context, upstream))
    first.evaluated("keep").record(**TRAINED, promote="skipped")
    second = Case(context, first.about.batch)
    second.about = run_about(context, first.about.batch, "manual__2")
    decide_batch(context, second.about, NO_DRIFT, NO_DECAY, run_id="manual__2")

    second.evaluated("keep").record(**TRAINED, promote="skipped")

    assert kinds(context) == ["kept", "kept"]


@pytest.mark.parametrize("promote", ["success", "failed"])
def test_a_dry_run_leaves_its_scratch_only_while_a_task_is_to_be_cleared(
    context: ModelContext, upstream: Upstream, promote: str
) -> None:
    case = Case(context, begin(context, upstream), is_dry=True)
    scratch = f"scratch/{context.spec.name}/{case.about.decision_id}"
    context.store.write_json(f"{scratch}/drift.json", {})

    recorded = case.evaluated().record(**TRAINED, promote=promote)

    assert recorded.sentence.startswith("dry run, nothing kept")
    assert context.store.exists(scratch) is (promote == "failed")
    assert context.ledger.decisions.history(context.spec.name) == []
    assert kinds(context) == []
