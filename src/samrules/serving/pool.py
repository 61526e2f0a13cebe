"""The worker processes: how many calls are answered at once, how many wait, and how long one may take."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Protocol

import attrs

import samrules
from samrules.serving.call import Call, Refusal, Reply, refusal
from samrules.serving.door import TOKEN_VARIABLE
from samrules.serving.worker import READY, frame, reply_of

WAITING = 16
"""Calls that wait for a worker; one more is turned away."""
_START_SECONDS = 60.0
_RETRY_SECONDS = 5.0
_STOP_SECONDS = 2.0


class Answering(Protocol):
    """What a worker holds: it is pickled into each of them."""

    def answer(self, call: Call) -> Reply: ...


class _Lost(Exception):
    """A worker ended by itself."""


@attrs.define(eq=False)
class _Worker:
    process: Process

    async def ask(self, *parts: bytes, frames: int) -> list[bytes]:
        """Sends a frame, returns so many. Raises _Lost."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(frame(*parts))
            await self.process.stdin.drain()
            found = []
            for _ in range(frames):
                size = int.from_bytes(await self.process.stdout.readexactly(8), "big")
                found.append(await self.process.stdout.readexactly(size))
            return found
        except (asyncio.IncompleteReadError, ConnectionError):
            raise _Lost from None


@attrs.define(eq=False)
class Pool:
    """Workers that hold the same service. Started and stopped with the server's loop."""

    service: Answering
    size: int
    seconds: float
    _free: asyncio.Queue[_Worker] = attrs.field(factory=asyncio.Queue)
    _all: set[_Worker] = attrs.field(factory=set)
    _tasks: set[asyncio.Task[None]] = attrs.field(factory=set)
    _waiting: int = 0
    _setup: bytes = b""

    async def start(self) -> None:
        """Returns when the first worker can answer; the others come up meanwhile. Raises RuntimeError where none does."""
        self._setup = pickle.dumps(self.service)
        await self._add()
        for _ in range(self.size - 1):
            self._replace()

    async def stop(self) -> None:
        """Ends all workers: by closing their input, and if that does not do, by force."""
        for task in list(self._tasks):
            task.cancel()
        for worker in list(self._all):
            if worker.process.stdin is not None:
                worker.process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                for worker in list(self._all):
                    await worker.process.wait()
        for worker in list(self._all):
            await self._end(worker)

    async def answer(self, call: Call) -> Reply:
        """The reply of a worker. Raises Refusal where none is free in time, or the answer takes too long."""
        worker = await self._take()
        try:
            async with asyncio.timeout(self.seconds):
                head, body = await worker.ask(pickle.dumps(call), frames=2)
        except BaseException as error:
            # in the middle of an answer: it is of no more use
            await self._end(worker)
            self._replace()
            if isinstance(error, TimeoutError):
                raise refusal(422, "too-long", f"the answer takes longer than {self.seconds:g} seconds",
                              "ask for less at once; what was to be recorded may have been, see the log of the ledger") from None
            if isinstance(error, _Lost):
                raise refusal(500, "server-fault", "the process that worked at this has ended", "ask for less at once; if that does not help, please report it") from None
            raise
        self._free.put_nowait(worker)
        return reply_of(head, body)

    async def _take(self) -> _Worker:
        if self._free.empty() and self._waiting >= WAITING:
            raise self._busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(self.seconds):
                return await self._free.get()
        except TimeoutError:
            raise self._busy() from None
        finally:
            self._waiting -= 1

    def _busy(self) -> Refusal:
        return refusal(429, "too-busy", "the server has as much to do as it may", "try again in a few seconds", None, (("Retry-After", "2"),))

    def _replace(self) -> None:
        task = asyncio.get_running_loop().create_task(self._bring())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _bring(self) -> None:
        """Another worker, however often that takes: a server without any would answer nothing."""
        while True:
            try:
                await self._add()
                return
            except (RuntimeError, OSError):
                await asyncio.sleep(_RETRY_SECONDS)

    async def _add(self) -> None:
        home = str(Path(samrules.__file__).parent.parent)
        path = os.pathsep.join([home, *filter(None, [os.environ.get("PYTHONPATH")])])
        own = {name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE}
        process = await asyncio.create_subprocess_exec(  # -P: nothing that lies in the folder it is started in is imported
            sys.executable, "-P", "-m", "samrules.serving.worker", stdin=PIPE, stdout=PIPE, env={**own, "PYTHONPATH": path})
        worker = _Worker(process)
        self._all.add(worker)
        try:
            async with asyncio.timeout(_START_SECONDS):
                (said,) = await worker.ask(self._setup, frames=1)
            if said != READY:
                raise RuntimeError("a worker spoke out of turn")
        except (_Lost, TimeoutError):
            await self._end(worker)
            raise RuntimeError("a worker process did not start") from None
        self._free.put_nowait(worker)

    async def _end(self, worker: _Worker) -> None:
        self._all.discard(worker)
        with contextlib.suppress(ProcessLookupError):
            worker.process.kill()
        await worker.process.wait()
