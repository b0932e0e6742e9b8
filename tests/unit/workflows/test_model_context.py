import json
from pathlib import Path

import pytest

from evergreen.errors import SettingsError, SpecError
from evergreen.workflows.model_context import (
    ModelContext,
    open_deliveries,
    open_model_context,
    open_store,
)


def test_a_context_reads_its_own_models_spec(context: ModelContext, name: str) -> None:
    with open_model_context(name) as opened:
        assert opened.spec == context.spec
        assert opened.store.uri == f"file://{context.settings.home}/store"
        assert open_deliveries(opened.spec, "data").uri == context.spec.landing.uri
        assert open_deliveries(opened.spec, "labels").uri == context.spec.labels.uri


@pytest.mark.usefixtures("home")
def test_a_model_that_is_not_there_is_a_spec_error() -> None:
    with pytest.raises(SpecError, match="unheard_of"), open_model_context("unheard_of"):
        pass


def test_without_an_address_there_is_no_registry(context: ModelContext) -> None:
    with pytest.raises(SettingsError, match="MLFLOW_TRACKING_URI"):
        _ = context.registry


def test_scratch_is_gone_also_after_a_failure(context: ModelContext) -> None:
    seen: list[Path] = []

    def work() -> None:
        with context.scratch() as folder:
            seen.append(folder)
            (folder / "file").touch()
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        work()

    assert not seen[0].exists()


def test_a_bucket_is_opened_with_the_keys_of_the_airflow_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    extra = {"endpoint_url": "http://127.0.0.1:1", "region_name": "eu-north-1"}
    connection = {"conn_type": "aws", "login": "AKIA1", "password": "made-up", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_LAKE", json.dumps(connection))

    store = open_store("s3://bucket/prefix", "lake")

    assert store.uri == "s3://bucket/prefix"
    assert store._fs.endpoint_url == "http://127.0.0.1:1"


def test_without_a_connection_aws_own_ways_are_used() -> None:
    assert open_store("s3://bucket/prefix", "").uri == "s3://bucket/prefix"
