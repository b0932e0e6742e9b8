import json
import re
from pathlib import Path

import pytest

from evergreen.errors import ServiceError
from evergreen.sandbox.demo.options import DemoOptions
from evergreen.sandbox.demo.run import run


def test_a_folder_of_others_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    monkeypatch.setenv("EVERGREEN_HOME", str(tmp_path))

    with pytest.raises(ServiceError, match="not a home of ours"):
        run(DemoOptions())

    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.integration
@pytest.mark.timeout(1500)
def test_the_demo_plays_to_its_end_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVERGREEN_HOME", str(tmp_path / "home"))
    report = tmp_path / "report.json"

    status = run(DemoOptions(weeks=4, report=report, exit_when_done=True))

    shown = capsys.readouterr().out
    assert status == 0, shown
    assert "no process and no port is left" in shown
    assert re.search(r"^Models   http://127\.0\.0\.1:\d+/evergreen/models$", shown, re.MULTILINE)
    told = json.loads(report.read_text())
    assert told["summary"]["weekly_batches"] == 4
    assert told["summary"]["rejected"] == 1
    assert told["summary"]["bootstrapped"] == 1
    assert told["summary"]["forced"] == 1
    accepted = [b for b in told["batches"] if b["gate"] == "accepted" and b["kind"] == "weekly"]
    assert all("continual_training.decide" in batch["steps"] for batch in accepted)
    assert all("ingest.check_quality" in batch["steps"] for batch in accepted)
    judged = [batch for batch in accepted if batch["features"]]
    assert judged
    assert all(column["psi"] is not None for batch in judged for column in batch["features"])
