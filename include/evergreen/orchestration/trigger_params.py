"""The trigger forms: flat, typed parameters with a description each."""

from airflow.sdk import Param

from evergreen.workflows.backtest.run_backtest import MAX_EVERY, MAX_JOBS, MAX_SEED
from evergreen.workflows.run_config import DEVICES, MAX_REASON, MAX_WINDOW_DAYS


def retrain_params() -> dict[str, Param]:
    """Return the parameters of ``continual_training``."""
    return {
        "force_retrain": Param(
            False,
            type="boolean",
            title="Force a retrain",
            description="Train and evaluate a challenger regardless of the signals. Needs a reason."
            " The challenger must still beat the champion.",
        ),
        "reason": Param(
            None,
            type=["null", "string"],
            maxLength=MAX_REASON,
            title="Reason",
            description="Required to force a retrain; stored in the ledger with your name.",
        ),
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            description="Measure and decide, and train and evaluate if the decision says so; store"
            " nothing and promote nothing. The log of record_decision shows the result.",
        ),
        "batch": batch_param("Decide (again) about this batch. Empty: the newest accepted one."),
        "draw_report": Param(
            False,
            type="boolean",
            title="Draw the drift report",
            description="Draw Evidently's report of this batch even if nothing crossed a limit."
            " Not on a dry run.",
        ),
        "device": Param(
            None,
            type=["null", "string"],
            enum=[None, *DEVICES],
            title="Device",
            description="Train on this device instead of the spec's.",
        ),
        "training_window_days": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            maximum=MAX_WINDOW_DAYS,
            title="Training window (days)",
            description="Train on this many days instead of the spec's windows.training_days.",
        ),
    }


def rollback_params() -> dict[str, Param]:
    """Return the parameters of ``rollback``."""
    return {
        "version": version_param("Model version to go back to. Empty: the previous champion."),
        "reason": reason_param(),
    }


def hold_params() -> dict[str, Param]:
    """Return the parameters of ``hold``."""
    return {
        "action": Param(
            "hold",
            type="string",
            enum=["hold", "release"],
            title="Action",
            description="hold: nothing is promoted until the release; measuring, training and"
            " evaluation continue. release: if a promotion was held, a new decision starts now.",
        ),
        "reason": reason_param(),
    }


def force_promote_params() -> dict[str, Param]:
    """Return the parameters of ``force_promote``."""
    return {
        "version": version_param(
            "Model version to make champion. Required; no evaluation is needed."
        ),
        "reason": reason_param(),
    }


def answer_params() -> dict[str, Param]:
    """Return the parameters of the answer to ``approve``."""
    return {
        "comment": Param(
            "",
            type="string",
            maxLength=MAX_REASON,
            title="Comment",
            description="Your reason; stored in the ledger with your name.",
        )
    }


def reason_param() -> Param:
    """Return a parameter for a reason that is required."""
    return Param(
        "",
        type="string",
        maxLength=MAX_REASON,
        title="Reason",
        description="Required; stored in the ledger with your name.",
    )


def redelivery_params() -> dict[str, Param]:
    """Return the parameters of ``redelivery``."""
    return {
        "batch": batch_param("The batch that was delivered again. Required."),
        "kind": Param(
            "data",
            type="string",
            enum=["data", "labels"],
            title="Kind",
            description="What was delivered again: data or labels.",
        ),
    }


def backtest_params() -> dict[str, Param]:
    """Return the parameters of ``backtest``."""
    return {
        "policies": Param(
            "both",
            type="string",
            enum=["both", "default", "thresholds"],
            title="Policies",
            description="Policies to replay. never, every and periodic are always included.",
        ),
        "history": Param(
            "auto",
            type="string",
            enum=["auto", "stored", "replay"],
            title="History",
            description="stored: the model's own labelled batches. replay: the flights of 2013,"
            " for the model flights only. auto: stored; for flights replay while less than half a"
            " year is stored.",
        ),
        "budget": Param(
            None,
            type=["null", "number"],
            exclusiveMinimum=0,
            maximum=1,
            title="Budget",
            description="Trainings per batch that default may spend. Empty: the spec's.",
        ),
        "every_batches": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            maximum=MAX_EVERY,
            title="Every so many batches",
            description="Interval of periodic, in batches; its figures are means over all first"
            " batches. Empty: the spec's.",
        ),
        "seed": Param(
            0,
            type="integer",
            minimum=0,
            maximum=MAX_SEED,
            title="Seed",
            description="Seed of the trainings. The same seed gives the same result.",
        ),
        "jobs": Param(
            2,
            type="integer",
            minimum=1,
            maximum=MAX_JOBS,
            title="Jobs",
            description="Trainings at the same time, one core each. The result does not change.",
        ),
    }


def version_param(description: str) -> Param:
    """Return a parameter that names a model version."""
    return Param(
        None,
        type=["null", "string"],
        pattern="^[1-9][0-9]{0,8}$",
        title="Version",
        description=description,
    )


def batch_param(description: str) -> Param:
    """Return a parameter that names a batch."""
    return Param(
        None,
        type=["null", "string"],
        maxLength=25,
        title="Batch",
        description=description,
        examples=["2013-03-05"],
    )
