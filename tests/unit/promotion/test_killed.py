"""The protocol on the real ledger, killed with SIGKILL at each of its failpoints."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from evergreen.ledger.ledger import Ledger

SCRIPT = """
import json, sys
from pathlib import Path
from evergreen.ledger.ledger import Ledger
from evergreen.promotion.protocol import promote
from evergreen.records import ModelVersion

home = Path(sys.argv[1])
alias = home / "alias.json"

class Registry:
    def get_version(self, model, version):
        return ModelVersion(model=model, version=version, run_id="r", sha256=version.rjust(64, "0"),
                            idempotency_key="k", is_ready=True)
    def get_alias(self, model, name):
        written = json.loads(alias.read_text()) if alias.exists() else []
        return self.get_version(model, written[-1]) if written else None
    def set_alias(self, model, name, version):
        before = json.loads(alias.read_text()) if alias.exists() else []
        alias.write_text(json.dumps([*before, version]))

with Ledger(f"sqlite:///{home}/ledger.db") as ledger:
    ledger.migrate()
    made = promote(ledger.promotions, Registry(), model="flights", version=sys.argv[2],
                   sha256=sys.argv[2].rjust(64, "0"), expected_champion=sys.argv[3] or None,
                   decision_id="d" + sys.argv[2], kind="promotion" if sys.argv[3] else "bootstrap",
                   reason="test")
"""


def run(home: Path, version: str, expected: str, failpoint: str = "") -> int:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(home), version, expected],
        env={**os.environ, "EVERGREEN_TEST_FAILPOINTS": "1", "EVERGREEN_FAILPOINT": failpoint},
        check=False,
    ).returncode


@pytest.mark.parametrize(
    "failpoint", ["before_intent", "after_intent", "after_alias", "after_commit"]
)
def test_killed_at_a_failpoint_and_run_again_it_is_one_promotion(
    tmp_path: Path, failpoint: str
) -> None:
    assert run(tmp_path, "1", "") == 0

    assert run(tmp_path, "2", "1", failpoint) == -signal.SIGKILL
    assert run(tmp_path, "2", "1") == 0

    assert json.loads((tmp_path / "alias.json").read_text()) == ["1", "2"]
    with Ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        rows = ledger.promotions.history("flights")
    assert [(r.epoch, r.version, r.state) for r in rows] == [
        (1, "1", "committed"),
        (2, "2", "committed"),
    ]
