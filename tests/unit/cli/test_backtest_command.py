"""``evergreen backtest``: what is asked, refused, printed and written."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from builders.ledger_rows import Call, Outcome
from builders.streams import make_columns, write_parquet

QUICK = ("--time", "ts", "--target", "target", "--window", "120", "--batch", "60")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return a small table in order of time."""
    return write_parquet(tmp_path / "sales.parquet", make_columns(480, city=["Köln", "Rom"] * 240))


def replay_table(call: Call, table: Path, *more: str) -> Outcome:
    return call("backtest", "--data", str(table), *QUICK, *more)


def test_a_table_is_replayed_and_told(call: Call, table: Path, tmp_path: Path) -> None:
    out, page = tmp_path / "out.json", tmp_path / "out.html"

    done = replay_table(call, table, "--json", str(out), "--html", str(page), "--jobs", "1")

    assert done.code == 0
    assert "sales: 480 rows, 3 features, 6 batches, scored by AUC, labels at once" in done.out
    for policy in ("never", "every", "periodic", "thresholds", "default"):
        assert re.search(rf"{policy} +│ +0\.\d{{4}} │", done.out)
    assert "Replaying sales: 100%" in done.err
    assert 'data-chart="frontier"' in page.read_text()
    assert "Wrote" in done.err


def test_the_json_is_as_promised(call: Call, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"

    replay_table(call, table, "--json", str(out), "--metric", "accuracy", "--label-delay", "1")

    result = json.loads(out.read_text())
    assert list(result) == ["stream", "n_batches", "seconds", "policies"]
    assert (result["stream"], result["n_batches"]) == ("sales", 6)
    assert set(result["policies"]) == {"never", "every", "periodic", "thresholds", "default"}
    for run in result["policies"].values():
        assert list(run) == [
            "score", "scores", "fits", "cost", "promotions", "alarms", "quarantined",
        ]  # fmt: skip
        assert len(run["scores"]) == 6
        assert run["score"] == pytest.approx(sum(run["scores"]) / 6)
        assert all(0 <= fit["batch"] < 6 and 0 < fit["fraction"] <= 1 for fit in run["fits"])
        assert run["cost"] == pytest.approx(sum(fit["fraction"] for fit in run["fits"]) / 6)


def test_a_promotion_level_is_replayed_too(call: Call, table: Path) -> None:
    done = replay_table(call, table, "--promotion", "strict")

    assert done.code == 0
    assert "evaluated at level strict on the newest labelled rows" in done.out
    # Sixty rows a batch are fewer than a verdict needs.
    assert re.search(r"default +│ .*│ +0 │ +\d+ │ +\d+ │", done.out)


def test_the_same_seed_writes_the_same_file_but_for_the_seconds(
    call: Call, table: Path, tmp_path: Path
) -> None:
    texts = []
    for name, jobs in (("a", "1"), ("b", "2")):
        replay_table(
            call, table, "--json", str(tmp_path / name), "--seed", "5", "--jobs", jobs,
            "--html", str(tmp_path / f"{name}.html"),
        )  # fmt: skip
        texts.append(re.sub(r'"seconds": [\d.]+', "", (tmp_path / name).read_text()))

    assert texts[0] == texts[1]
    assert (tmp_path / "a.html").read_text() == (tmp_path / "b.html").read_text()


def test_named_policies_come_beside_the_baselines(call: Call, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"

    replay_table(call, table, "--json", str(out), "--policy", "default", "--policy", "never")

    assert set(json.loads(out.read_text())["policies"]) == {
        "never", "every", "periodic", "default",
    }  # fmt: skip


def test_an_ignored_column_is_left_out(call: Call, table: Path) -> None:
    assert "480 rows, 2 features" in replay_table(call, table, "--ignore", "city").out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param((), "nothing to replay; name a model", id="nothing"),
        pytest.param(("flights", "--data", "x.parquet"), "both a model", id="both"),
        pytest.param(
            ("--data", "x.parquet", "--time", "ts"),
            "--data also needs --target, --window, --batch",
            id="incomplete",
        ),
        pytest.param(("flights", "--window", "9", "--ignore", "x"), "--window, --ignore", id="of"),
        pytest.param(("flights", "--metric", "auc"), "--metric cannot be given", id="metric"),
        pytest.param(
            ("--data", "x", *QUICK, "--history", "stored"), "for a model of the suite", id="history"
        ),
        pytest.param(("flights", "--policy", "defualt"), "did you mean default?", id="policy"),
        pytest.param(("flights", "--policy", "?"), "there are default, thresholds", id="policies"),
        pytest.param(("--data", "no.parquet", *QUICK), "there is no file no.parquet", id="file"),
        pytest.param(("fligths",), "the models here: flights", id="model"),
    ],
)
def test_wrong_options_are_refused(call: Call, options: tuple[str, ...], said: str) -> None:
    refused = call("backtest", *options)

    assert refused.code == 2
    assert said in refused.err
    assert refused.out == ""


@pytest.mark.parametrize("option", ["--seed=-1", "--jobs=0", "--metric=rmse", "--window=many"])
def test_values_out_of_range_are_refused(call: Call, table: Path, option: str) -> None:
    assert replay_table(call, table, option).code == 2


def test_outputs_that_cannot_be_written_are_refused_before_the_work(
    call: Call, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_reached(*_: Any, **__: Any) -> None:
        raise AssertionError("work has started")

    monkeypatch.setattr("evergreen.backtest.engine.replay.replay", not_reached)
    same = str(tmp_path / "out")
    wanted = {
        ("--json", str(tmp_path / "none" / "x.json")): "there is no folder",
        ("--json", str(tmp_path)): "is a folder",
        ("--html", str(table)): "is the table itself",
        ("--json", same, "--html", same): "give each its own file",
    }

    refusals = {options: replay_table(call, table, *options) for options in wanted}

    for options, said in wanted.items():
        assert refusals[options].code == 2
        assert said in refusals[options].err
    assert table.stat().st_size > 1000


def test_a_wrong_table_is_refused_before_the_work(call: Call, tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "one.parquet", make_columns(480, target=[1] * 480))

    refused = replay_table(call, path, "--json", str(tmp_path / "out.json"))

    assert refused.code == 2
    assert "one class only (1)" in refused.err
    assert not (tmp_path / "out.json").exists()


def test_help_teaches_by_example(call: Call) -> None:
    shown = call("backtest", "--help")

    assert shown.code == 0
    for words in ("evergreen backtest flights", "--data sales.parquet", "BATCHES", "seconds"):
        assert words in shown.out
