"""The canonical spelling: it means the same, keeps every comment, and is its own canonical form."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samrules.errors import RulesetError
from samrules.syntax.formatter import format_text
from samrules.syntax.layout import comments
from samrules.syntax.structure import parse_ruleset

ROOT = Path(__file__).parent.parent
FILES = sorted(
    path
    for path in (*(ROOT / "rulesets").glob("*.yaml"), *(ROOT / "tests/corpus").glob("[gl]*/*.yaml"))
    if b"# disputed:" not in path.read_bytes()
)


# --- laws ----------------------------------------------------------------------------------------


def obeys_the_laws(text: str, file: str) -> str:
    """Formatting keeps the meaning and the comments, and formatting again changes nothing."""
    formatted = format_text(text, file)
    assert format_text(formatted, file) == formatted
    unix = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    assert comments(formatted) == comments(unix)
    assert formatted.endswith("\n")
    assert not formatted.endswith("\n\n")
    assert not any(line != line.rstrip() for line in formatted.split("\n"))
    assert "\n\n\n" not in formatted
    assert "\r" not in formatted
    return formatted


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_laws_hold_for_every_file(path: Path) -> None:
    text = path.read_bytes().decode("utf-8-sig")
    formatted = obeys_the_laws(text, str(path))
    if path.name != "sources.yaml":
        assert parse_ruleset(formatted, "f") == parse_ruleset(text, "f")


CONDITIONS = (
    "csat>=8", "(csat >= 8)", "level in [1,2 , 3]", "tier = 'gold' or tier=\"silver\"",
    "age( since )>=24   months", "not ( csat<5 and level=2 )", "at_least 2 of [a, b, csat < 1]",
    "revenue >= 5M and share>60%", '"gold" = tier', "csat is known", "if a then b else true",
    "coalesce(csat,0) between 1 and 9.50 and (revenue / 2 > 1000k or -csat < -3) and level != 4 and b",
)
VALUES = ("csat * 2", "max(csat,  3)", "null_value", "60%", '"a: b # c"', "true", "-5")
TEXTS = (
    "a title", "it's: quoted", "with # hash", '"quoted"', "100% sure", "- dash", "", " padded ", "{who} asked",
    "true", "12", "a\nb", "line one\n\nline two\n", "café, naïve", "back\\slash", "tab\there", "x" * 120,
    "a long title that goes on and on, far beyond the width a reader of files in a terminal would want to see it",
)
OUTPUTS = ("inside_sales", "12 months", "5M", "20%", "3", "yes", "2026-11-21")


def _ruleset(r: Random) -> dict[str, object]:
    """A ruleset as data; a tuple `(text, True)` is one that must stay quoted."""

    def condition(depth: int = 0) -> object:
        kind = r.randrange(8 if depth < 3 else 4)
        if kind < 4:
            return r.choice(CONDITIONS)
        parts = [condition(depth + 1) for _ in range(r.randint(1, 3))]
        return ({"all": parts}, {"any": parts}, {"not": condition(depth + 1)},
                {"at_least": "1", "of": parts})[kind - 4]

    def some(make: object, names: str) -> dict[str, object]:
        assert callable(make)
        return {n: make() for n in r.sample(names.split(), r.randint(1, 3))}

    def output() -> object:
        return {"value": r.choice(VALUES)} if r.random() < 0.3 else (r.choice(OUTPUTS), r.random() < 0.3)

    def text() -> tuple[str, bool]:
        return r.choice(TEXTS), True

    def rule() -> object:
        found: dict[str, object] = {"when": condition(), "then": {"action": "go", **some(output, "x y z")}}
        if r.random() < 0.4:
            found["unless"] = [condition() for _ in range(r.randint(1, 2))]
        if r.random() < 0.5:
            found["because"] = text()
        return found

    def criterion() -> object:
        rows = [{"when": condition(3), "points": "10"}, {"otherwise": "0"}]
        kind = {"points": rows} if r.random() < 0.5 else {"scale": {"of": "csat", "from": "0.0", "to": "10"}}
        return {"weight": "10", **kind}

    whole: dict[str, object] = {"ruleset": "r", "version": "1.0.0"}
    if r.random() < 0.5:
        whole["description"] = text()
    if r.random() < 0.7:
        whole["facts"] = some(lambda: {"type": "enum [gold, silver]", "title": text()}, "tier other third")
    if r.random() < 0.4:
        whole["parameters"] = {"p": {"type": "ratio", "values": {"2020-01-01": "60%", "2021-01-01": "0.5"}}}
    if r.random() < 0.6:
        whole["define"] = some(lambda: {"value": r.choice(VALUES)} if r.random() < 0.3 else condition(), "a b c")
    if r.random() < 0.3:
        whole["scorecards"] = {"s": {"criteria": some(criterion, "k l m"), "bands": {"low": "0", "high": "50"}}}
    whole["rules"] = some(rule, "one two three")
    return whole


class _Sloppy:
    """Writes data as YAML in any of the ways an author might, with comments anywhere."""

    def __init__(self, r: Random) -> None:
        self.r = r
        self.count = 0

    def comment(self) -> str:
        self.count += 1
        return f"# c{self.count}" + self.r.choice(("", ": x", " 'quote", " {", " - a", "#", " é", "  "))

    def gap(self, pad: str) -> list[str]:
        """Comments and blank lines, at any column."""
        found = []
        while self.r.random() < 0.25:
            column = self.r.choice((len(pad), len(pad), self.r.randrange(9)))
            found.append("" if self.r.random() < 0.5 else " " * column + self.comment())
            if self.r.random() < 0.2:
                found.append("  ")
        return found

    def trailing(self) -> str:
        return f" {self.comment()}" if self.r.random() < 0.2 else self.r.choice(("", "", " "))

    def scalar(self, value: object, flow: bool) -> str:
        text, fixed = (str(value[0]), bool(value[1])) if isinstance(value, tuple) else (str(value), False)
        plain = (text == " ".join(text.split()) and text.isprintable() and text != ""
                 and text[0] not in "-?:,[]{}#&*!|>'\"%@` " and ": " not in text and " #" not in text
                 and not text.endswith(":") and not (flow and set(text) & set(",[]{}")))
        ways = (["plain"] if plain and not (fixed and self.r.random() < 0.8) else []) + ['"']
        if "'" not in text and text.isprintable() and text == text.strip() and "  " not in text:
            ways.append("'")
        way = self.r.choice(ways)
        if way == "plain":
            return text
        if way == "'":
            return f"'{text}'"
        escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        return f'"{escaped}"'

    def flow(self, value: object, pad: str) -> str:
        def space() -> str:
            if self.r.random() < 0.15:
                return (self.trailing() or " ") + "\n" + "".join(f"{g}\n" for g in self.gap(pad)) + pad
            return self.r.choice(("", " "))

        if isinstance(value, dict):
            inner = [f"{space()}{k}: {self.flow(v, pad)}{space()}" for k, v in value.items()]
            return "{" + ",".join(inner) + "}"
        if isinstance(value, list):
            return "[" + ",".join(f"{space()}{self.flow(v, pad)}{space()}" for v in value) + "]"
        return self.scalar(value, True)

    def lines(self, value: object, pad: str) -> list[str]:
        """A mapping or list in block style."""
        step = " " * self.r.randint(1, 4)
        items = value.items() if isinstance(value, dict) else ((None, v) for v in value)  # type: ignore[attr-defined]
        found: list[str] = []
        for key, inner in items:
            found += self.gap(pad)
            head = pad + ("-" if key is None else f"{self.scalar(key, False)}:")
            found += self.entry(head, inner, pad, pad + step)
        return found

    def entry(self, head: str, inner: object, pad: str, deeper: str) -> list[str]:
        if isinstance(inner, dict | list) and (not inner or self.r.random() < 0.3):
            return f"{head} {self.flow(inner, deeper)}{self.trailing()}".split("\n")
        if isinstance(inner, dict) and head.endswith("-") and self.r.random() < 0.7:
            first, *rest = self.lines(inner, pad + "  ")
            while first.strip().startswith("#") or not first.strip():
                first, *rest = self.lines(inner, pad + "  ")
            return [f"{head} {first.strip()}" if "#" not in first else f"{head} {first.lstrip()}", *rest]
        if isinstance(inner, dict | list):
            indentless = isinstance(inner, list) and head.endswith(":") and self.r.random() < 0.4
            return [head + self.trailing(), *self.lines(inner, pad if indentless else deeper)]
        text = inner[0] if isinstance(inner, tuple) else str(inner)
        words = text.split(" ")
        if len(words) > 2 and text == " ".join(text.split()) and "#" not in text and self.r.random() < 0.2:
            cut = self.r.randint(1, len(words) - 1)
            header = self.r.choice((">-", ">")) if not isinstance(inner, tuple) else ">-"
            return [f"{head} {header}{self.trailing()}", deeper + " ".join(words[:cut]), deeper + " ".join(words[cut:])]
        scalar = self.scalar(inner, False)
        if self.r.random() < 0.1:
            return [head + self.trailing(), *self.gap(deeper), deeper + scalar + self.trailing()]
        return [f"{head} {scalar}{self.trailing()}"]


@given(st.integers(0, 2**32).map(Random))
def test_laws_hold_however_it_is_written(r: Random) -> None:
    """Any layout of a ruleset: same model, same comments, canonical at once."""
    data = _ruleset(r)
    text = "\n".join(_Sloppy(r).lines(data, "")) + "\n"
    try:
        model = parse_ruleset(text, "r.yaml")
    except RulesetError:
        # The writer now and then makes a text that is no YAML (a comment in a folded block).
        with pytest.raises(RulesetError):
            format_text(text, "r.yaml")
        return
    assert parse_ruleset(obeys_the_laws(text, "r.yaml"), "r.yaml") == model


# --- the form itself -----------------------------------------------------------------------------

BEFORE = """\
# What this is for
ruleset:   "small"
version: '1.0.0'
uses: [ a,b ]   # two of them
facts:
    csat: { type: number,
            range: 0..10 }  # out of ten
    # below csat
    tier:
        type: enum [gold, silver]


        title: "a \\"tier\\""
define:
  # about happy
  happy: csat>=8   # eight
  unhappy:
      any:
      - csat<5
      # the last
      - (tier = 'silver')
rules:
# the only one
    keep:
        when: {all: [happy, csat >= 8, tier = "gold", not (tier = "silver" or tier = "silver"), csat between 1 and 9]}
        then: {action: keep, note: "12 months",
               # why so
               size: '5M', word: "plain"}
        because: "{csat} of 10"
        # end of keep
decide: {action: {outcomes: [keep], otherwise: keep, always: {high: {value: csat>8}, size: '3'}}}
"""
AFTER = """\
# What this is for
ruleset: small
version: 1.0.0
uses: [a, b]  # two of them

facts:
  csat: {type: number, range: 0..10}  # out of ten
  # below csat
  tier:
    type: enum [gold, silver]

    title: a "tier"

define:
  # about happy
  happy: csat >= 8  # eight
  unhappy:
    any:
      - csat < 5
      # the last
      - tier = "silver"

rules:
  # the only one
  keep:
    when:
      all:
        - happy
        - csat >= 8
        - tier = "gold"
        - not (tier = "silver" or tier = "silver")
        - csat between 1 and 9
    then:
      action: keep
      note: "12 months"
      # why so
      size: "5M"
      word: plain
    because: "{csat} of 10"
    # end of keep

decide: {action: {outcomes: [keep], otherwise: keep, always: {high: {value: csat > 8}, size: "3"}}}
"""


def test_the_form() -> None:
    assert obeys_the_laws(BEFORE, "small.yaml") == AFTER


def test_a_long_expression_is_folded_between_its_words() -> None:
    condition = " and ".join(f'fact_{i} = "two  spaces {i}"' for i in range(6))
    text = f"ruleset: r\nversion: 1.0.0\ndefine:\n  long: '{condition}'\n"
    formatted = obeys_the_laws(text, "r.yaml")
    assert "  long: >-\n    fact_0" in formatted
    assert max(map(len, formatted.split("\n"))) <= 100


def test_sources_are_formatted_too() -> None:
    text = "sources:\n    a: {title: 'x', passages: {p: {says: \"it's so\", items: [ 1 ]}}}  # one\n"
    assert obeys_the_laws(text, "sources.yaml") == (
        "sources:\n  a: {title: x, passages: {p: {says: it's so, items: [1]}}}  # one\n"
    )


def test_a_file_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(RulesetError) as caught:
        format_text("ruleset: r\nversion: 1.0.0\nrulez: {}\n", "r.yaml")
    assert [d.code for d in caught.value.diagnostics] == ["unknown-key"]


def test_windows_line_ends_and_a_byte_order_mark_go() -> None:
    text = "\ufeffruleset: r\r\nversion: 1.0.0\r\ndescription: |\r\n  one\r\n  two\r\n"
    assert obeys_the_laws(text, "r.yaml") == "ruleset: r\nversion: 1.0.0\ndescription: |\n  one\n  two\n"


CONSTRUCTS = """\
ruleset: r
version: 1.0.0
lifecycles:
    place:   # the place
        states:
            # nothing there
            out:
            b: {at_least:   settle ,   then: {x: {value:  trust+1}}, because: "x"}
        start: out
        transitions:
            go:
                to: b
                waived_by:   trust>3   and (trust<5)
                when: {all: [trust>=2,   "trust<7"]}
                from: [out]
                unless: [trust   >   4, trust=3]
            back: {from: b, to: out, when: trust<1}
        on_record:   state
        since: since
ladders:
    step:
        levels:
            1:
            2: {requires:   (trust)>=2, unless: trust  >8, then: {n: {value: trust *2}}, because: 'a "b"'}   # two
        unless: trust=  9
        ceiling:   top
        on_record: level
        falls: {because: c, when:  trust<level, unless: [trust  =5]}
measures:
    m: {weight: influence, each: who, median: said, value:  "coalesce( level,1)", type: ordinal 1..4, where:  level>2}
decide:
    d: {always: {z: {value:  trust+ 2}, a: "b"}, hit_policy: first, otherwise: out, outcomes: [promote, demote, out, b]}
"""
CONSTRUCTS_AFTER = """\
ruleset: r
version: 1.0.0

lifecycles:
  place:  # the place
    states:
      # nothing there
      out:
      b: {at_least: settle, then: {x: {value: trust + 1}}, because: x}
    start: out
    transitions:
      go:
        to: b
        waived_by: trust > 3 and trust < 5
        when: {all: [trust >= 2, trust < 7]}
        from: [out]
        unless: [trust > 4, trust = 3]
      back: {from: b, to: out, when: trust < 1}
    on_record: state
    since: since

ladders:
  step:
    levels:
      1:
      2: {requires: trust >= 2, unless: trust > 8, then: {n: {value: trust * 2}}, because: a "b"}  # two
    unless: trust = 9
    ceiling: top
    on_record: level
    falls: {because: c, when: trust < level, unless: [trust = 5]}

measures:
  m:
    weight: influence
    each: who
    median: said
    value: coalesce(level, 1)
    type: ordinal 1..4
    where: level > 2

decide:
  d:
    always: {z: {value: trust + 2}, a: b}
    hit_policy: first
    otherwise: out
    outcomes: [promote, demote, out, b]
"""


def test_the_form_of_ladders_lifecycles_measures_and_always() -> None:
    assert obeys_the_laws(CONSTRUCTS, "r.yaml") == CONSTRUCTS_AFTER
