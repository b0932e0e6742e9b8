from pathlib import Path

import pytest

from builders.ledger_rows import Call, add_decision
from evergreen.ledger.ledger import Ledger

BATCHES = ["2013-02-19", "2013-02-26", "2013-03-05"]


def test_the_picture_of_a_model_is_written_and_described(
    call: Call, ledger: Ledger, tmp_path: Path
) -> None:
    for batch in BATCHES:
        add_decision(ledger, batch, run_id=batch)
    file = tmp_path / "seen.png"

    said = call("picture", "flights", "--output", str(file))

    assert said.code == 0
    assert file.read_bytes().startswith(b"\x89PNG")
    assert "auc 0.669, reference 0.7; drifted share 0.50" in " ".join(said.out.split())


def test_with_nothing_to_see_nothing_is_written(
    call: Call, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    add_decision(ledger, BATCHES[0])

    said = call("picture", "flights")

    assert said.code == 1
    assert list(tmp_path.glob("*.png")) == []


def test_a_model_without_a_spec_is_refused(call: Call, ledger: Ledger) -> None:
    assert call("picture", "fligths").code == 2
