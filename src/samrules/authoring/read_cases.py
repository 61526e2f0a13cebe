"""A cases file to cases: every name and value checked against the ruleset, every fault told at once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import attrs

from samrules.authoring.cases import Case, CasesFile, Other, Unreachable
from samrules.authoring.coverage import branches_to_go, ways_to_go
from samrules.authoring.expectations import Expectations, good_keys, names_of
from samrules.decision.events import Event
from samrules.diagnostics import Diagnostic, Span, did_you_mean
from samrules.errors import CasesError, SamrulesError
from samrules.inputs.accounts import Review
from samrules.inputs.events import DATE, EVENT, Reader, in_order
from samrules.inputs.facts import ID, REVIEW_DATE, BadValue, convert, history_problems
from samrules.model.ruleset import Fact
from samrules.model.types import Kind, Value
from samrules.rules import Rules, load
from samrules.syntax import literals
from samrules.syntax import source as src
from samrules.syntax import values as v
from samrules.syntax.library import SOURCES, SUFFIX, bundled_folder, bundled_names
from samrules.syntax.literals import BadLiteral
from samrules.syntax.source import Node, Problems, Scalar, Sequence, problem

T = TypeVar("T")

_FILE = ("ruleset", "as_of", "base", "cases", "unreachable")
_ACCOUNT = ("base", "facts", "events", "recorded", "history")
_CASE = ("says", "as_of", *_ACCOUNT, "others", "expect")
_OTHER = (*_ACCOUNT, "times")

_CURES = {
    "no-such-file": "give the path of a cases file, such as `cases/health.cases.yaml`",
    "too-large": "split it: a ruleset may have several files of cases",
    "empty-file": "start with `ruleset: <name>`",
}
"""The reader of rulesets gives the cures of rulesets; these are those of cases."""


def read_cases(path: str | Path) -> CasesFile:
    """The cases of a file, with their ruleset: the one of that name beside the file, in the folder
    above, or bundled.

    Raises CasesError with every problem of the file; RulesetError where the ruleset itself cannot be used.
    """
    path, file = Path(path), str(path)
    with _cures_of_cases():
        text = src.decode(src.read_bytes(path, file), file)
    return parse_cases(text, file, path.parent)


def parse_cases(text: str, file: str, folder: Path | None = None) -> CasesFile:
    """The same from text that is not in a file; the ruleset is looked up in `folder` and above it."""
    with _cures_of_cases():
        document = src.read(text, file)
    try:
        return _cases_file(document.root, file, folder)
    except Problems as found:
        raise CasesError(document.locate(found.diagnostics)) from None


@contextlib.contextmanager
def _cures_of_cases() -> Iterator[None]:
    try:
        yield
    except SamrulesError as error:
        raise CasesError(attrs.evolve(d, help=_CURES.get(d.code, d.help).replace("name it under `define`",
                                                                                 "put the facts under `base`"),
                                      message=d.message.replace("holds no ruleset", "holds no cases"))
                         for d in error.diagnostics) from None


def _cases_file(root: Node, file: str, folder: Path | None) -> CasesFile:
    problems: list[Diagnostic] = []
    if isinstance(root, src.Mapping) and "version" in root and "cases" not in root:
        raise problem("wrong-shape", "this is a ruleset, not a file of cases",
                      "give its cases: they stand in a file that ends in `.cases.yaml`, or in the folder `cases`", root.keys_at["version"])
    top = good_keys(root, _FILE, ("ruleset", "cases"), "a file of cases", problems)
    try:
        rules = _rules(top["ruleset"], folder) if "ruleset" in top else None
    except Problems as found:
        problems += found.diagnostics
        rules = None
    if rules is None:  # no name can be looked up
        raise Problems(*problems)
    reader = _Reader(rules, problems)
    as_of = reader.attempt(_day, top["as_of"]) if "as_of" in top else None
    reader.read_bases(top.get("base"))
    cases = reader.cases(top.get("cases"), as_of, "as_of" in top)
    unreachable = reader.unreachable(top.get("unreachable"))
    if problems:
        raise Problems(*problems)
    return CasesFile(file, rules, cases, unreachable, reader.bases)


def _rules(node: Node, folder: Path | None) -> Rules:
    scalar = v.single_value(node, "the name of a ruleset")
    folders = [folder, _above(folder)] if folder is not None else []
    found = next((path for place in (*folders, bundled_folder())
                  if _is_there(path := place / f"{scalar.text}{SUFFIX}")), None) if v.NAME.match(scalar.text) else None
    if found is None:
        beside = {p.stem for place in folders for p in place.glob(f"*{SUFFIX}") if v.NAME.match(p.stem)}
        raise problem("unknown-ruleset", f"there is no ruleset `{scalar.text}` here",
                      did_you_mean(scalar.text, {*beside, *bundled_names()} - {"sources"}, "rulesets"), scalar.span)
    rules = load(found)
    if not rules.outcomes:
        raise problem("no-decision", f"the ruleset `{scalar.text}` decides nothing",
                      "write cases for a ruleset that decides", scalar.span)
    return rules


def _above(folder: Path) -> Path:
    """The folder above, as one would type it: relative where the folder is."""
    above = folder.resolve().parent
    return above if folder.is_absolute() else Path(os.path.relpath(above))


def _is_there(path: Path) -> bool:
    with contextlib.suppress(OSError):  # a name that is too long for a file
        return path.name != SOURCES and path.is_file()
    return False


def _day(node: Node) -> date:
    return v.literal(node, literals.parse_date, "a date")


MOST_ALIKE = 1000
"""More accounts than any programme has places; each is decided anew for every case that has them."""


def _times(node: Node) -> int:
    times = v.integer(node)
    if not 1 <= times <= MOST_ALIKE:
        raise problem("out-of-range", f"`times`: {times} is out of range", f"it must be from 1 to {MOST_ALIKE}", node.span)
    return times


def _alike(one: Other, times: int) -> Iterator[Other]:
    """So many accounts of which the same is known, numbered."""
    for number in range(1, times + 1):
        own = {ID: f"{one.facts[ID]} {number}"}
        yield attrs.evolve(one, facts={**one.facts, **own},
                           history=tuple((day, {**facts, **own}) for day, facts in one.history))


_YES_OR_NO = {"yes": True, "no": False}


def written(node: Node, fact: Fact) -> Value | None:
    """A value as rulesets write it (`60%`, `5M`, also `yes`), None for null. Raises Problems."""
    if v.absent(node):
        return None
    if not isinstance(node, Scalar):
        raise problem("wrong-shape", f"`{fact.name}` is a single value, not a {v.shape_of(node)}",
                      "write it on one line after the key", node.span)
    given: Any = node.text
    cure = None
    try:
        if fact.type.kind is Kind.BOOLEAN and node.text not in ("yes", "no", "true", "false"):
            raise problem("wrong-type", f"`{fact.name}`: `{node.text}` is neither yes nor no", "write `yes` or `no`, or `null` where it is not known", node.span)
        if fact.type.kind is Kind.BOOLEAN:
            given = _YES_OR_NO[node.text] if node.text in _YES_OR_NO else literals.parse_boolean(node.text)
        elif fact.type.kind not in (Kind.TEXT, Kind.ENUM):
            given = literals.parse_constant(node.text, attrs.evolve(fact.type, low=None, high=None))
    except BadLiteral as error:
        cure = str(error)
    try:
        return convert(given, fact)
    except BadValue as bad:
        raise problem(bad.code, f"`{fact.name}`: {bad.message}", cure or bad.help, node.span) from None


Facts = dict[str, Value | None]


class _Reader:
    """Reads against one ruleset. Problems are gathered, so that one does not hide another."""

    def __init__(self, rules: Rules, problems: list[Diagnostic]) -> None:
        self.rules = rules
        self.problems = problems
        self.bases: dict[str, Facts] = {}

    def attempt(self, read: Callable[..., T], *given: Any) -> T | None:
        try:
            return read(*given)
        except Problems as found:
            self.problems += found.diagnostics
            return None

    def mapping(self, node: Node | None, what: str) -> src.Mapping:
        """The node as a mapping; an empty one where it is absent or something else."""
        if isinstance(node, src.Mapping):
            return node
        if node is not None and not v.absent(node):
            self.problems.append(Diagnostic("wrong-shape", f"{what} are a mapping, not a {v.shape_of(node)}",
                                            "write `name:` and then what belongs to it", node.span))
        return src.Mapping(node.span) if node is not None else src.Mapping(Span("", 1, 1, 1, 1))

    def entries(self, node: Node | None, what: str) -> list[src.Mapping]:
        """The node as a list of mappings, without those that are none."""
        if node is None:
            return []
        if not isinstance(node, Sequence):
            self.problems.append(Diagnostic("wrong-shape", f"{what} are a list, not a {v.shape_of(node)}",
                                            "write each after a `- `", node.span))
            return []
        for entry in node:
            if not isinstance(entry, src.Mapping):
                self.problems.append(Diagnostic("wrong-shape", f"a mapping belongs here, not a {v.shape_of(entry)}",
                                                "write `- {key: value}`", entry.span))
        return [entry for entry in node if isinstance(entry, src.Mapping)]

    # --- facts -----------------------------------------------------------------------------------

    def facts(self, node: Node | None, what: str = "facts", beside: Iterable[str] = ()) -> Facts:
        """Facts by name, those said to be missing as None. `beside` are keys that are no facts."""
        given = self.mapping(node, what)
        return self.fields({k: n for k, n in given.items() if k not in beside}, given.keys_at, self.rules.facts,
                           "no ruleset in use declares the fact", "facts")

    def fields(self, given: Mapping[str, Node], keys_at: Mapping[str, Span], declared: Mapping[str, Fact],
               stranger: str, kind: str) -> Facts:
        found: Facts = {}
        for name, node in given.items():
            if name not in declared:
                self.problems.append(Diagnostic("unknown-name", f"{stranger} `{name}`",
                                                did_you_mean(name, declared, kind), keys_at[name]))
                continue
            found[name] = self.attempt(written, node, declared[name])
        return found

    def read_bases(self, node: Node | None) -> None:
        for name, body in self.mapping(node, "bases").items():
            self.bases[name] = self.facts(body)

    def base(self, node: Node | None) -> Facts:
        """What the bases named say together; a later one wins."""
        found: Facts = {}
        for name in names_of(node) if node is not None else ():
            if name.text not in self.bases:
                self.problems.append(Diagnostic("unknown-name", f"there is no base `{name.text}`",
                                                did_you_mean(name.text, self.bases, "bases"), name.span))
            found |= self.bases.get(name.text, {})
        return found

    # --- cases -----------------------------------------------------------------------------------

    def cases(self, node: Node | None, as_of: date | None, dated: bool) -> tuple[Case, ...]:
        given = self.mapping(node, "cases")
        if isinstance(node, src.Mapping) and not given:
            self.problems.append(Diagnostic("bad-case", "a file without cases", "add a case, or remove the file",
                                            node.span))
        found = [self.attempt(self.case, name, body, given.keys_at[name], as_of, dated)
                 for name, body in given.items()]
        return tuple(case for case in found if case is not None)

    def case(self, name: str, node: Node, at: Span, default: date | None, dated: bool) -> Case | None:
        if v.absent(node):
            Expectations(self.rules, self.problems).read(None, name, at)
            return None
        if not isinstance(node, src.Mapping):
            raise problem("wrong-shape", f"the case `{name}` is a mapping, not a {v.shape_of(node)}",
                          f"its keys are: {', '.join(_CASE)}", node.span)
        body = good_keys(node, _CASE, (), f"the case `{name}`", self.problems)
        as_of = self.attempt(_day, body["as_of"]) if "as_of" in body else default
        if as_of is None and not dated and "as_of" not in body:
            self.problems.append(Diagnostic("missing-key", f"the case `{name}` has no date",
                                            "add `as_of:` to it, or to the file for all cases", at))
        day = as_of or date.max  # where it is not known, go on for the sake of other problems
        own = self.account(name, body, at, day, f"the case `{name}`")
        others = self.others(body["others"], own, day, name) if "others" in body else ()
        says = self.attempt(v.text, body["says"]) if "says" in body else None
        expected = Expectations(self.rules, self.problems).read(body.get("expect"), name, at)
        if as_of is None:
            return None
        named = tuple(n.text for n in names_of(body["base"])) if "base" in body and not self.problems else ()
        return Case(name, as_of, own.facts, expected, at, says, own.events, own.recorded, own.history, others, named)

    def account(self, name: str, body: src.Mapping, at: Span, day: date, what: str) -> Other:
        """What is known of one account; its name stands for the id where none is given."""
        base = self.attempt(self.base, body.get("base")) or {}
        facts = {**base, **self.facts(body.get("facts"))}
        if facts.get(ID) is None:
            facts[ID] = name
        events, recorded = self.events(body.get("events"), body.get("recorded"), day, name)
        history = self.history(body.get("history"), {ID: facts[ID], **base}, day, what)
        return Other(known(facts), at, events, recorded, history)

    def others(self, node: Node, own: Other, day: date, case: str) -> tuple[Other, ...]:
        """The accounts decided along with that of a case."""
        if not self.rules.together:
            self.problems.append(Diagnostic(
                "bad-case", f"`{self.rules.name}` decides accounts one by one, so others are nothing to the case `{case}`",
                "remove `others`; only a ruleset with `portfolio` decides accounts together", node.span))
            return ()
        found: list[Other] = []
        ids = {own.facts[ID]}
        given = self.mapping(node, "other accounts")
        for name, entry in given.items():
            at = given.keys_at[name]
            what = f"the account `{name}`"
            body = src.Mapping(at) if v.absent(entry) else good_keys(entry, _OTHER, (), what, self.problems)
            one = self.account(name, body, at, day, what)
            times = self.attempt(_times, body["times"]) if "times" in body else None
            for like in [one] if times is None else _alike(one, times):
                if like.facts[ID] in ids:
                    self.problems.append(Diagnostic("duplicate-account", f"the account `{like.facts[ID]}` is given twice",
                                                    "give each account of a case an id of its own", at))
                ids.add(like.facts[ID])
                found.append(like)
        return tuple(found)

    def history(self, node: Node | None, base: Facts, as_of: date, what: str) -> tuple[Review, ...]:
        """Earlier reviews, each of which starts from the bases of the account."""
        found: list[Review] = []
        days: list[tuple[date, Span | None]] = []
        for review in self.entries(node, "earlier reviews"):
            facts = {**base, **self.facts(review, beside=(REVIEW_DATE,))}
            if v.absent(review.get(REVIEW_DATE, Scalar("", True, review.span))):
                self.problems.append(Diagnostic("bad-history", f"a review without `{REVIEW_DATE}`",
                                                "give each review its date", review.span))
                continue
            day = self.attempt(_day, review[REVIEW_DATE])
            if day is None:
                continue
            if day >= as_of:
                self.problems.append(Diagnostic(
                    "bad-history", f"a review on {day}, not before {as_of}",
                    "only earlier reviews count; correct the date", review[REVIEW_DATE].span))
            days.append((day, review[REVIEW_DATE].span))
            found.append((day, known(facts)))
        self.problems += history_problems(days, what)
        return tuple(sorted(found, key=lambda review: review[0]))

    def events(self, node: Node | None, recorded: Node | None, as_of: date,
               name: str) -> tuple[tuple[Event, ...], frozenset[str]]:
        """The events, and the kinds recorded: those that stand here, and those named."""
        kinds = self.rules.events
        reader = Reader(kinds, as_of)
        found = []
        for entry in self.entries(node, "events"):
            kind = entry.get(EVENT)
            fields = {f.name: f for f in kinds[kind.text].fields} \
                if isinstance(kind, Scalar) and kind.text in kinds else None
            own = {k: n for k, n in entry.items() if k not in (EVENT, DATE)}
            given: dict[str, Any] = {k: n.text for k in (EVENT, DATE)
                                     if isinstance(n := entry.get(k), Scalar) and not n.null}
            places = dict.fromkeys((EVENT, DATE), entry.span) | {k: n.span for k, n in entry.items()}
            if fields is not None:
                assert isinstance(kind, Scalar)
                given |= self.fields(own, entry.keys_at, fields, f"an event `{kind.text}` has no field", "fields")
            found.append(reader.read(given, name, f"line {entry.span.line}", places))
        self.problems += [attrs.evolve(d, where=None) for d in reader.problems]
        named = set()
        for kind in (self.attempt(names_of, recorded) or ()) if recorded is not None else ():
            if kind.text not in kinds:
                self.problems.append(Diagnostic("bad-event", f"no ruleset in use declares the event `{kind.text}`",
                                                did_you_mean(kind.text, kinds, "events"), kind.span))
            named.add(kind.text)
        events = in_order(e for e in found if e is not None)
        return events, frozenset({e.type for e in events} | named)

    # --- what need not be covered ----------------------------------------------------------------

    def unreachable(self, node: Node | None) -> tuple[Unreachable, ...]:
        found: list[Unreachable] = []
        wanted = dict(ways_to_go(self.rules))
        for name, more in branches_to_go(self.rules).items():
            wanted[name] = (*wanted.get(name, ()), *more)
        given = self.mapping(node, "what is unreachable")
        for name, body in given.items():
            at = given.keys_at[name]
            if name not in wanted:
                self.problems.append(Diagnostic("unknown-name", f"`{self.rules.name}` has no rule, criterion or condition `{name}`",
                                                did_you_mean(name, wanted, "rules"), at))
                continue
            ways = self.mapping(body, f"the ways of `{name}`")
            for way, reason in ways.items():
                if way not in wanted[name]:
                    self.problems.append(Diagnostic("unknown-name", f"`{name}` cannot be `{way}` anyway",
                                                    did_you_mean(way, wanted[name], "ways"), ways.keys_at[way]))
                elif v.absent(reason):
                    self.problems.append(Diagnostic("bad-case", f"`{name}` is said never to be `{way}`, without a reason",
                                                    "say why, in a sentence after the colon", ways.keys_at[way]))
                elif why := self.attempt(v.text, reason):
                    found.append(Unreachable(name, way, why, ways.keys_at[way]))
        return tuple(found)


def known(facts: Facts) -> dict[str, Value]:
    return {name: value for name, value in facts.items() if value is not None}
