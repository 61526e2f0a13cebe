"""The server's pages in a real Chromium, without scripts: signing in, an override by keyboard, what if; axe in light and dark; nothing refused by the policy."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.required import missing
from tests.serving_kit import HOSTILE, TEXT, TOKEN, ledger_in
from tests.test_report_browser import NARROW, WCAG, WIDE, chromium  # noqa: F401  (a fixture)
from tests.test_serve_process import Running, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("served")
    (folder / "keep.yaml").write_text(TEXT, "utf-8")
    with running(str(folder / "keep.yaml"), "--ledger", str(ledger_in(folder)), "--workers", "1", "--quiet", SAMRULES_TOKEN=TOKEN) as found:
        yield found


class Browsing:
    """Pages of the server in a context of its own; what the browser complains of, and what it asks of others, is gathered."""

    def __init__(self, context: Any, home: str) -> None:
        self.page, self.home = context.new_page(), home
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("dialog", lambda dialog: self.said.append(f"a dialog: {dialog.message}"))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def go(self, path: str) -> None:
        self.page.goto(self.home + path)

    def sign_in(self) -> None:
        self.go("/")
        assert self.page.url == f"{self.home}/sign-in"
        self.page.get_by_label("Token").fill(TOKEN)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(f"{self.home}/")


@pytest.fixture
def browse(chromium: Any, server: Running) -> Iterator[Any]:  # noqa: F811
    contexts, met = [], []

    def browse(**how: Any) -> Browsing:
        contexts.append(chromium.new_context(**{"viewport": WIDE, **how}))
        met.append(Browsing(contexts[-1], f"http://127.0.0.1:{server.port}"))
        met[-1].sign_in()
        return met[-1]

    yield browse
    for context in contexts:
        context.close()
    for each in met:
        assert each.said == []
        assert all(url.startswith((each.home, "data:")) for url in each.asked), each.asked


def test_an_override_and_what_if_by_keyboard_and_without_scripts(browse: Any) -> None:
    here = browse(java_script_enabled=False)
    page = here.page
    page.get_by_role("link", name=HOSTILE).first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/account?id=A-17*")
    assert HOSTILE in page.title()
    assert HOSTILE in page.get_by_role("main").inner_text()
    page.get_by_label("Outcome that shall hold").select_option("drop")
    page.get_by_label("Your name").fill("Ada Quist")
    page.get_by_label("Reason").fill("Being bought.")
    page.get_by_label("Last day").fill("2099-01-31")
    page.get_by_role("button", name="Put the override on record").press("Enter")
    page.get_by_text("holds until 31 January 2099, by an override of Ada Quist").wait_for()
    page.get_by_role("link", name="What if …").click()
    page.get_by_label("the customer is loyal").select_option("no")
    page.get_by_role("button", name="What if?").click()
    page.get_by_text("It would be drop instead of keep.").wait_for()
    page.go_back()
    page.get_by_role("link", name="Log", exact=True).click()
    page.get_by_role("link", name="6", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Record 6"
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    here.go("/log")
    assert page.url.endswith("/sign-in")


@pytest.mark.parametrize("how", [{}, {"color_scheme": "dark", "viewport": NARROW}], ids=["light", "dark-narrow"])
def test_axe_finds_nothing(browse: Any, how: dict[str, Any]) -> None:
    try:
        axe = importlib.import_module("axe_playwright_python.sync_playwright")
    except ImportError:
        missing("browser", "the package axe-playwright-python is not installed")
    here = browse(**how)
    for path in ("/", "/account?id=A-17", "/what-if?record=4", "/would-change?record=4", "/record?number=4", "/log", "/verify", "/portfolio?ruleset=keep",
                 "/try/keep", "/api", "/problems", "/nothing", "/sign-in"):
        here.go(path)
        found = axe.Axe().run(here.page, options={"runOnly": WCAG})
        assert found.response["violations"] == [], f"{path}: {found.generate_report()}"
        wide = here.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], f"{path} is wider than its window"
    here.said[:] = [text for text in here.said if "404" not in text]  # the page that is not there
