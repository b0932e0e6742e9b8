"""Every error Evergreen raises for its own cases.

EvergreenError
├── SpecError                 a model spec is wrong: names file, key and remedy
├── SettingsError             an address or folder is missing from the environment
├── RequestError              a manual trigger asks for something that is refused
├── NothingToDo               a step has nothing to do, so what follows is skipped; no fault
├── DataError                 a delivery cannot be used as it is; no retry helps
│   ├── ManifestError         the manifest is missing, unreadable or disagrees with its files
│   ├── SchemaError           columns or types differ from the spec
│   └── EmptyWindowError      a window holds fewer rows than it needs
├── GateError                 the quality gate itself broke (not the data)
├── TrainingError             a challenger could not be trained
│   ├── TrainingTimeoutError  it ran past its time limit and was killed
│   └── DeviceError           the device that the spec insists on is not there
├── ModelFileError            a model file is not what the ledger says, or cannot be loaded
├── PromotionError            the champion may not be moved
│   ├── ChampionChangedError  the champion is no longer the one that was evaluated against
│   └── StaleTokenError       another run, or a later try, took over the right to promote
└── ExternalError             an outside system failed; a retry may help
    ├── RegistryError         MLflow
    ├── StorageError          the object store or the disk
    ├── LedgerError           the ledger's database
    └── NotifyError           Slack
"""


class EvergreenError(Exception):
    """Base of all errors that Evergreen raises for its own cases."""


class SpecError(EvergreenError):
    """A model spec is wrong; the text names file, key and remedy."""


class SettingsError(EvergreenError):
    """An address or folder is missing from the environment, or is not usable."""


class RequestError(EvergreenError):
    """A manual trigger asks for something that is refused; nothing was changed."""


class NothingToDo(EvergreenError):  # noqa: N818 - it is no error, and Airflow's own is no "Error"
    """A step has nothing to do; the text says why, and what follows it is skipped."""


class DataError(EvergreenError):
    """A delivery cannot be used as it is; trying again does not help."""


class ManifestError(DataError):
    """The manifest is missing, unreadable, or disagrees with the files it lists."""


class SchemaError(DataError):
    """Columns or types differ from the spec."""


class EmptyWindowError(DataError):
    """A window holds fewer rows than the step needs."""


class GateError(EvergreenError):
    """The quality gate itself broke; this says nothing about the data."""


class TrainingError(EvergreenError):
    """A challenger could not be trained."""


class TrainingTimeoutError(TrainingError):
    """Training ran past its time limit and its process was killed."""


class DeviceError(TrainingError):
    """The device that the spec insists on is not available."""


class ModelFileError(EvergreenError):
    """A model file is not the one the ledger names, or LightGBM cannot load it."""


class PromotionError(EvergreenError):
    """The champion may not be moved as asked."""


class ChampionChangedError(PromotionError):
    """The champion is no longer the version that the challenger was evaluated against."""


class StaleTokenError(PromotionError):
    """Another run, or a later try of this one, took over the promotion."""


class ExternalError(EvergreenError):
    """An outside system failed; trying again may help."""


class RegistryError(ExternalError):
    """MLflow failed or refused a request.

    Attributes:
        is_permanent: No retry will help (wrong credentials, missing right, refused value).
    """

    def __init__(self, message: str, *, is_permanent: bool = False) -> None:
        super().__init__(message)
        self.is_permanent = is_permanent


class StorageError(ExternalError):
    """The object store or the disk failed or refused a request."""


class MissingFileError(StorageError):
    """There is no such file; a file that may not be read is a plain ``StorageError``."""


class LedgerError(ExternalError):
    """The ledger's database failed or refused a request."""


class ServiceError(ExternalError):
    """A service of the embedded stack did not start, died, or refused a request."""


class NotifyError(ExternalError):
    """Slack did not take a message.

    Attributes:
        is_permanent: No retry will help (revoked token, unknown channel).
        retry_after_seconds: What Slack asked us to wait, where it said so.
    """

    def __init__(
        self, message: str, *, is_permanent: bool = False, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.is_permanent = is_permanent
        self.retry_after_seconds = retry_after_seconds
