"""The running services of one stack, and the guard that stops them should we die."""

from collections.abc import Sequence

import psutil

from evergreen.errors import ServiceError
from evergreen.sandbox.services import process_tree
from evergreen.sandbox.services.cleanup_process import Guard
from evergreen.sandbox.services.processes import Command, Service

STOP_SECONDS = 12.0


class Crew:
    """Services by name, in the order in which they were started.

    Args:
        token: Value of ``EVERGREEN_STACK`` in the environment of every service.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self.services: dict[str, Service] = {}
        self._leaders: dict[int, float] = {}
        self._guard: Guard | None = None

    def start(self, command: Command) -> Service:
        """Start a service and put it under guard."""
        return self.take_on(Service(command))

    def take_on(self, service: Service) -> Service:
        """Put a service that runs already under guard."""
        if self._guard is None:
            self._guard = Guard(self.token)
        self._guard.watch(service.leader)
        self._leaders[service.pid] = service.born
        self.services[service.name] = service
        return service

    def restart(self, name: str) -> Service:
        """Start a service again that was stopped or killed.

        Raises:
            ServiceError: It still runs, or there never was one of that name.
        """
        service = self.services.get(name)
        if service is None or service.is_running:
            state = "still runs" if service else f"is none of {', '.join(self.services)}"
            raise ServiceError(f"{name} cannot be started again: it {state}")
        return self.start(service.command)

    def require_running(self) -> None:
        """Raise when a service is gone.

        Raises:
            ServiceError: With how it ended and the tail of its log.
        """
        for service in self.services.values():
            service.require_running()

    def stop(self, names: Sequence[str]) -> None:
        """Stop some services at once: ask all of them, wait for all of them, kill the rest."""
        leaving = [self.services[name] for name in names if name in self.services]
        followers = [process for service in leaving for process in service.processes()]
        for service in leaving:
            service.send_stop()
        for service in leaving:
            service.stop(grace_seconds=STOP_SECONDS)
        process_tree.kill([p for p in followers if p.pid not in self._leaders])

    def stop_all(self) -> None:
        """Stop everything, the newest service first, and whatever they have left behind."""
        for name in reversed(self.services):
            self.stop([name])
        process_tree.kill(self.processes())
        if self._guard is not None:
            self._guard.dismiss()
            self._guard = None

    def processes(self) -> list[psutil.Process]:
        """Return every living process of this crew, the guard aside."""
        return process_tree.members(self.token, self._leaders)
