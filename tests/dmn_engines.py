"""What exported DMN is decided by in the tests, none of it ours: Drools, and the FEEL interpreter feelin.

`npm install` in `tests/dmn` installs both. Drools is the engine of Apache KIE as a program: files go to it as they are, by its
interface of HTTP on the loopback address. It reads DMN, orders decisions, evaluates FEEL, applies hit policies. For feelin,
`tests/dmn/engine.mjs` does what is no FEEL; that script reads DMN 1.3, as its reader knows no later version.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import attrs

from samrules.exchange.dmn_model import Model
from samrules.exchange.dmn_write import written
from tests.required import missing

Account = Mapping[str, Any]


@attrs.frozen
class Answer:
    """The value of each decision by its name, and what the engine complained of."""

    found: dict[str, Any]
    complaints: list[str]


class Engine(Protocol):
    def decide(self, model: Model, accounts: Sequence[Account]) -> list[Answer]: ...


@functools.cache
def packages() -> Path:
    """The folder with the packages: that of SAMRULES_DMN, else `tests/dmn`. Skips without them."""
    folder = Path(os.environ.get("SAMRULES_DMN", Path(__file__).parent / "dmn")) / "node_modules"
    if not all((folder / name).is_dir() for name in ("feelin", "@kie-tools/jitexecutor-native", "@kie-tools/dmn-marshaller")):
        missing("dmn", "`npm install` was not run in `tests/dmn`")
    return folder.resolve()


@attrs.frozen
class Drools:
    """A running program of Drools."""

    url: str

    def decide(self, model: Model, accounts: Sequence[Account]) -> list[Answer]:
        text = written(model)
        with ThreadPoolExecutor(2) as several:
            return list(several.map(lambda account: self.one(text, account), accounts))

    def one(self, text: str, account: Account) -> Answer:
        result = self.post("/jitdmn/dmnresult", text, {"context": account})
        found = {d["decisionName"]: d["result"] for d in result["decisionResults"]}
        return Answer(found, [m["message"] for m in result["messages"]])

    def validated(self, text: str) -> list[str]:
        """What its own check of a file finds: by the schema, the types, the expressions, gaps and overlaps of tables."""
        return [f"{m['severity']} {m['messageType']}: {m['message']}" for m in self.post("/jitdmn/validate", text, {})]

    def post(self, path: str, text: str, more: dict[str, Any]) -> Any:
        body = {"mainURI": "model.dmn", "resources": [{"URI": "model.dmn", "content": text}], **more}
        asked = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=300) as answer:
            return json.load(answer)


@contextmanager
def drools(folder: Path) -> Iterator[Drools]:
    """Starts it on a free port of the loopback address and stops it at the end; its log goes to the folder."""
    program = packages() / "@kie-tools" / "jitexecutor-native" / "dist" / sys.platform / ("jitexecutor" + ".exe" * (sys.platform == "win32"))
    if not program.exists():
        missing("dmn", f"Drools is not packed for {sys.platform}")
    program.chmod(0o755)
    log = folder / "drools.log"
    with log.open("w") as out:
        running = subprocess.Popen([program, "-Dquarkus.http.port=0", "-Dquarkus.http.host=127.0.0.1"], stdout=out, stderr=out)
    try:
        for _ in range(300):
            _, found, rest = log.read_text().partition("Listening on: ")
            if found and "\n" in rest:
                break
            assert running.poll() is None, log.read_text()
            time.sleep(0.1)
        else:
            raise AssertionError(log.read_text())
        yield Drools(rest.split()[0])
    finally:
        running.terminate()
        running.wait(20)


@attrs.frozen
class Feelin:
    """The script with feelin in it, run in a folder of its own."""

    folder: Path

    def decide(self, model: Model, accounts: Sequence[Account]) -> list[Answer]:
        program = shutil.which("node")
        if program is None:
            missing("dmn", "there is no Node to try the exported files with")
        assert program is not None
        script, file, linked = (self.folder / name for name in ("engine.mjs", "model.dmn", "node_modules"))
        if not linked.exists():
            linked.symlink_to(packages())
            script.write_text((Path(__file__).parent / "dmn" / "engine.mjs").read_text())
        file.write_text(written(model, "1.3"))
        asked = json.dumps({"file": str(file), "accounts": accounts})
        run = subprocess.run([program, str(script)], input=asked, capture_output=True, text=True, timeout=400, check=False)
        assert run.returncode == 0, run.stderr
        return [Answer(a["found"], a["complaints"]) for a in json.loads(run.stdout)]
