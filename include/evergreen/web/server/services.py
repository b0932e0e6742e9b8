"""The sources of pages and API: settings, ledger, specs and store."""

from functools import cache, cached_property
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends

from evergreen.ledger.ledger import Ledger
from evergreen.settings import Settings, read_settings
from evergreen.web.server.authorization import UserDep, readable
from evergreen.web.server.spec_cache import SpecCache

if TYPE_CHECKING:
    from evergreen.storage.store import Store


def open_ledger() -> Ledger:
    """Return the ledger of this installation; all requests share its connections.

    Raises:
        LedgerError: Its address is invalid.
    """
    return _ledger(read_settings().ledger_url)


@cache
def _ledger(url: str) -> Ledger:
    return Ledger(url)


class Services:
    """The sources of one installation; shared by all requests of a process.

    Attributes:
        settings: Addresses and folders.
        ledger: The ledger.
        specs: The models' specs, parsed once per change.
    """

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self.settings = settings
        self.ledger = ledger
        self.specs = SpecCache(settings.models_dir, home=settings.home)

    @cached_property
    def store(self) -> "Store":
        """The store of snapshots, profiles and reports."""
        from evergreen.workflows.model_context import open_store

        return open_store(self.settings.store_uri, self.settings.store_connection_id)


def open_services() -> Services:
    """Return the services of this process; other settings in the environment give others.

    Raises:
        LedgerError: The ledger's address is invalid.
    """
    return _services(read_settings())


@cache
def _services(settings: Settings) -> Services:
    return Services(settings, open_ledger())


ServicesDep = Annotated[Services, Depends(open_services)]


def visible_models(services: ServicesDep, user: UserDep) -> frozenset[str]:
    """Return the models of the installation that the user may read."""
    return readable(services.specs.names(), user)


VisibleDep = Annotated[frozenset[str], Depends(visible_models)]
