"""A PostgreSQL server for tests: begun in an empty folder, on the loopback address, ended afterwards."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path


class NoServer(Exception):
    """There is no PostgreSQL here, or it does not start."""


def programs() -> tuple[str, str]:
    """`initdb` and `postgres`: on the path, or where Debian puts them. Raises NoServer."""
    found = []
    for name in ("initdb", "postgres"):
        installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: int(p.parts[-3]) if p.parts[-3].isdigit() else 0)
        place = str(installed[-1]) if installed else shutil.which(name)
        if place is None:
            raise NoServer(f"there is no `{name}` here")
        found.append(place)
    return found[0], found[1]


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The URL of a server that runs as long as the context. Raises NoServer.

    PostgreSQL refuses to run as root; root lets another user run it.
    """
    initdb, postgres = programs()
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:
        folder, user = Path(name), _user()
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)

        def run(*command: str) -> subprocess.Popen[bytes]:
            return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                    env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}, user=user.pw_uid if user else None,
                                    group=user.pw_gid if user else None, extra_groups=[] if user else None)

        data = folder / "data"
        begun = run(initdb, "-D", str(data), "-A", "trust", "-U", "samrules", "-E", "UTF8", "--no-sync")
        said, _ = begun.communicate(timeout=300)
        if begun.returncode != 0:
            raise NoServer(f"initdb failed: {said.decode(errors='replace')[-500:]}")
        port = _free_port()
        process = run(postgres, "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", "")
        try:
            _wait(process, port)
            yield f"postgresql://samrules@127.0.0.1:{port}/postgres"
        finally:
            process.terminate()  # to a session that is still open this is a quick end: it is rolled back
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=15)
            if process.poll() is None:
                process.kill()
                process.communicate()


def _user() -> pwd.struct_passwd | None:
    """Who runs the server, where this is root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoServer("root cannot run PostgreSQL, and there is no user `postgres` or `nobody`")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    import psycopg

    for _ in range(600):
        if process.poll() is not None:
            said = process.stdout.read().decode(errors="replace") if process.stdout else ""
            raise NoServer(f"postgres ended: {said[-500:]}")
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="samrules", dbname="postgres", connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise NoServer("postgres does not answer")
