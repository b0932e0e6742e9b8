"""Places where a test may kill the process, to prove that a rerun finishes what was begun.

There is one between any two calls that leave something behind outside this process. Apart from the
settings only this module reads the environment: the switch is for tests alone. Without
``EVERGREEN_TEST_FAILPOINTS=1`` it does nothing, even if ``EVERGREEN_FAILPOINT`` is set.
"""

import os
import signal

# In the order in which a promoting run reaches them.
FAILPOINTS = (
    "before_register",
    "after_run_created",
    "after_upload",
    "after_model_created",
    "after_create_version",
    "after_register",
    "before_ledger_version",
    "after_ledger_version",
    "after_challenger_alias",
    "after_evaluation_recorded",
    "after_evaluation",
    "after_lane",
    "before_intent",
    "after_intent",
    "after_alias",
    "after_commit",
    "before_close",
    "after_close",
    "after_alert_stored",
    "after_alert_sent",
)


def failpoint(name: str) -> None:
    """Kill this process with SIGKILL when a test asked for it here."""
    if os.environ.get("EVERGREEN_TEST_FAILPOINTS") != "1":
        return
    if os.environ.get("EVERGREEN_FAILPOINT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
