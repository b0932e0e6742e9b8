"""The section ``alerts``: who is notified of what, how often, and when a problem counts as over."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from evergreen.records import AlertKind, Severity
from evergreen.spec.section import Section


def _check_channel(channel: str) -> str:
    if channel.startswith(("http:", "https:", "xox")):
        raise ValueError("channel is a channel name or id, never a webhook or token")
    return channel


class Route(Section):
    """Where some of the alerts go instead; the first matching route counts."""

    kinds: tuple[AlertKind, ...] = Field((), description="Kinds of alert; empty: all.")
    severity: Severity = Field("info", description="Only alerts of at least this severity.")
    channel: str = Field(min_length=1, description="Channel name or id.")

    _no_secret = field_validator("channel")(_check_channel)


class Alerts(Section):
    """Where alerts go. Without a channel they stay in the outbox and are shown in the logs."""

    slack_connection_id: str = Field("", description="Airflow connection with the bot token.")
    channel: str = Field("", description="Where alerts go, unless a route says otherwise.")
    routes: tuple[Route, ...] = Field((), description="Other channels for some of them.")
    quiet: tuple[AlertKind, ...] = Field(
        (), description="Kinds that are kept and shown on the pages, and not sent."
    )
    send_quiet: bool = Field(False, description="Also send 'stood down' on quiet days.")
    calm_batches: Annotated[int, Field(ge=1, le=100)] = Field(
        2, description="Batches in a row without a problem before an incident counts as over."
    )
    digest: Literal["off", "daily"] = Field(
        "off", description="One summary a day and channel, of all models that ask for it there."
    )
    digest_hour: Annotated[int, Field(ge=0, le=23)] = Field(
        7, description="From which hour of the day, in UTC, the summary is sent."
    )

    _no_secret = field_validator("channel")(_check_channel)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if bool(self.slack_connection_id) != bool(self.channel):
            raise ValueError("slack_connection_id and channel go together; give both or neither")
        if not self.channel and (self.routes or self.digest != "off"):
            raise ValueError("routes and digest need slack_connection_id and channel")
        return self
