"""The server process, by uvicorn: a socket, the loop, signals, and connections that say nothing for long."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from samrules.diagnostics import Diagnostic
from samrules.errors import OutputError
from samrules.serving.pool import Pool

_SILENT_SECONDS = 10.0
"""For the head of a request to arrive."""
_MOST_CONNECTIONS = 200
_GRACE_SECONDS = 10


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches a host by that name. Raises OutputError for a name that leads nowhere."""
    return all(ipaddress.ip_address(address).is_loopback for _, address in _addresses(host, 0))


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises OutputError where it cannot."""
    family, address = _addresses(host, port)[0]
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((address, port))
        found.listen(_MOST_CONNECTIONS)
    except OSError as error:
        found.close()
        said = (error.strerror or "it is refused")[:1].lower() + (error.strerror or "it is refused")[1:]
        raise _cannot(f"port {port} of {host} cannot be listened on: {said}",
                      "give another with `--port`; `--port 0` takes any that is free") from None
    return found


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    try:
        return [(family, str(address[0])) for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise _cannot(f"there is no host `{host}`", "give an address of this machine with `--host`") from None


def _cannot(message: str, help_: str) -> OutputError:
    return OutputError([Diagnostic("cannot-listen", message, help_, where="serve")])


def address_of(found: socket.socket) -> str:
    """The address to open in a browser."""
    host, port = found.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def lifespan(pool: Pool, log: Callable[[str], None]) -> Callable[[Any], contextlib.AbstractAsyncContextManager[None]]:
    """The workers live as long as the application does."""

    @contextlib.asynccontextmanager
    async def life(app: Any) -> AsyncIterator[None]:
        try:
            await pool.start()
        except RuntimeError as error:
            log(f"fault: {error}")
            raise
        try:
            yield
        finally:
            await pool.stop()

    return life


def run(app: Any, found: socket.socket, ready: Callable[[], None]) -> None:
    """Serves until SIGINT or SIGTERM. `ready` is called when requests are answered."""
    config = uvicorn.Config(app, http=_Protocol, ws="none", loop="asyncio", lifespan="on", log_config=None, log_level="critical", access_log=False,
                            server_header=False, proxy_headers=False, timeout_keep_alive=5, timeout_graceful_shutdown=_GRACE_SECONDS)
    _Server(config, ready).run(sockets=[found])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """A signal ends the server in order; it is not raised again afterwards."""
        before = {s: signal.signal(s, self.handle_exit) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for which, handler in before.items():
                signal.signal(which, handler)


class _Protocol(H11Protocol):
    """Ends connections that are one too many, or that do not get to the end of a request's head in time."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > _MOST_CONNECTIONS:
            transport.abort()
            return
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._between_requests():
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        super().connection_lost(exc)

    def _between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait(self) -> None:
        """The clock starts at the first byte, and goes on until a request is whole."""
        if self._patience is None:
            self._patience = self.loop.call_later(_SILENT_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._patience = None
        if self._between_requests() and not self.transport.is_closing():
            self.transport.close()
