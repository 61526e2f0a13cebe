"""The server's pages: what stands on them, what their forms do, and that all of it is text, reachable and named."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import quote

import pytest

from samrules.serving.door import Door
from tests.serving_kit import (
    HOSTILE,
    TOKEN,
    Visitor,
    form_token,
    plain,
    visitor,
)

PAGES = ["/", "/?q=script", "/account?id=A-17", "/account?id=b/../c%3fd%26e", "/log", "/log?account=A-17&kind=decision", "/record?number=1", "/record?number=2",
         "/record?number=4", "/verify", "/try", "/try/keep", "/what-if?record=4", "/would-change?record=4", "/portfolio?ruleset=keep", "/api", "/problems",
         "/account?id=nobody", "/nothing"]


class Page(HTMLParser):
    """A page taken apart; what is wrong with it is gathered."""

    VOID = frozenset({"meta", "link", "input", "br", "path", "rect"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[str | None] = []
        self.levels: list[int] = []
        self.links: list[str] = []
        self.feed(text)
        self.close()
        self.wrong += [f"<{tag}> is never closed" for tag in self.open]
        self.wrong += [f"no label for the control {c}" for c in self.controls if c not in self.labelled]
        self.wrong += [f"the id {i} stands twice" for i in sorted({i for i in self.ids if self.ids.count(i) > 1})]
        self.wrong += [f"#{link[1:]} leads nowhere" for link in self.links if link.startswith("#") and link[1:] not in self.ids]
        if self.levels.count(1) != 1:
            self.wrong.append(f"{self.levels.count(1)} headings of the first level")
        self.wrong += [f"a heading of level {b} after {a}" for a, b in zip(self.levels, self.levels[1:], strict=False) if b > a + 1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        self.wrong += [f"<{tag} {name}> is refused by the content security policy" for name in given if name.startswith("on") or name == "style"]
        if tag in ("script", "style", "iframe", "object"):
            self.wrong.append(f"<{tag}> is refused by the content security policy")
        for name in ("href", "src", "action"):
            address = given.get(name)
            if address and not re.match(r"/(?!/)|#|data:,$", address):
                self.wrong.append(f"{name}={address} leads out of this server")
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "label":
            self.labelled.add(str(given.get("for")))
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden" and "hidden" not in given:
            self.controls.append(given.get("id"))
        if tag == "a":
            self.links.append(given.get("href") or "")
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag == "th" and "scope" not in given:
            self.wrong.append("a table's heading without `scope`")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.wrong.append(f"</{tag}> does not close {self.open[-1:]}")
        else:
            self.open.pop()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_named_and_needs_nothing_from_elsewhere(reader: Visitor, path: str) -> None:
    answer = reader.get(path)
    assert answer.status == (404 if path in ("/account?id=nobody", "/nothing") else 200)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert Page(answer.text).wrong == []
    assert "<script" not in answer.text
    if "A-17" in path or "=4" in path or path == "/":
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Söhne" in answer.text


@pytest.mark.parametrize("path", ["/", "/try", "/try/keep", "/api", "/sign-in"])
def test_pages_without_a_ledger(path: str) -> None:
    asker = visitor(plain(), Door(TOKEN))
    answer = asker.get(path, authorization=f"Bearer {TOKEN}")
    assert (answer.status, Page(answer.text).wrong) == (200, [])
    assert "/log" not in answer.text


def test_every_link_on_the_pages_leads_to_a_page(reader: Visitor) -> None:
    met, waiting = set[str](), ["/"]
    while waiting:
        path = waiting.pop()
        if path in met or len(met) > 80:
            continue
        met.add(path)
        answer = reader.get(path)
        assert answer.status == 200, path
        if answer.headers["content-type"].startswith("text/html"):
            from html import unescape

            waiting += [unescape(a).partition("#")[0] for a in re.findall(r'<a [^>]*href="(/[^"]*)"', answer.text)]
    assert {"/log", "/verify", "/api", "/try/keep", "/portfolio?ruleset=keep", "/record?number=4", "/what-if?record=4", "/would-change?record=4"} <= met


def test_the_accounts_are_found_by_name_and_outcome(reader: Visitor) -> None:
    def shown(query: str) -> list[str]:
        return re.findall(r'<a href="/account\?id=([^&"]+)', reader.get(f"/{query}").text)

    assert shown("") == ["A-17", quote("b/../c?d&e", safe="")]
    assert shown("?q=SÖHNE") == ["A-17"]
    assert shown("?outcome=evidence+needed") == [quote("b/../c?d&e", safe="")]
    assert shown("?ruleset=other") == []
    assert shown("?page=99&q=a-17") == ["A-17"]


def test_more_accounts_than_a_page_holds(reader: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samrules.serving.view_accounts.LISTED", 1)
    first = reader.get("/").text
    assert "page 1 of 2" in first
    assert 'href="/?page=2" rel="next"' in first
    assert 'rel="next"' not in reader.get("/?page=2").text


def test_the_page_of_an_account_says_what_the_report_says(reader: Visitor) -> None:
    text = reader.get("/account?id=A-17").text
    assert "are large and loyal" not in text
    assert "Because of the rule “Large and loyal”" in text
    assert "record 3" in text
    assert re.search(r'<th scope="row"><a href="/record\?number=3">3</a></th><td>21 August 2026</td>', text)


# --- what if ---


def fields(text: str) -> dict[str, str]:
    """The form on a page as a browser would send it."""
    from html import unescape

    form = text[text.index('<form class="facts"'):]
    form = form[:form.index("</form>")]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        given = dict(re.findall(r'([a-z]+)="([^"]*)"', tag))
        found[given["name"]] = unescape(given["value"])
    for name, inner in re.findall(r'<select[^>]* name="([^"]+)">(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', inner)
        found[name] = unescape(chosen[1]) if chosen else ""
    return found


def test_a_form_sent_back_as_it_is_changes_nothing(reader: Visitor) -> None:
    form = fields(reader.get("/what-if?record=4").text)
    assert {k: v for k, v in form.items() if k.startswith("fact.")} == {
        "fact.revenue": "2000000", "fact.growth": "12.3%", "fact.loyal": "yes", "fact.stage": "", "fact.visits": "1"}
    answer = reader.form("/what-if", form)
    assert (answer.status, "It would still be keep." in answer.text) == (200, True)


def test_a_changed_fact_is_decided_anew_and_told(reader: Visitor) -> None:
    form = fields(reader.get("/what-if?record=4").text)
    answer = reader.form("/what-if", {**form, "fact.loyal": "no", "fact.stage": "late", "fact.growth": ""})
    assert "It would be drop instead of keep." in answer.text
    assert "the customer is loyal: no instead of yes" in answer.text
    assert "growth: not known instead of 12.3%" in answer.text
    assert fields(answer.text)["fact.loyal"] == "no", "what was tried stands in the form"
    assert Page(answer.text).wrong == []


def test_what_cannot_be_read_from_a_form_is_told_beside_it(reader: Visitor) -> None:
    form = fields(reader.get("/what-if?record=4").text)
    answer = reader.form("/what-if", {**form, "fact.revenue": "lots", "fact.stage": "<b>"})
    assert answer.status == 422
    assert "2 things are wrong; nothing was done." in answer.text
    assert "`revenue`: `lots` is not an amount of money" in answer.text
    assert 'value="lots"' in answer.text
    assert "<b>" not in answer.text
    assert Page(answer.text).wrong == []


def test_trying_from_nothing() -> None:
    asker = visitor(plain())
    form = fields(asker.get("/try/keep").text)
    answer = asker.form("/try/keep", {**form, "fact.revenue": "3000000", "fact.loyal": "yes", "as_of": "2026-11-21"})
    assert (answer.status, "It would be <strong>keep</strong>." in answer.text) == (200, True)
    assert asker.form("/try/keep", {**form, "as_of": "tomorrow"}).status == 400


@pytest.mark.parametrize(("change", "status", "code"), [
    ({"form_token": "0" * 64}, 403, "bad-form"),
    ({"form_token": ""}, 403, "bad-form"),
    ({"form_token": "é"}, 403, "bad-form"),
    ({"file": "/etc/passwd"}, 400, "bad-form"),
    ({"record": "../4"}, 404, "no-such-record"),
    ({"record": "1"}, 404, "no-such-record"),
    ({"fact.nothing": "1"}, 422, ""),
])
def test_a_form_that_is_refused(reader: Visitor, change: dict[str, str], status: int, code: str) -> None:
    answer = reader.form("/what-if", {**fields(reader.get("/what-if?record=4").text), **change})
    assert answer.status == status
    assert f"/problems#{code}" in answer.text or not code


# --- overrides ---


def test_an_override_by_its_form(book: Visitor) -> None:
    page = book.get("/account?id=A-17").text
    form = {"form_token": form_token(page), "account": "A-17", "ruleset": "keep", "outcome": "drop", "by": HOSTILE, "reason": "Being bought.", "expires": "2099-01-31",
            "since": ""}
    answer = book.form("/override", form, origin="http://127.0.0.1:8642")
    assert (answer.status, answer.headers["location"]) == (303, "/account?id=A-17&ruleset=keep")
    after = book.get("/account?id=A-17").text
    assert "<strong>drop</strong> holds until 31 January 2099, by an override of &lt;script&gt;" in after
    assert Page(after).wrong == []
    assert "until 31 January 2099" in book.get("/").text
    back = book.form("/withdraw", {"form_token": form_token(after), "number": "6", "by": "Ada", "reason": "Not bought."})
    assert back.status == 303
    assert "holds until" not in book.get("/account?id=A-17").text
    assert "record 6 taken back" in book.get("/account?id=A-17").text
    assert Page(book.get("/record?number=7").text).wrong == []


def test_an_override_that_cannot_stand_is_told_beside_its_form(book: Visitor) -> None:
    page = book.get("/account?id=A-17").text
    form = {"form_token": form_token(page), "account": "A-17", "ruleset": "keep", "outcome": "drop", "by": "Ada", "reason": "", "expires": "2000-01-31"}
    answer = book.form("/override", form)
    assert (answer.status, "One thing is wrong; nothing was done." in answer.text, 'value="2000-01-31"' in answer.text) == (400, True, True)
    assert book.get("/api/audit/log?kind=override").json()["records"] == []
    assert book.form("/override", {**form, "form_token": "x"}).status == 403
    assert book.form("/override", form, origin="http://evil.example").status == 403
