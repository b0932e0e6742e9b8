"""Places where a test may kill the process, to prove that a rerun finishes what was begun.

Beside the settings the one place that reads the environment: nothing else may know of the switch.
Without ``EVERGREEN_TEST_FAILPOINTS=1`` it does nothing, whatever ``EVERGREEN_FAILPOINT`` says.
"""

import os
import signal


def failpoint(name: str) -> None:
    """Kill this process with SIGKILL when a test asked for it here."""
    if os.environ.get("EVERGREEN_TEST_FAILPOINTS") != "1":
        return
    if os.environ.get("EVERGREEN_FAILPOINT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
