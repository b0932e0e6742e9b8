"""What went wrong, in the words of the task that did: DAG, task, and the end of its log."""

from collections.abc import Sequence

from evergreen.sandbox.services.airflow_api import AirflowApi, DagRun, TaskInstance

LOG_LINES = 25
TELLING = ("failed", "up_for_retry", "running", "queued", "deferred")


def explain_failure(api: AirflowApi, run: DagRun) -> str:
    """Tell which task of a failed run broke, with the end of its log."""
    tasks = api.task_instances(run.dag_id, run.run_id)
    broken = [task for task in tasks if task.state == "failed"]
    said = [f"{run.dag_id} failed in run {run.run_id}"]
    said += [explain_task(api, task) for task in broken or tasks]
    return "\n".join(said)


def explain_stuck(api: AirflowApi, waited_for: str, seconds: float) -> str:
    """Tell what every unfinished run is doing while nothing comes of it."""
    runs = [run for run in api.runs() if not run.has_ended]
    said = [f"waited {seconds:.0f} s for {waited_for}; unfinished runs:"]
    said += [_explain_run(api, run) for run in runs] or ["    none"]
    return "\n".join(said)


def explain_task(api: AirflowApi, task: TaskInstance) -> str:
    """Tell the state of one task, with the end of its log."""
    head = f"    {task.dag_id}.{task.task_id}: {task.state or 'not begun'}, try {task.try_number}"
    if task.try_number < 1:
        return head
    log = _tail(api.log(task))
    return "\n".join([head, *(f"        {line}" for line in log)])


def _explain_run(api: AirflowApi, run: DagRun) -> str:
    tasks = api.task_instances(run.dag_id, run.run_id)
    telling = [task for task in tasks if task.state in TELLING]
    said = [f"    {run.dag_id} {run.run_id}: {run.state}"]
    # The sensors of ingest and labels wait for the next batch at all times; their log says nothing.
    said += [
        f"    {task.task_id}: waits" if task.state == "deferred" else explain_task(api, task)
        for task in telling
    ]
    return "\n".join(said)


def _tail(text: str) -> Sequence[str]:
    lines = [line for line in text.splitlines() if not line.startswith("::")]
    return lines[-LOG_LINES:]
