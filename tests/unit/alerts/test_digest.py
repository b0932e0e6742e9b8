from datetime import date

from evergreen.alerts.digest import MAX_LINES, ModelDay, digest

DAY = date(2013, 3, 5)


def make_day(model: str, **changes: tuple[str, ...]) -> ModelDay:
    fields = {"must_act": (), "open": (), "ended": ()} | changes
    return ModelDay(model=model, n_decided=2, **fields)


def test_who_needs_somebody_comes_first_and_quiet_models_are_counted() -> None:
    models = [
        make_day("a"),
        make_day("b", ended=("b: drift (recovered)",)),
        make_day("c", must_act=("c: no data",), open=("c: drift",)),
    ]

    summary = digest("name", DAY, models)

    assert summary.title == "Summary of 2013-03-05: 3 models, 1 incident for you"
    assert summary.must_act
    assert summary.text.split("\n") == [
        "6 decisions in 24 hours.",
        "- act: c: no data",
        "- open: c: drift",
        "- over: b: drift (recovered)",
        "1 model without incident.",
    ]


def test_a_quiet_day_asks_for_nothing() -> None:
    summary = digest("name", DAY, [make_day("a")])

    assert (summary.title, summary.must_act) == ("Summary of 2013-03-05: 1 model", False)


def test_a_bad_day_is_cut_and_says_how_much() -> None:
    summary = digest("name", DAY, [make_day("a", open=tuple(f"i{n}" for n in range(20)))])

    assert summary.text.split("\n")[-1] == f"and {20 - MAX_LINES} more"
