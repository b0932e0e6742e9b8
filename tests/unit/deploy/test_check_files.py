"""The hook refuses what does not belong into the repository, and lets the rest pass."""

import pickle  # noqa: TID251 - the thing to be refused
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "check_files.py"
KEY_LINE = "-----BEGIN RSA " + "PRIVATE KEY-----"  # in two parts, or the hook refuses this file


def check(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, path], check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        pytest.param("data.csv", b"x" * 500_001, "500,001 bytes", id="one byte too large"),
        pytest.param("notes.txt", KEY_LINE.encode(), "private key", id="private key"),
        pytest.param("model.bin", pickle.dumps({"a": 1}), "pickled", id="pickle by content"),
        pytest.param("model.pkl", b"anything", "pickled", id="pickle by name"),
        pytest.param("a.yaml", b"a: [1", "not usable YAML", id="broken yaml"),
        pytest.param("a.yml", b"a: 1\nb: 2\na: 3\n", "key given twice: a", id="key twice"),
    ],
)
def test_a_file_that_does_not_belong_is_refused(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    result = check(path)

    assert result.returncode == 1
    assert reason in result.stderr


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("data.csv", b"x" * 500_000, id="as large as allowed"),
        pytest.param("requirements-dev.txt", b"x" * 500_001, id="a lock may be larger"),
        pytest.param("a.yaml", b"x: &x {a: 1}\ny: {<<: *x, a: 2}\n", id="merged key"),
        pytest.param("a.yaml", b"a: 1\n---\na: 2\n", id="two documents"),
    ],
)
def test_a_good_file_passes(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    result = check(path)

    assert (result.returncode, result.stderr) == (0, "")
