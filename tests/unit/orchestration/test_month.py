"""A month of days through the real tasks: what people are told of drift that comes and goes."""

from datetime import timedelta

import pytest

from drivers.history import begin, crown, take
from drivers.runs import TrainingRun, training_run
from drivers.telling import incidents, threads
from drivers.tiny import FIRST, WEEK, Upstream, make_rows
from evergreen.landing.deliver import deliver_batch
from evergreen.orchestration import decision_tasks
from evergreen.records import Window
from evergreen.workflows.alerts.outbox import deliver_pending
from evergreen.workflows.model_context import ModelContext
from standins.slack import SlackServer

DAY = timedelta(days=1)
# D is a day of drift. Two calm days end an incident, so these are three.
MONTH = "....DDDDDDD..D......DD.DD......"
SICK_DAY = 17  # a task of that day's run fails for good, and is cleared
N_RETRIES = 5
KS_FAULT = "evergreen.workflows.decide.measure.measure_batch_drift"


def deliver_day(context: ModelContext, upstream: Upstream, day: int, *, shift: float) -> str:
    start = FIRST + 6 * WEEK + day * DAY
    window = Window(start=start, end=start + DAY)
    rows = make_rows(100 + day, 400, window)
    rows["temp"] += shift
    batch = f"{start:%Y-%m-%d}"
    deliver_batch(upstream.landing, upstream.loaded.spec, rows, window, batch)
    return take(context, batch)


def retry(run: TrainingRun, name: str) -> None:
    """Run the tasks that tell people once more, as often as a restless scheduler might."""
    for _ in range(N_RETRIES):
        run.call(decision_tasks.decide, name)
        run.states |= {"stand_down": "success", "train_challenger": "skipped"}
        run.call(decision_tasks.record_decision, name)


def fall_sick(run: TrainingRun, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a fault of the day")

    with monkeypatch.context() as patch:
        patch.setattr(KS_FAULT, broken)
        for _ in range(N_RETRIES):
            run.states.clear()
            run.play()
    run.clear("measure_drift")


def test_a_month_gives_one_thread_one_opening_and_one_end_per_incident(
    context: ModelContext,
    upstream: Upstream,
    slack: SlackServer,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin(context, upstream)
    crown(context)

    for day, weather in enumerate(MONTH):
        run = training_run(
            name, deliver_day(context, upstream, day, shift=3.0 if weather == "D" else 0.0)
        )
        if day == SICK_DAY:
            fall_sick(run, monkeypatch)
        run.play()
        if weather == "D":
            retry(run, name)
        deliver_pending(context)

    drift = ("quality", "", "recovered")
    failure = ("failed", f"continual_training__{name}", "recovered")
    assert incidents(context) == [drift, drift, failure, drift]
    assert threads(slack) == [(headline, [headline]) for headline, _ in threads(slack)]
    assert all(headline.startswith("Recovered: ") for headline, _ in threads(slack))
    assert (len(slack.threads), len(slack.messages)) == (4, 8)
    assert context.ledger.alerts.pending() == []
