import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from evergreen.errors import LedgerError
from evergreen.ledger.base import Base
from evergreen.ledger.database import MIGRATIONS, Database
from evergreen.ledger.ledger import Ledger
from evergreen.signals import EPOCH, PolicyState

SIGNALS = (
    '{"batch": "b", "champion_version": null, "drift": null, "decay": null, "n_training_rows": 1,'
    ' "n_holdout_rows": 1}'
)
OLD_DECISION = """
    INSERT INTO decisions (
        id, model, batch, run_id, verdict, trigger, sentence, signals, spec_hash, requested_by,
        reason, outcome, outcome_sentence, decided_at
    ) VALUES (
        'i', 'flights', 'b', 'r', 'stand_down', 'none', 's', :signals, 'h', '',
        '', 'stood_down', '', '2013-03-05 00:00:00+00'
    )
"""


def test_migrations_make_exactly_the_tables_that_the_code_uses(
    ledger: Ledger, ledger_url: str
) -> None:
    with create_engine(ledger_url).connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": "evergreen_alembic_version"}
        )
        differences = compare_metadata(context, Base.metadata)

    assert differences == []


def test_migrating_again_keeps_what_is_there(ledger: Ledger, ledger_url: str) -> None:
    ledger.migrate()

    with create_engine(ledger_url).connect() as connection:
        version = connection.execute(text("SELECT version_num FROM evergreen_alembic_version"))
        assert len(version.all()) == 1


def test_decisions_of_before_the_policys_memory_are_kept_and_hold_nothing(ledger_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with create_engine(ledger_url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text(OLD_DECISION), {"signals": SIGNALS})

    with Ledger(ledger_url) as ledger:
        ledger.migrate()
        (decision,) = ledger.decisions.history("flights")

        assert (decision.batch, decision.decided, decision.state_after) == ("b", None, None)
        assert ledger.decisions.quarantined_batches("flights") == frozenset()
        assert ledger.decisions.state_before("flights", "another") == PolicyState()


def test_an_unmigrated_database_says_what_to_do(tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = tmp_path_factory.mktemp("empty") / "ledger.db"

    with Ledger(f"sqlite:///{empty}") as ledger, pytest.raises(LedgerError, match="ledger migrate"):
        ledger.decisions.history("flights")


def test_a_password_is_never_in_an_error() -> None:
    database = Database("postgresql+psycopg2://eve:hunter2@127.0.0.1:1/ledger")

    with pytest.raises(LedgerError) as caught, database.session() as session:
        session.execute(text("SELECT 1"))

    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(LedgerError, match=r"sqlite:///file\.db"):
        Database("not a url")


def test_records_of_before_batch_numbers_get_numbers_and_ids(ledger_url: str) -> None:
    labelled = '"labelled": [{"position": 2252, "champion": null}]'
    signals = SIGNALS.replace("{", '{"position": 2252, ' + labelled + ", ", 1)
    state = (
        '{"position": 2252, "seen": 2251, "last_fit": 2252, "episode": {"since": 2252, "before":'
        ' "1"}, "samples": [{"position": 2250, "gain": 0.1, "se": 0.1, "n_batches": 2}]}'
    )
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with create_engine(ledger_url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        connection.execute(text(OLD_DECISION), {"signals": signals})
        connection.execute(text("UPDATE decisions SET state_after = :state"), {"state": state})

    with Ledger(ledger_url) as ledger:
        ledger.migrate()
        (decision,) = ledger.decisions.history("flights")

    found = decision.state_after
    assert (decision.signals.number, decision.signals.labelled[0].batch) == (2252, "b")
    assert found is not None
    assert (found.counted_from, found.number, found.last_fit_batch) == (EPOCH, 2252, "b")
    assert (found.samples[0].number, found.episode and found.episode.batch) == (2250, "b")
