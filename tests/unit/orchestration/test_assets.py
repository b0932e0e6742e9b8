from airflow.sdk import PartitionedAssetTimetable

from evergreen.orchestration import assets


def test_each_model_has_its_own_assets() -> None:
    made = [
        make(model)
        for make in (assets.batches, assets.predictions, assets.labelled, assets.champion)
        for model in ("flights", "trains")
    ]

    assert {asset.name for asset in made} == {
        *("batches/flights", "predictions/flights", "labelled/flights", "champion/flights"),
        *("batches/trains", "predictions/trains", "labelled/trains", "champion/trains"),
    }
    assert len({asset.uri for asset in made}) == len(made)


def test_the_same_asset_is_made_again() -> None:
    assert assets.batches("flights") == assets.batches("flights")


def test_a_schedule_runs_for_each_partition_of_its_asset() -> None:
    schedule = assets.each_partition_of(assets.batches("flights"))

    assert isinstance(schedule, PartitionedAssetTimetable)
    assert schedule.asset_condition == assets.batches("flights")
