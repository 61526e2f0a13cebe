"""The report in a real Chromium: search, filter, an account's part, what a screen reader gets, hostile names, and axe."""

from __future__ import annotations

import importlib
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import samrules
from samrules.reporting.render import LISTED, STATIC
from samrules.reporting.subject import Past
from tests.required import missing
from tests.test_report import EXAMPLES, HOSTILE, SMALL, Small, run

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 400, "height": 800}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium with a profile of its own."""
    where = next(filter(None, map(shutil.which, BROWSERS)), None)
    if where is None:
        missing("browser", "no Chromium is installed")
    try:
        driver = importlib.import_module("playwright.sync_api")
    except ImportError:
        missing("browser", "the package playwright is not installed")
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=QUIET)
        yield browser
        browser.close()


Show = Callable[..., Any]


@pytest.fixture
def show(chromium: Any) -> Iterator[Show]:
    """Opens a file, such as with `color_scheme="dark"`. Afterwards nothing may have been asked of a network, and nothing refused."""
    asked: list[str] = []
    said: list[str] = []
    contexts = []

    def show(path: Path, part: str = "", **how: Any) -> Any:
        context = chromium.new_context(**{"viewport": WIDE, **how})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url.split("#")[0]))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(f"a dialog: {dialog.message}"))
        page.goto(path.as_uri() + part)
        return page

    yield show
    for context in contexts:
        context.close()
    assert all(url.startswith("file:") for url in asked), asked
    assert said == []


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the example portfolio."""
    out = tmp_path_factory.mktemp("report") / "portfolio.html"
    found = run("programme", str(EXAMPLES / "portfolio"), "--as-of", "2026-11-21", "--out", str(out))
    assert found.exit_code == 0, found.stderr
    return out


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with more accounts than stand in the file as they are."""
    out = tmp_path_factory.mktemp("report") / "many.html"
    out.write_text(Small(*({"account_id": f"a{n}", "csat": n % 11, "revenue_ttm": n + 1} for n in range(STATIC + 50))).html(), "utf-8")
    return out


def names(page: Any) -> list[str]:
    """The accounts that the list shows, in its order."""
    found: list[str] = page.locator("#list tbody th a").all_inner_texts()
    return found


def listed(page: Any, text: str) -> None:
    """Waits until the list says that it has so many."""
    page.locator("#found", has_text=re.compile(f"^{re.escape(text)}$")).wait_for(timeout=5_000)


def test_searching_finds_names_and_reasons(show: Show, portfolio: Path) -> None:
    page = show(portfolio)
    before = page.locator("#list tbody").inner_html()
    page.get_by_label("Search", exact=True).fill("harrow")
    listed(page, "2 accounts of 20")
    assert names(page) == ["Harrow North", "Harrow"]
    page.get_by_label("Search", exact=True).fill("  GOOD   order ")
    listed(page, "4 accounts of 20")
    assert names(page) == ["Hollis & Day", "Ingram Optics", "Larch Foods", "Norvale"]
    page.get_by_label("Search", exact=True).fill("boréalis")
    listed(page, "1 account of 20")
    page.get_by_label("Search", exact=True).fill("")
    listed(page, "20 accounts")
    assert page.evaluate("[...document.querySelectorAll('#list tbody tr')].length") == 20
    assert _bare(page.locator("#list tbody").inner_html()) == _bare(before)


def _bare(html: str) -> str:
    """Rows as written by the report and by its script, but for line breaks between rows."""
    return "".join(html.replace("\n", "").split("></path>"))


def test_filtering_and_ordering(show: Show, portfolio: Path) -> None:
    page = show(portfolio)
    page.get_by_label("Decision", exact=True).select_option(label="released (5)")
    assert len(names(page)) == 5
    assert page.locator("#found").inner_text() == "5 accounts of 20"
    page.get_by_label("Show", exact=True).select_option(label="those that change (10)")
    assert names(page) == ["Hollis & Day", "Ingram Optics", "Larch Foods", "Norvale"]
    page.get_by_label("Decision", exact=True).select_option(label="all")
    page.get_by_label("Show", exact=True).select_option(label="those that are open (3)")
    assert names(page) == ["Dunmore Dairy", "Eastgate Supplies", "Pell Chemicals"]
    page.get_by_label("Show", exact=True).select_option(label="all (20)")
    page.get_by_label("Order", exact=True).select_option(label="Revenue of the last 12 months, highest first")
    assert names(page)[:2] == ["MegaMart", "Harrow North"] or names(page)[:2] == ["MegaMart", "Harrow"]
    page.get_by_label("Order", exact=True).select_option(label="Strategic score, highest first")
    assert names(page)[0] == "Lumen Labs"
    assert names(page)[-1] == "Eastgate Supplies"


def test_an_account_by_keyboard_alone(show: Show, portfolio: Path) -> None:
    page = show(portfolio)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the list of accounts"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.type("norvale")
    listed(page, "1 account of 20")
    for _ in range(5):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Norvale"
    page.keyboard.press("Enter")
    page.wait_for_selector("#account-3", state="visible")
    assert page.evaluate("document.activeElement.id") == "name-3"
    assert page.title() == "Norvale – Status in the programme, 21 November 2026"
    assert not page.locator("#overview").is_visible()
    assert page.locator("article:visible").count() == 1
    page.keyboard.press("Shift+Tab")  # the button
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.textContent") == "All accounts"
    page.keyboard.press("Enter")
    page.wait_for_selector("#overview", state="visible")
    assert page.evaluate("document.activeElement.textContent") == "Norvale"
    assert page.locator("#found").inner_text() == "1 account of 20"


def test_from_account_to_account_and_back(show: Show, portfolio: Path) -> None:
    page = show(portfolio, "#account-3")
    assert page.locator("article:visible h2").inner_text() == "Norvale"
    page.get_by_role("link", name="Next: Ferrum Castings").click()
    page.wait_for_selector("#account-12", state="visible")
    assert page.locator("article:visible").count() == 1
    page.go_back()
    page.wait_for_selector("#account-3", state="visible")
    page.goto(portfolio.as_uri() + "#account-999")
    page.wait_for_selector("#overview", state="visible")


def test_what_a_screen_reader_gets(show: Show, portfolio: Path) -> None:
    page = show(portfolio)
    top = page.locator("body").aria_snapshot()
    for said in ('- heading "Status in the programme" [level=1]', '- heading "In short" [level=2]', '- heading "Accounts" [level=2]',
                 '- img "strategic score against revenue of the last 12 months"', '- searchbox "Search"', '- combobox "Decision"',
                 "- status: 20 accounts", '- columnheader "Why"'):
        assert said in top, said
    assert "- search \"Accounts\":" in top
    page.goto(portfolio.as_uri() + "#account-5")
    page.wait_for_selector("#account-5", state="visible")
    part = page.locator("main").aria_snapshot()
    assert '- navigation "Account":' in part
    assert '- article "Harrow North":' in part
    assert '- heading "Harrow North" [level=2]' in part
    assert '- heading "Because of the rule “On watch”" [level=4]' in part
    assert "- listitem: \"holds: stay in the programme: watch, as needed\"" in part
    assert "- 'table \"Strategic score: 74.9 of 100, high\"':" in part
    assert "fails: the customer itself turns away from the relationship: any of these" in part


def test_hostile_names_are_only_names(show: Show, tmp_path: Path) -> None:
    text = SMALL.replace("facts:\n", "facts:\n  account_name: {type: text}\n", 1)
    hostile = {"account_id": HOSTILE, "account_name": HOSTILE, "csat": 6, "keeper": HOSTILE,
               "events": [{"event": "visited", "date": "2026-03-01", "by": HOSTILE}], "past": [Past(date(2026, 5, 1), "letter", HOSTILE, HOSTILE)]}
    for count in (1, STATIC + 1):
        out = tmp_path / f"{count}.html"
        out.write_text(Small(hostile, *({"account_id": f"a{n}", "csat": 9} for n in range(count)), text=text).html(), "utf-8")
        page = show(out)
        page.get_by_label("Search", exact=True).fill("<SCRIPT> 7*7")
        listed(page, f"1 account of {count + 1:,}")
        assert page.evaluate("document.querySelector('#list tbody th a').textContent") == HOSTILE
        page.locator("#list tbody th a").click()
        page.wait_for_selector("#account-1", state="visible")
        assert page.evaluate("document.querySelector('#account-1 h2').textContent") == HOSTILE
        assert page.evaluate("document.querySelectorAll('img, article script, td script').length") == 0
        assert page.evaluate("document.title").startswith("<script>alert(1)</script>")


def test_many_accounts_are_listed_and_opened_in_steps(show: Show, many: Path) -> None:
    page = show(many)
    assert page.locator("#found").inner_text() == f"{STATIC + 50} accounts, the first {LISTED} listed"
    page.get_by_role("button", name=f"Show {STATIC + 50 - LISTED} more").click()
    assert len(names(page)) == STATIC + 50
    assert page.evaluate("document.activeElement") is not None
    page.goto(many.as_uri() + f"#account-{STATIC + 50}")
    page.wait_for_selector(f"#account-{STATIC + 50}", state="visible")
    assert page.locator("article h2").inner_text() == f"a{STATIC + 49}"
    page.get_by_role("link", name="All accounts").click()
    page.locator("article").wait_for(state="detached")


def test_printing_the_parts_that_are_listed(show: Show, many: Path, portfolio: Path) -> None:
    for path, text, count, of in ((many, "a17", 11, STATIC + 50), (portfolio, "harrow", 2, 20)):
        page = show(path)
        page.evaluate("""() => { window.printed = new Promise((done) => { window.print = () => {
            done(document.querySelectorAll("article:not([hidden])").length); window.dispatchEvent(new Event("afterprint")); }; }); }""")
        page.get_by_label("Search", exact=True).fill(text)
        listed(page, f"{count} accounts of {of}")
        page.get_by_role("button", name=f"Print the parts of these {count} accounts").click()
        assert page.evaluate("window.printed") == count
        assert page.locator("article:visible").count() == 0
    page.emulate_media(media="print")
    assert not page.locator("#find").is_visible()


def test_a_narrow_screen_needs_no_scrolling_sideways(show: Show, portfolio: Path) -> None:
    for part in ("", "#account-3", "#account-11"):
        page = show(portfolio, part, viewport=NARROW)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], part


def test_without_scripts_everything_is_there(show: Show, portfolio: Path) -> None:
    page = show(portfolio, java_script_enabled=False)
    assert page.locator("article").count() == 20
    assert not page.locator("#find").is_visible()


@pytest.mark.parametrize(("part", "how"), [
    ("", {}), ("", {"color_scheme": "dark", "viewport": NARROW}), ("#account-3", {"color_scheme": "dark"}),
    ("#account-11", {}), ("#account-11", {"viewport": NARROW, "color_scheme": "dark"}),
], ids=["all", "all-dark-narrow", "one-dark", "open", "open-dark-narrow"])
def test_axe_finds_nothing(show: Show, portfolio: Path, part: str, how: dict[str, Any]) -> None:
    try:
        axe = importlib.import_module("axe_playwright_python.sync_playwright")
    except ImportError:
        missing("browser", "the package axe-playwright-python is not installed")
    page = show(portfolio, part, **how)
    found = axe.Axe().run(page, options={"runOnly": WCAG})
    assert found.response["violations"] == [], found.generate_report()
    assert len(found.response["passes"]) > 20


@pytest.mark.parametrize(("ink", "back"), [("#000", "#fff"), ("#e0e0e0", "#111")], ids=["light", "dark"])
def test_axe_finds_nothing_in_a_notebook(show: Show, tmp_path: Path, ink: str, back: str) -> None:
    try:
        axe = importlib.import_module("axe_playwright_python.sync_playwright")
    except ImportError:
        missing("browser", "the package axe-playwright-python is not installed")
    decision = samrules.loads(SMALL).decide({"account_id": "a", "csat": 6, "keeper": "Ann"}, events=[], as_of=date(2026, 11, 21))
    out = tmp_path / "cell.html"
    out.write_text(f'<!doctype html><html lang="en"><meta charset="utf-8"><title>A cell</title><body style="color:{ink};background:{back}">'
                   f"<main><h1>A cell</h1>{decision._repr_html_()}</main>", "utf-8")
    page = show(out)
    found = axe.Axe().run(page, options={"runOnly": WCAG})
    assert found.response["violations"] == [], found.generate_report()
    assert '- img "holds"' in page.locator("main").aria_snapshot()
