"""A decision and an explanation as HTML: what a notebook shows, and an explanation as a file."""

from __future__ import annotations

from samrules.decision.decision import Decision
from samrules.decision.notebook import BOX, FAINT, Html, element
from samrules.decision.words import day
from samrules.explain.explanation import FAILS, HOLDS, UNKNOWN, Explanation, Item, Part
from samrules.explain.rules_in_words import outcome_words
from samrules.explain.why import why

_MARKS = {HOLDS: ("✓", "holds"), FAILS: ("✗", "fails"), UNKNOWN: ("?", "not known")}
_LIST = "list-style:none;margin:.2em 0;padding-left:1.4em"


def decision_html(decision: Decision) -> str:
    """What was decided and why; what it rests on is there to be unfolded."""
    told = why(decision)
    badge = element("span", outcome_words(decision), style="border:1px solid currentColor;border-radius:.4em;padding:.1em .5em;font-weight:600")
    who = element("strong", decision.who)
    about = element("span", f"{decision.ruleset} {decision.version}, {day(decision.as_of)}", style=FAINT)
    return _box(element("p", who, Html("&ensp;"), badge, Html("&ensp;"), about, style="margin:.3em 0"), told, of="Decision on " + decision.who)


def explanation_html(told: Explanation) -> str:
    """An explanation with its title."""
    return _box(element("p", element("strong", told.title), style="margin:.3em 0"), told, of=told.title)


def explanation_file(told: Explanation) -> str:
    """An explanation as an HTML file with all of it unfolded, so that it can be printed."""
    head = element("head", Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
                                '<meta name="color-scheme" content="light dark">'
                                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"),
                   element("title", told.title))
    parts = [element("h2", part.heading, style="font-size:1.1em;margin:1.2em 0 .2em") + _inside(part) for part in told.parts]
    body = element("main", element("h1", told.title, style="font-size:1.5em"), element("p", told.answer), *map(Html, parts),
                   element("p", told.record, style=f"margin-top:1.5em;{FAINT}"), style=BOX)
    page = element("body", body, style="font-family:system-ui,sans-serif;margin:2em auto;padding:0 1em;max-width:60em")
    return "<!doctype html>\n" + element("html", head, page, lang="en") + "\n"


def _box(head: Html, told: Explanation, of: str) -> str:
    parts = [_part(part, unfolded=place == 0) for place, part in enumerate(told.parts)]
    return element("div", head, element("p", told.answer, style="margin:.3em 0"), *parts,
                   element("p", told.record, style=f"margin:.5em 0;{FAINT}"), style=BOX, role="group", aria_label=of)


def _part(part: Part, *, unfolded: bool) -> Html:
    summary = element("summary", part.heading, style="cursor:pointer;font-weight:600")
    return element("details", summary, _inside(part), style="margin:.3em 0", **({"open": ""} if unfolded else {}))


def _inside(part: Part) -> Html:
    sentences = "".join(element("p", text, style="margin:.2em 0 .2em 1.4em") for text in part.sentences)
    return Html(sentences + (_lines(part.items) if part.items else ""))


def _lines(items: tuple[Item, ...]) -> Html:
    return element("ul", *(_line(item) for item in items), style=_LIST)


def _line(item: Item) -> Html:
    mark, said = _MARKS.get(item.mark, ("·", ""))
    shown = element("span", mark, role="img", aria_label=said) if said else element("span", mark, aria_hidden="true")
    below = (_lines(item.items),) if item.items else ()
    return element("li", shown, " ", item.text, *below, style="margin:.1em 0")
