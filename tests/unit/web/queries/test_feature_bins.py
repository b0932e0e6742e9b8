"""How a feature was distributed: counted from the store, within bounds."""

import pytest
from bench.week_records import FEATURES, TEXTS

from evergreen.errors import DataError
from evergreen.ledger.records import Decision
from evergreen.web.queries import feature_bins as module
from evergreen.web.queries.feature_bins import feature_bins
from evergreen.web.server.services import Services


@pytest.fixture
def drifted(services: Services) -> Decision:
    return services.ledger.decisions.history("drifting")[-1]


@pytest.mark.parametrize("feature", FEATURES)
def test_shares_of_each_side_add_up(services: Services, drifted: Decision, feature: str) -> None:
    bins = feature_bins(services, drifted, feature)

    assert len(bins.labels) == len(bins.reference) == len(bins.current) > 1
    assert sum(bins.reference) == pytest.approx(1)
    assert sum(bins.current) == pytest.approx(1)


def test_a_moved_feature_looks_moved_and_a_quiet_one_does_not(
    services: Services, drifted: Decision
) -> None:
    def distance(feature: str) -> float:
        bins = feature_bins(services, drifted, feature)
        return sum(abs(a - b) for a, b in zip(bins.reference, bins.current, strict=True)) / 2

    moved = [name for name in FEATURES[:7] if name not in TEXTS]

    assert min(map(distance, moved)) > 0.5
    assert max(map(distance, FEATURES[7:])) < 0.1


def test_what_cannot_be_shown_says_why(
    services: Services, drifted: Decision, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = services.ledger.decisions.history("drifting")[0]
    second = services.ledger.decisions.history("drifting")[1]
    newest = drifted.champion_before

    with pytest.raises(DataError, match="no feature of that name"):
        feature_bins(services, drifted, "../../etc/passwd")
    with pytest.raises(DataError, match="no champion yet"):
        feature_bins(services, first, "temp")
    with pytest.raises(DataError, match="are no longer in the store"):
        feature_bins(services, second.model_copy(update={"champion_before": newest}), "temp")
    with pytest.raises(DataError, match="has no version v99"):
        feature_bins(services, drifted.model_copy(update={"champion_before": "99"}), "temp")
    with pytest.raises(DataError, match="were deleted after their retention"):
        feature_bins(services, drifted.model_copy(update={"batch": "2001-01-01"}), "temp")
    monkeypatch.setattr(module, "MAX_SNAPSHOT_BYTES", 10)
    with pytest.raises(DataError, match="more than"):
        feature_bins(services, drifted, "temp")
