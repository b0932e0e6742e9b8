from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pytest

from evergreen.errors import DataError, DeviceError, EmptyWindowError, SchemaError, TrainingError
from evergreen.spec.lightgbm_params import BoosterParams
from evergreen.spec.model import Feature
from evergreen.training.files import text_sha256
from evergreen.training.fit import fit


def test_it_saves_a_model_that_lightgbm_loads(workshop: Any) -> None:
    got = fit(workshop.fit_job())

    booster = lgb.Booster(model_file=str(got.path))
    assert booster.feature_name() == ["distance", "hour", "is_hub", "carrier"]
    assert booster.pandas_categorical == [["AA", "B6", "UA"]]
    assert got.sha256 == text_sha256(got.path.read_bytes())
    assert (got.n_rows, got.n_rounds, got.seed, got.device) == (600, 10, 7, "cpu")
    assert 0 < (got.n_positive or 0) < 600
    assert [path.name for path in got.path.parent.glob("*model*")] == ["model.lgb"]


def test_same_rows_and_seed_give_the_same_file(workshop: Any) -> None:
    params = BoosterParams(
        bagging_fraction=0.6, bagging_freq=1, feature_fraction=0.7, num_threads=2
    )

    first = fit(workshop.fit_job(params=params))
    again = fit(workshop.fit_job(params=params))
    other = fit(workshop.fit_job(params=params, seed=8))

    assert again.sha256 == first.sha256
    assert other.sha256 != first.sha256


def test_column_order_and_integer_width_of_the_files_do_not_matter(workshop: Any) -> None:
    table = workshop.table()
    narrow = table.set_column(
        table.schema.get_field_index("hour"), "hour", table["hour"].cast(pa.int8())
    )
    shuffled = narrow.select(list(reversed(narrow.column_names)))

    first = fit(workshop.fit_job(table.slice(0, 300), table.slice(300)))
    again = fit(workshop.fit_job(table.slice(0, 300), shuffled.slice(300)))

    assert again.sha256 == first.sha256


def test_dictionary_columns_are_read_as_their_values(workshop: Any) -> None:
    table = workshop.table()
    encoded = table.set_column(
        table.schema.get_field_index("carrier"), "carrier", table["carrier"].dictionary_encode()
    )

    assert fit(workshop.fit_job(encoded)).sha256 == fit(workshop.fit_job(table)).sha256


def test_missing_values_and_integer_categories_are_fine(workshop: Any) -> None:
    n = 600
    hub = pa.array([None if i % 5 == 0 else i % 2 == 0 for i in range(n)])
    carrier = pa.array([None if i % 7 == 0 else i % 3 for i in range(n)])
    empty = pa.nulls(n)

    got = fit(workshop.fit_job(workshop.table(is_hub=hub, carrier=carrier, distance=empty)))

    assert lgb.Booster(model_file=str(got.path)).pandas_categorical == [["0", "1", "2"]]


@pytest.mark.parametrize(
    "name", ["a:b", '{"x"}', "with blank", "é", "<script>", "x" * 200, "hashed_1", "[0]", "a,b"]
)
def test_names_that_lightgbm_refuses_are_carried_by_a_hash(workshop: Any, name: str) -> None:
    table = workshop.table(**{name: np.arange(600) % 11})

    got = fit(workshop.fit_job(table, features=(Feature(name=name, kind="numeric"),)))

    (internal,) = lgb.Booster(model_file=str(got.path)).feature_name()
    assert internal.startswith("hashed_")


def test_only_rows_of_the_window_are_used(workshop: Any) -> None:
    job = workshop.fit_job(
        time_column="time_hour",
        window={"start": "2013-01-02T00:00:00+00:00", "end": "2013-01-12T00:00:00+00:00"},
    )

    assert fit(job).n_rows == 240


def test_a_window_without_rows_is_refused(workshop: Any) -> None:
    job = workshop.fit_job(
        time_column="time_hour",
        window={"start": "2014-01-02T00:00:00+00:00", "end": "2014-01-12T00:00:00+00:00"},
    )

    with pytest.raises(EmptyWindowError, match="0 rows in 2014-01-02"):
        fit(job)


def test_a_time_column_without_timezone_is_refused(workshop: Any) -> None:
    job = workshop.fit_job(
        time_column="hour",
        window={"start": "2013-01-02T00:00:00+00:00", "end": "2013-01-12T00:00:00+00:00"},
    )

    with pytest.raises(SchemaError, match="timestamp with timezone"):
        fit(job)


@pytest.mark.parametrize(
    ("late", "error", "words"),
    [
        pytest.param(np.zeros(600), TrainingError, "all 600 labels in late are 0", id="one class"),
        pytest.param(
            np.arange(600) % 3, DataError, "200 of 600 .* neither 0 nor 1, first 2", id="2"
        ),
        pytest.param(["yes", "no"] * 300, DataError, "is string", id="text"),
        pytest.param(np.r_[np.nan, np.arange(599) % 2], TrainingError, "1 of 600 labels", id="nan"),
        pytest.param([None, True, False] * 200, TrainingError, "200 of 600 labels", id="null"),
    ],
)
def test_labels_that_allow_no_fit_are_refused(
    workshop: Any, late: Any, error: type[Exception], words: str
) -> None:
    job = workshop.fit_job(workshop.table(late=pa.array(late)))

    with pytest.raises(error, match=words):
        fit(job)

    assert not job.output.exists()


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        pytest.param({"distance": None}, "no column distance; it has flight_id", id="missing"),
        pytest.param({"late": None}, "no column late", id="no target"),
        pytest.param({"distance": ["12"] * 600}, "distance is string, expected numeric", id="text"),
        pytest.param(
            {"carrier": pa.array([["x"]] * 600)}, "expected categories", id="list as category"
        ),
    ],
)
def test_columns_that_do_not_fit_the_spec_are_refused(
    workshop: Any, columns: dict[str, Any], words: str
) -> None:
    with pytest.raises(SchemaError, match=words):
        fit(workshop.fit_job(workshop.table(**columns)))


def test_files_that_disagree_about_a_type_are_refused(workshop: Any) -> None:
    other = workshop.table(time_hour=pa.array(["x"] * 600))
    job = workshop.fit_job(
        workshop.table(), other, features_file=workshop.features_file("    return frame\n")
    )

    with pytest.raises(SchemaError, match="disagree"):
        fit(job)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PAR1 half"])
def test_what_is_not_parquet_is_refused_with_its_size(workshop: Any, content: bytes) -> None:
    path = workshop.folder / "bad.parquet"
    path.write_bytes(content)

    with pytest.raises(DataError, match=rf"bad.parquet \({len(content)} bytes\)"):
        fit(workshop.fit_job(files=(path,)))


def test_a_file_that_is_gone_is_named(workshop: Any) -> None:
    with pytest.raises(DataError, match=r"gone.parquet is not there"):
        fit(workshop.fit_job(files=(Path("/nowhere/gone.parquet"),)))


def test_users_features_are_built_without_sight_of_the_target(workshop: Any) -> None:
    body = (
        "    assert 'late' not in frame.columns\n"
        "    return frame.assign(is_night=frame.hour.lt(6), spot=frame.carrier + '!')\n"
    )
    job = workshop.fit_job(
        features=(
            Feature(name="is_night", kind="boolean", derived=True),
            Feature(name="spot", kind="categorical", derived=True),
            Feature(name="distance", kind="numeric"),
        ),
        features_file=workshop.features_file(body),
    )

    got = fit(job)

    booster = lgb.Booster(model_file=str(got.path))
    assert booster.feature_name() == ["is_night", "spot", "distance"]
    assert booster.pandas_categorical == [["AA!", "B6!", "UA!"]]


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        pytest.param("    return frame.nope\n", TrainingError, "AttributeError", id="raises"),
        pytest.param("    return frame[:5]\n", TrainingError, "gave 5 rows for 600", id="fewer"),
        pytest.param(
            "    return frame.sort_values('distance')\n", TrainingError, "same order", id="sorted"
        ),
        pytest.param("    return 3\n", TrainingError, "expected a DataFrame", id="no frame"),
        pytest.param("    return frame\n", SchemaError, "gave no column extra", id="not made"),
        pytest.param(
            "    return frame.assign(extra='x')\n", SchemaError, "it holds text", id="text"
        ),
    ],
)
def test_users_features_that_go_wrong_are_told(
    workshop: Any, body: str, error: type[Exception], words: str
) -> None:
    extra = Feature(name="extra", kind="numeric", derived=True)
    job = workshop.fit_job(features=(extra,), features_file=workshop.features_file(body))

    with pytest.raises(error, match=words):
        fit(job)


def test_derived_features_without_a_features_file_are_refused(workshop: Any) -> None:
    job = workshop.fit_job(features=(Feature(name="extra", kind="numeric", derived=True),))

    with pytest.raises(SchemaError, match=r"extra need a features\.py"):
        fit(job)


def test_auto_falls_back_to_the_cpu_with_each_reason(workshop: Any) -> None:
    got = fit(workshop.fit_job(device="auto"))

    if got.device == "cpu":
        assert "cuda: " in got.device_reason
        assert "gpu: " in got.device_reason
    else:
        assert got.device_reason == f"{got.device} works"


def test_devices_that_crashed_before_are_not_tried_again(workshop: Any) -> None:
    got = fit(workshop.fit_job(device="auto", refused_devices={"cuda": "crashed", "gpu": "gone"}))

    assert (got.device, got.device_reason) == ("cpu", "cuda: crashed; gpu: gone")


def test_an_insisting_spec_is_refused_without_its_device(workshop: Any) -> None:
    job = workshop.fit_job(device="cuda", on_missing_gpu="fail", refused_devices={"cuda": "gone"})

    with pytest.raises(DeviceError, match="no accelerator for device cuda: cuda: gone"):
        fit(job)

    assert not job.output.exists()


def test_the_cpu_is_no_fallback_when_it_was_asked_for(workshop: Any) -> None:
    got = fit(workshop.fit_job(device="cpu", on_missing_gpu="fail"))

    assert got.device_reason == "the spec asks for the CPU"


def test_a_folder_that_cannot_be_written_is_named(workshop: Any) -> None:
    (workshop.folder / "file").write_text("in the way")
    job = workshop.fit_job(output=workshop.folder / "file" / "model.lgb")

    with pytest.raises(TrainingError, match=r"writing .*file/model\.lgb"):
        fit(job)


def test_a_full_disk_leaves_no_file(workshop: Any) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    from evergreen.training.files import write_whole

    to = workshop.folder / "model.lgb"

    with pytest.raises(TrainingError, match=rf"no space writing {to}"):
        write_whole(to, lambda _path: full.write_bytes(b"x" * 10_000))

    assert list(workshop.folder.glob("*model*")) == []
    assert list(workshop.folder.glob(".*")) == []
