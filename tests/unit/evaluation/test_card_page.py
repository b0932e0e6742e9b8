import pytest
from markdown_it import MarkdownIt

from builders.cards import START, make_card, make_decision, make_evaluation, make_metric
from evergreen.evaluation.card import Attribution, Attributions, CardAct, CardBatch, ModelCard
from evergreen.evaluation.card_page import MAX_ROWS, draw_card, summarise

EVIL = "# </td><script>x</script>|[a](http://e.example)\n# owned\n```"


def html_of(card: ModelCard) -> str:
    """Return the page as GitHub's kind of Markdown draws it, HTML let through."""
    return str(MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(draw_card(card)))


def test_the_page_holds_what_a_reviewer_asks_for() -> None:
    page = draw_card(make_card())

    for told in (
        "# Model card: flights v12",
        "about batch 2013-03-05",
        "| this version | 0.7200 | 0.7004 to 0.7396 | 5,900 |",
        "| champion v11 | 0.7000 | 0.6804 to 0.7196 | 5,900 |",
        "| gain, positive is better | +0.0200 | +0.0102 to +0.0298 | - |",
        "| slice carrier=UA | insufficient | - | 0.02 | 12 | 12 rows, needs 200 |",
        "| recent | - | 0.01 | 0.004 | second |",
        "| carrier = UA | measured | 0.6600 |",
        "| 2013-01-01 | 6,000 | bbbbbbbbbbbb | accepted: all 12 rules met | cccccccccccc |",
        "| temp | drifted | 0.4 | - | - | PSI 0.4 |",
        "- **Fault:** dup",
        "| temp | 0.5000 | 0.4000 | +0.1000 |",
        "| carrier | 0.1000 | - | - |",
        "| approval | 2013-01-01 00:00 UTC | ada | approved: looks fine |",
        "promote (better): gain +0.02",
        "- **Parameters:** num\\_leaves=31",
        "evergreen reproduce 5f2b6c0e9d1a4b37",
        "lightgbm 4.7.0",
    ):
        assert told in page


def test_the_card_comes_back_from_json_as_it_was() -> None:
    card = make_card()

    assert ModelCard.from_json(card.to_json()) == card


def test_hostile_texts_are_shown_and_change_nothing_of_the_page() -> None:
    hostile = make_card(
        description=EVIL,
        owner=EVIL,
        attributions=Attributions(
            features=(Attribution(feature=EVIL, contribution=1.0),), n_rows=1, sentence=EVIL
        ),
        acts=(CardAct(what="forced", at=START, by=EVIL, text=EVIL),),
        decision=make_decision(outcome_sentence=EVIL, reason=EVIL),
        evaluation=make_evaluation(method=EVIL, challenger=make_metric(None, EVIL)),
    )

    html, harmless = html_of(hostile), html_of(make_card())

    assert "<script" not in html
    assert "<a " not in html
    assert html.count("<h1>") == 1
    assert html.count("<h2>") == harmless.count("<h2>") == 8
    assert html.count("<table>") == harmless.count("<table>")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"drift": None}, "Not measured: there was no champion yet.", id="no drift"),
        pytest.param({"evaluation": None}, "It was not evaluated.", id="not evaluated"),
        pytest.param({"slices": ()}, "decay.slices of the spec names no column", id="no slices"),
        pytest.param({"data": ()}, "The batches were not recorded.", id="no lineage"),
        pytest.param({"acts": ()}, "Nobody was asked", id="nobody"),
        pytest.param(
            {"attributions": Attributions(sentence="not computed: ran past its limit of 60 s")},
            "not computed: ran past its limit of 60 s",
            id="no attributions",
        ),
        pytest.param(
            {"evaluation": make_evaluation(challenger=make_metric(None, "one class only"))},
            "| this version | not known | one class only |",
            id="metric unknown",
        ),
        pytest.param(
            {"evaluation": make_evaluation(gain_low=None, gain_high=None)},
            "| gain, positive is better | +0.0200 | not known | - |",
            id="no interval",
        ),
    ],
)
def test_what_is_missing_is_said(changes: dict[str, object], told: str) -> None:
    assert told in draw_card(make_card(**changes))


def test_many_batches_are_cut_to_the_newest() -> None:
    (one,) = make_card().data
    many: tuple[CardBatch, ...] = tuple(
        one.model_copy(update={"batch": f"b{place:02}"}) for place in range(MAX_ROWS + 1)
    )

    page = draw_card(make_card(data=many))

    assert "| b00 |" not in page
    assert "| b01 |" in page
    assert f"30 of {MAX_ROWS + 1} batches; all are in model_card.json" in page


def test_the_summary_is_three_lines() -> None:
    lines = summarise(make_card()).split("  \n")

    assert lines == [
        "Promoted: v12 beats v11",
        "auc 0.7200 (95 %: 0.7004 to 0.7396), gain +0.0200 (95 %: +0.0102 to +0.0298) over v11,"
        " on 5,900 rows of the holdout.",
        "Learnt from 48,000 rows, 2013-01-01 00:00..2013-02-26 00:00 UTC, on cpu; made for batch"
        " 2013-03-05.",
    ]
