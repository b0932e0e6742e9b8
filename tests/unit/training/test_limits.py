from pathlib import Path
from typing import Any

import pytest

from evergreen.errors import ModelFileError, SettingsError, TrainingError
from evergreen.settings import read_settings
from evergreen.training import limits
from evergreen.training.limits import scoring_memory_bytes
from evergreen.training.process import run_child


def test_the_limit_grows_with_model_and_rows(workshop: Any) -> None:
    (workshop.folder / "model.lgb").write_text("x" * 1000)
    small = scoring_memory_bytes(workshop.score_job(workshop.table(100), sha256="0" * 64))
    more_rows = scoring_memory_bytes(workshop.score_job(workshop.table(200), sha256="0" * 64))
    (workshop.folder / "model.lgb").write_text("x" * 2000)
    more_model = scoring_memory_bytes(workshop.score_job(workshop.table(100), sha256="0" * 64))

    n_columns = workshop.table(1).num_columns
    assert more_rows - small == 100 * n_columns * limits.BYTES_PER_CELL
    assert more_model - small == 1000 * limits.MODEL_COPIES


def test_files_that_cannot_be_read_count_nothing(workshop: Any) -> None:
    (workshop.folder / "broken.parquet").write_text("no parquet")
    job = workshop.score_job(sha256="0" * 64, files=(workshop.folder / "broken.parquet",))

    assert scoring_memory_bytes(job) >= limits.BASE_BYTES


def test_scoring_is_limited_without_being_asked_and_honest_work_fits(workshop: Any) -> None:
    model = run_child(workshop.fit_job(), time_limit_seconds=300)
    hungry = workshop.features_file("    big = bytearray(60 * 2**30)\n    return frame\n")
    job = workshop.score_job(sha256=model.sha256)

    assert run_child(job, time_limit_seconds=300).n_rows == 600
    with pytest.raises((TrainingError, ModelFileError), match="out of memory"):
        run_child(job.model_copy(update={"features_file": hungry}), time_limit_seconds=300)


@pytest.mark.parametrize("text", ["", "8", "2.5"])
def test_the_limit_may_be_set(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERGREEN_HOME", str(tmp_path))
    monkeypatch.setenv("EVERGREEN_SCORING_MEMORY_GB", text)

    assert read_settings().scoring_memory_bytes == (float(text) * 2**30 if text else None)


@pytest.mark.parametrize("text", ["1", "-8", "nan", "inf", "8 GB"])
def test_a_limit_that_makes_no_sense_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERGREEN_SCORING_MEMORY_GB", text)

    with pytest.raises(SettingsError, match="EVERGREEN_SCORING_MEMORY_GB"):
        read_settings()
