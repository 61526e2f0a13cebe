"""How long a report takes to be made, and to be opened, searched and leafed through in a Chromium.

    python examples/generate_portfolio.py --accounts 5000 --out portfolio/
    python benchmarks/report.py portfolio/ --as-of 2026-11-21 [--what-if none] [--runs 5]

Needs `pip install "samrules[report,browser]"` and a Chromium of the system. Times in the browser are medians of the runs, each in a
window of its own: until the page is drawn and its script has run; a first and a second search; a part opened.
"""

from __future__ import annotations

import argparse
import importlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

OPENED = """() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0)))"""
USED = """async () => {
  const find = (text) => {
    const start = performance.now();
    document.getElementById("text").value = text;
    document.getElementById("outcome").dispatchEvent(new Event("change"));
    document.getElementById("list").offsetHeight;
    return performance.now() - start;
  };
  const first = find("norvale"), second = find("price");
  const wanted = JSON.parse(document.getElementById("index").textContent).rows.at(-1)[0], start = performance.now();
  location.hash = "#account-" + wanted;
  while (!document.querySelector("article:not([hidden])")) await new Promise((next) => setTimeout(next, 1));
  document.querySelector("article:not([hidden])").offsetHeight;
  return [first, second, performance.now() - start];
}"""


def made(data: str, as_of: str, ruleset: str, what_if: str, out: Path) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "samrules", "report", ruleset, data, "--as-of", as_of, "--what-if", what_if, "--out", str(out)],
                   check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def used(path: Path, runs: int) -> list[list[float]]:
    driver: Any = importlib.import_module("playwright.sync_api")
    where = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if where is None:
        raise SystemExit("no Chromium is installed")
    taken = []
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(runs + 1):  # the first warms the file cache
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(path.as_uri())
            taken.append([page.evaluate(OPENED), *page.evaluate(USED)])
            page.close()
        browser.close()
    return taken[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="accounts, as `samrules decide` reads them")
    parser.add_argument("--ruleset", default="programme")
    parser.add_argument("--as-of", required=True)
    parser.add_argument("--what-if", default="none", choices=("all", "changes", "none"))
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.html"
        seconds = made(asked.data, asked.as_of, asked.ruleset, asked.what_if, out)
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"made in       {seconds:8.1f} s, with {memory:,.0f} MB of memory: {out.stat().st_size / 1e6:.1f} MB")
        taken = used(out, asked.runs)
    for name, column in zip(("opened", "first search", "search", "part opened"), zip(*taken, strict=True), strict=True):
        print(f"{name:14}{statistics.median(column):8.0f} ms")


if __name__ == "__main__":
    main()
