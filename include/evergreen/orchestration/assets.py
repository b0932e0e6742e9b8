"""The assets that join the DAGs; the partition key of every event is the batch id."""

from airflow.sdk import Asset, PartitionedAssetTimetable


def batches(model: str) -> Asset:
    """Return the asset of batches that passed the gate."""
    return _asset("batches", model)


def predictions(model: str) -> Asset:
    """Return the asset of batches that the champion has scored."""
    return _asset("predictions", model)


def labelled(model: str) -> Asset:
    """Return the asset of batches whose labels have matured."""
    return _asset("labelled", model)


def champion(model: str) -> Asset:
    """Return the asset of promoted versions."""
    return _asset("champion", model)


def each_partition_of(asset: Asset) -> PartitionedAssetTimetable:
    """Return the schedule of a DAG that runs once for every batch that the asset announces."""
    return PartitionedAssetTimetable(assets=asset)


def _asset(noun: str, model: str) -> Asset:
    # Airflow normalises all but x- schemes through its providers, which would load boto3 to parse.
    return Asset(name=f"{noun}/{model}", uri=f"x-evergreen://{noun}/{model}", group="evergreen")
