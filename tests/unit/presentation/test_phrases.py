import pytest

from evergreen.presentation.phrases import plural


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (0, "batch", "0 batches"),
        (1, "batch", "1 batch"),
        (2, "labelled batch", "2 labelled batches"),
        (1200, "row", "1,200 rows"),
        (2, "loss", "2 losses"),
        (3, "day", "3 days"),
    ],
)
def test_one_is_one_and_more_are_many(count: int, noun: str, said: str) -> None:
    assert plural(count, noun) == said
