"""The server as it runs: its worker processes and their limits, its socket, its start and its stop."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
import uvicorn
from click.testing import CliRunner

from samrules.cli.main import cli
from samrules.serving import pool as pools
from samrules.serving import server
from samrules.serving.call import Call, Refusal
from samrules.serving.pool import Pool
from tests.serving_kit import TEXT, TOKEN, Tiring, ledger_in

ROOT = Path(__file__).parent.parent


def in_pool(work: Callable[[Pool], Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch, *, size: int, seconds: float) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # the workers unpickle a class of these tests

    async def run() -> None:
        pool = Pool(Tiring(), size, seconds)
        await pool.start()
        try:
            await work(pool)
        finally:
            await pool.stop()

    asyncio.run(run())


async def refusal_of(pool: Pool, operation: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await pool.answer(Call(operation))
    return caught.value


def test_work_that_takes_too_long_is_ended_and_the_next_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(pool: Pool) -> None:
        first = (await pool.answer(Call("greet"))).body.decode()
        pid = int(first.removeprefix("greet by "))
        began = time.monotonic()
        found = await refusal_of(pool, "sleep")
        assert (found.status, found.problems[0].code, found.problems[0].message) == (422, "too-long", "the answer takes longer than 0.5 seconds")
        assert time.monotonic() - began < 20
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)  # the process that slept is gone
        pool.seconds = 30
        assert (await pool.answer(Call("greet"))).body.decode() != first

    in_pool(work, monkeypatch, size=1, seconds=0.5)


def test_a_worker_that_ends_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(pool: Pool) -> None:
        found = await refusal_of(pool, "end")
        assert (found.status, found.problems[0].code) == (500, "server-fault")
        assert (await pool.answer(Call("greet"))).status == 200

    in_pool(work, monkeypatch, size=1, seconds=30)


def test_more_than_may_wait_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "WAITING", 3)

    async def work(pool: Pool) -> None:
        answers = await asyncio.gather(*(pool.answer(Call("nap")) for _ in range(8)), return_exceptions=True)
        busy = [a for a in answers if isinstance(a, Refusal)]
        assert len(busy) == 4  # one is under way, three wait
        assert {(b.status, b.problems[0].code, b.headers) for b in busy} == {(429, "too-busy", (("Retry-After", "2"),))}

    in_pool(work, monkeypatch, size=1, seconds=30)


def test_no_worker_outlives_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[int] = []

    async def work(pool: Pool) -> None:
        met.append(int((await pool.answer(Call("greet"))).body.decode().removeprefix("greet by ")))

    in_pool(work, monkeypatch, size=1, seconds=30)
    with pytest.raises(ProcessLookupError):
        os.kill(met[0], 0)


# --- the whole of it ---


@attrs.frozen
class Running:
    process: subprocess.Popen[str]
    told: str
    port: int

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


@contextlib.contextmanager
def running(*arguments: str, **variables: str) -> Iterator[Running]:
    process = subprocess.Popen([sys.executable, "-m", "samrules", "serve", "--port", "0", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, **variables})
    assert process.stdout is not None
    told = ""
    try:
        for line in process.stdout:
            told += line
            if "token" in line:
                break
        found = re.search(r":(\d+)/", told)
        assert found, process.communicate()[1]
        yield Running(process, told, int(found[1]))
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def ruleset(tmp_path: Path) -> str:
    path = tmp_path / "keep.yaml"
    path.write_text(TEXT, "utf-8")
    return str(path)


def test_a_server_answers_until_it_is_told_to_stop(tmp_path: Path, ruleset: str) -> None:
    with running(ruleset, "--ledger", str(ledger_in(tmp_path)), "--workers", "1", SAMRULES_TOKEN=TOKEN) as here:
        assert re.fullmatch(
            r"samrules serves http://127\.0\.0\.1:\d+/\n  ruleset  keep 1\.0\.0, sha256:[0-9a-f]{12}\n  ledger   .*decisions\.ledger\n  token    needed\n", here.told)
        assert here.ask("GET", "/api/rulesets")[0] == 401
        status, text = here.ask("POST", "/api/decide/keep", json.dumps({"accounts": [{"account_id": "x", "revenue": 5}]}),
                                  content_type="application/json", authorization=f"Bearer {TOKEN}")
        assert (status, json.loads(text)["decisions"][0]["possible"]) == (200, ["keep", "drop"])
        assert here.ask("GET", "/account?id=A-17", authorization=f"Bearer {TOKEN}")[0] == 200
        with socket.create_connection(("127.0.0.1", here.port)) as raw:
            raw.sendall(b"GET / HTTP/1.1\r\nHost: x y\x00\r\n\r\n")
            assert raw.recv(100).startswith(b"HTTP/1.1 400")
        here.process.send_signal(signal.SIGTERM)
        rest, log = here.process.communicate(timeout=60)
        assert (here.process.returncode, rest) == (0, "")
        lines = log.splitlines()
        assert [line.rpartition(" ")[0].rpartition(" ")[0] for line in lines[:3]] == ["GET /api/rulesets 401", "POST /api/decide/keep 200", "GET /account 200"]
        assert lines[-1] == "stopped"
        assert "A-17" not in log, "a query, and what stands in it, is not logged"


def test_connections_that_say_nothing_or_are_too_many_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_SILENT_SECONDS", 0.3)
    monkeypatch.setattr(server, "_MOST_CONNECTIONS", 2)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def run() -> None:
        found, ready = server.listening("127.0.0.1", 0), asyncio.Event()
        port = found.getsockname()[1]
        config = uvicorn.Config(app, http=server._Protocol, lifespan="off", log_config=None, timeout_keep_alive=60)
        serving = server._Server(config, ready.set)
        task = asyncio.create_task(serving.serve(sockets=[found]))
        await ready.wait()
        async with asyncio.timeout(30):
            reader, half = await asyncio.open_connection("127.0.0.1", port)
            half.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow:")
            assert await reader.read() == b""
            reader, whole = await asyncio.open_connection("127.0.0.1", port)
            whole.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTT")  # and half of the next
            assert (await reader.read()).endswith(b"ok")
            kept = [(await asyncio.open_connection("127.0.0.1", port))[1] for _ in range(2)]
            reader, many = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            for writer in (half, whole, *kept, many):
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()
            serving.should_exit = True
            await task

    asyncio.run(run())


@pytest.mark.parametrize(("arguments", "variables", "said"), [
    (["designation", "--host", "0.0.0.0"], {},
     "serve: error[needs-token]: `0.0.0.0` can be reached by others, and there is no token\n"
     "help: give one with `--token-file` or in SAMRULES_TOKEN; or leave `--host` out, to listen on this machine only"),
    (["designation"], {"SAMRULES_TOKEN": "secret"},
     "SAMRULES_TOKEN: error[bad-token]: the token is none: it has to be at least 16 letters, digits and signs, without blanks\n"
     'help: make one: `python -c "import secrets; print(secrets.token_urlsafe())"`'),
    (["designation"], {"SAMRULES_TOKEN": ""},
     "SAMRULES_TOKEN: error[bad-token]: the token is none: it has to be at least 16 letters, digits and signs, without blanks\n"
     'help: make one: `python -c "import secrets; print(secrets.token_urlsafe())"`'),
    (["designation", "designation"], {}, "serve: error[duplicate-key]: the ruleset `designation` is named twice\nhelp: name each ruleset once"),
    (["designation", "--token-file", "nowhere.txt"], {},
     "nowhere.txt: error[no-such-file]: the file of the token cannot be read\nhelp: give the path of a text file with `--token-file`"),
    (["designation", "--host", "no.such.host.invalid"], {},
     "serve: error[cannot-listen]: there is no host `no.such.host.invalid`\nhelp: give an address of this machine with `--host`"),
])
def test_what_is_refused_at_the_start(arguments: list[str], variables: dict[str, str], said: str) -> None:
    found = CliRunner().invoke(cli, ["serve", *arguments], env={"SAMRULES_TOKEN": None, **variables})
    assert (found.exit_code, found.stderr.rstrip("\n"), found.stdout) == (2, said, "")


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = CliRunner().invoke(cli, ["serve", "dedesignation", "--port", str(port)], env={"SAMRULES_TOKEN": None})
    assert found.exit_code == 2
    assert found.stderr.rstrip("\n") == (f"serve: error[cannot-listen]: port {port} of 127.0.0.1 cannot be listened on: address already in use\n"
                            "help: give another with `--port`; `--port 0` takes any that is free")


def test_a_ledger_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    found = CliRunner().invoke(cli, ["serve", "dedesignation", "--ledger", str(tmp_path / "none.ledger")], env={"SAMRULES_TOKEN": None})
    assert found.exit_code == 2
    assert "error[" in found.stderr
    assert not (tmp_path / "none.ledger").exists()
