import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from evergreen.workflows.train import provenance


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVERGREEN_PROJECT", str(tmp_path))
    monkeypatch.delenv("EVERGREEN_GIT_COMMIT", raising=False)
    return tmp_path


@pytest.mark.usefixtures("project")
def test_the_environment_names_the_commit_of_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERGREEN_GIT_COMMIT", "0123abc")

    assert provenance.git_commit() == "0123abc"


def test_git_names_the_commit_of_a_checkout(project: Path) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(project), "-c", "user.name=a", "-c", "user.email=a@b"]
        return subprocess.run(
            [*command, *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "first")

    assert provenance.git_commit() == git("rev-parse", "HEAD")


@pytest.mark.usefixtures("project")
def test_outside_a_checkout_the_commit_is_unknown() -> None:
    assert provenance.git_commit() == "unknown"


@pytest.mark.usefixtures("project")
def test_without_git_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert provenance.git_commit() == "unknown"


def test_the_lock_is_known_by_its_hash(project: Path) -> None:
    missing = provenance.lock_hash()
    (project / "requirements.txt").write_text("numpy==2.0.0\n")

    assert missing == "unknown"
    assert provenance.lock_hash() == sha256(b"numpy==2.0.0\n").hexdigest()


def test_libraries_that_may_change_a_fit_are_named_with_their_versions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import lightgbm

    known = provenance.library_versions()
    monkeypatch.setattr(provenance, "LIBRARIES", ("no-such-library",))

    assert known["lightgbm"] == lightgbm.__version__
    assert {"python", "machine", "numpy", "pandas", "pyarrow", "evergreen"} <= set(known)
    assert provenance.library_versions()["no-such-library"] == "unknown"
