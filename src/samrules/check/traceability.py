"""Traceability: which rules, facts and parameters encode each idea of the sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from samrules.diagnostics import Diagnostic
from samrules.model.ruleset import Passage, Ruleset, Source
from samrules.syntax.library import SOURCES, SUFFIX, load_bundle, shown_path
from samrules.syntax.source import decode, located, read_bytes
from samrules.syntax.structure import parse_sources


@attrs.frozen(order=True)
class Encoding:
    """Where an idea is encoded: a member of a ruleset."""

    ruleset: str
    what: str
    name: str


@attrs.frozen
class Idea:
    """A passage, or one of the numbered ideas in it, with all that encodes it."""

    number: int | None
    source: Source
    passage: Passage
    encodings: tuple[Encoding, ...]

    @property
    def key(self) -> str:
        return f"{self.source.key}/{self.passage.key}"


def ideas(sources: Path) -> tuple[Idea, ...]:
    """Every idea of a `sources.yaml`, in order of number, with what the rulesets beside it make of it.

    Raises RulesetError where one of the files cannot be read.
    """
    shown = shown_path(sources)
    found = parse_sources(decode(read_bytes(sources, shown), shown), shown)
    cited: dict[str, set[Encoding]] = {}
    for path in sorted(sources.parent.glob(f"*{SUFFIX}")):
        if path.name != SOURCES and not path.name.startswith("."):  # `.pre-commit-config.yaml` is no ruleset
            for key, encoding in _citing(load_bundle(path).main):
                cited.setdefault(key, set()).add(encoding)
    listed = [
        Idea(number, source, passage, tuple(sorted(cited.get(f"{source.key}/{passage.key}", ()))))
        for source in found for passage in source.passages for number in passage.items or (None,)
    ]
    return tuple(sorted(listed, key=lambda i: (i.number is None, i.number or 0, i.key)))


def untraced(sources: Path) -> list[Diagnostic]:
    """A finding for each passage that nothing rests on. Raises RulesetError."""
    shown = shown_path(sources)
    problems: dict[str, Diagnostic] = {}
    for idea in ideas(sources):
        if not idea.encodings:
            numbers = ", ".join(map(str, idea.passage.items))
            aside = f" (idea {numbers})" if numbers else ""
            problems[idea.key] = Diagnostic(
                "untraced", f"nothing rests on the passage `{idea.key}`{aside}",
                "cite it in the rule, fact or parameter that encodes it, or remove it", idea.passage.span)
    text = decode(read_bytes(sources, shown), shown)
    return located(list(problems.values()), shown, text)


def _citing(ruleset: Ruleset) -> Iterator[tuple[str, Encoding]]:
    criteria = [c for card in ruleset.scorecards for c in card.criteria]
    members: tuple[tuple[str, Iterable[object]], ...] = (
        ("fact", ruleset.facts), ("event", ruleset.events), ("measure", ruleset.measures),
        ("parameter", ruleset.parameters), ("definition", ruleset.define),
        ("scorecard", ruleset.scorecards), ("criterion", criteria), ("rule", ruleset.rules),
        ("invariant", ruleset.invariants),
    )
    for what, entries in members:
        for entry in entries:
            for key in entry.cites:  # type: ignore[attr-defined]
                yield key, Encoding(ruleset.name, what, entry.name)  # type: ignore[attr-defined]
    if ruleset.portfolio is not None:
        for key in ruleset.portfolio.cites:
            yield key, Encoding(ruleset.name, "section", "portfolio")


def traceability_page(sources: Path) -> str:
    """The page that shows for each idea what encodes it, as Markdown. Raises RulesetError."""
    found = ideas(sources)
    numbered = [i for i in found if i.number is not None]
    encoded = sum(bool(i.encodings) for i in numbered)
    lines = [
        "# Traceability",
        "",
        f"Each idea of the sources, in our own words, and what encodes it: {encoded} of {len(numbered)}. Written by",
        "`samrules check rulesets/sources.yaml --ideas`, which fails where an idea has nothing.",
    ]
    source = None
    for idea in found:
        if idea.source != source:
            source = idea.source
            author = f", {source.author}" if source.author else ""
            lines += ["", f"## {source.title}{author}", "", "| idea | passage | encoded by |", "|---|---|---|"]
        by: dict[str, list[str]] = {}
        for e in idea.encodings:
            by.setdefault(e.ruleset, []).append(f"{e.what} `{e.name}`")
        encoded_by = "; ".join(f"**{ruleset}**: {', '.join(names)}" for ruleset, names in by.items())
        lines.append(f"| {idea.number or ''} | {idea.passage.says} `{idea.key}` | {encoded_by or 'nothing yet'} |")
    return "\n".join(lines) + "\n"
