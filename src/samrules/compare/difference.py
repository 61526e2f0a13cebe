"""The face of the comparison: two rulesets in, their edits and the accounts that move out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import attrs

from samrules.compare import blame as bl
from samrules.compare.answers import Answer, Deck, answers, deck_of
from samrules.compare.blame import Blame, Blamer
from samrules.compare.edits import Bears, Edit, edits_between
from samrules.compare.hybrids import Hybrids
from samrules.diagnostics import Diagnostic
from samrules.rules import Rules, decision_date, load
from samrules.syntax.library import Bundle

SCHEMA = "samrules.diff/1"


@attrs.frozen
class Move:
    """An account on which the two rulesets answer differently, and the edits that made the difference."""

    account: str
    name: str
    old: Answer
    new: Answer
    blame: Blame


@attrs.frozen
class Difference:
    """What leads from one ruleset to another, and what that does to accounts.

    Attributes:
        edits: every edit, by meaning; what only changes words among them.
        moved: the accounts whose outcome differs; None where no accounts were given.
        otherwise: accounts with the same outcome and other outputs.
        counts: of each outcome, the accounts under the old and under the new ruleset.
        accounts: how many accounts were decided.
    """

    old: Rules
    new: Rules
    as_of: date
    edits: tuple[Edit, ...]
    moved: tuple[Move, ...] | None = None
    otherwise: tuple[Move, ...] | None = None
    counts: Mapping[str | tuple[str, ...], tuple[int, int]] = attrs.field(factory=dict)
    accounts: int = 0
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def deciding(self) -> tuple[Edit, ...]:
        """The edits that can bear on a decision."""
        return tuple(e for e in self.edits if e.bears is Bears.DECISIONS)

    @property
    def same(self) -> bool:
        """Whether nothing differs: no edit of any kind."""
        return not self.edits

    def __str__(self) -> str:
        from samrules.compare.report import text_of_difference

        return text_of_difference(self)

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON-ready data, schema `samrules.diff/1`."""
        from samrules.compare.report import edit_in_words

        numbers = {id(e): n for n, e in enumerate(self.edits, start=1)}
        deciding = self.deciding

        def blamed(places: Iterable[int]) -> list[int]:
            return [numbers[id(deciding[place])] for place in places]

        def move(found: Move) -> dict[str, Any]:
            of = found.blame
            return {"account": found.account, "old": found.old.to_dict(), "new": found.new.to_dict(),
                    "edits": blamed(of.edits), "alone": blamed(of.alone), "needed": blamed(of.needed),
                    "together": blamed(of.together), "smallest": of.smallest}

        data: dict[str, Any] = {
            "schema": SCHEMA,
            **{key: {"name": r.name, "version": r.version, "digest": r.digest} for key, r in (("old", self.old), ("new", self.new))},
            "as_of": self.as_of.isoformat(),
            "edits": [{"number": n, "bears_on": e.bears.name.lower(), "ruleset": e.ruleset, "section": e.section, "name": e.name,
                       "says": edit_in_words(self, e)} for n, e in enumerate(self.edits, start=1)],
        }
        if self.moved is not None and self.otherwise is not None:
            data |= {
                "accounts": self.accounts,
                "outcomes": [{"outcome": list(o) if isinstance(o, tuple) else o, "old": a, "new": b}
                             for o, (a, b) in self.counts.items()],
                "moved": [move(m) for m in self.moved],
                "otherwise": [move(m) for m in self.otherwise],
            }
        return data


def diff(old: str | Path | Rules, new: str | Path | Rules, *,
         accounts: str | Path | Iterable[Mapping[str, Any]] | None = None, events: Any = None, history: Any = None,
         recorded: Collection[str] | None = None, as_of: date | None = None) -> Difference:
    """What differs between two rulesets: the edits, and the accounts that they move.

    Args:
        old, new: a bundled name, a path, or a loaded ruleset.
        accounts: a file or folder as `samrules decide` takes it, or mappings as `decide_portfolio` does.
        events, history, recorded: as `decide_portfolio` takes them; of files, paths.
        as_of: the date of the decisions, today where it is not given.

    Raises:
        RulesetError: a ruleset cannot be loaded, or decides nothing.
        FactError: accounts that one of the two cannot read; all problems at once.
    """
    day = decision_date(as_of)
    before, after = (r if isinstance(r, Rules) else load(r) for r in (old, new))
    bundles = _paired(before.checked.bundle, after.checked.bundle)
    edits = edits_between(bundles[0].rulesets, bundles[1].rulesets)
    if accounts is None:
        return Difference(before, after, day, tuple(edits))
    before.must_decide()
    after.must_decide()
    deck = deck_of(accounts, day, events=events, history=history, recorded=recorded)
    one, other = answers(before, deck), answers(after, deck)
    names = {k.id: k.name for k in deck.known(after)}
    deciding = [e for e in edits if e.bears is Bears.DECISIONS]
    blamer = Blamer(Hybrids(*bundles, deciding), deck, list(range(len(deciding))))
    moved = {a: (one[a], other[a]) for a in other if one[a].outcomes != other[a].outcomes}
    rest = {a: (one[a], other[a]) for a in other if a not in moved and one[a].outputs != other[a].outputs}
    counted = [Counter(a.outcome for a in found.values()) for found in (one, other)]
    ranked = sorted({*counted[0], *counted[1]}, key=lambda o: _rank(o, (*after.outcomes, *before.outcomes)))
    return Difference(
        before, after, day, tuple(edits),
        moved=_moves(blamer, moved, names, bl.outcomes), otherwise=_moves(blamer, rest, names, bl.outputs),
        counts={o: (counted[0][o], counted[1][o]) for o in ranked}, accounts=len(other), warnings=deck.warnings)


def _moves(blamer: Blamer, moved: dict[str, tuple[Answer, Answer]], names: Mapping[str, str], seen: bl.Seen) -> tuple[Move, ...]:
    blamed = blamer.blame(moved, seen) if moved else {}
    return tuple(Move(a, names[a], old, new, blamed[a]) for a, (old, new) in moved.items())


def _rank(outcome: str | tuple[str, ...], order: tuple[str, ...]) -> tuple[int, str]:
    return (order.index(outcome) if isinstance(outcome, str) and outcome in order else len(order), str(outcome))


def _paired(old: Bundle, new: Bundle) -> tuple[Bundle, Bundle]:
    """The two with their main rulesets under one name, so that they are compared with each other."""
    mine, yours = old.main.name, new.main.name
    if mine == yours or mine in {r.name for r in new.rulesets} or yours in {r.name for r in old.rulesets}:
        return old, new
    main = attrs.evolve(old.main, name=yours)
    return attrs.evolve(old, main=main, rulesets=(*old.rulesets[:-1], main)), new


__all__ = ["Deck", "Difference", "Move", "diff"]
