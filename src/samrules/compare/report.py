"""The comparison as a page of text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from samrules.compare.answers import Answer
from samrules.compare.blame import Blame
from samrules.compare.edits import Bears, Edit
from samrules.compare.witness import Shows
from samrules.compare.words import EditWords
from samrules.decision.words import counted, day, listed, value_in_words, word
from samrules.explain.condition_words import ConditionWords
from samrules.syntax.literals import constant_text

if TYPE_CHECKING:
    from samrules.compare.difference import Difference, Move
    from samrules.rules import Rules

_WIDTH = 100
_LONGEST_NAME = 28


def edit_in_words(difference: Difference, edit: Edit) -> str:
    """One edit in a sentence; what another ruleset is about is said before it."""
    mine = edit.ruleset == difference.main
    old = _speaker(difference.old, difference.old.name if mine else edit.ruleset, difference)
    new = _speaker(difference.new, difference.new.name if mine else edit.ruleset, difference)
    said = EditWords(old, new, difference.new.plan.currency).words(edit)
    return said if mine else f"in `{edit.ruleset}`, {said}"


def _speaker(rules: Rules, ruleset: str, difference: Difference) -> ConditionWords:
    values = {}
    for one in rules.checked.bundle.rulesets:
        for parameter in one.parameters:
            if dated := parameter.at(difference.as_of):
                values[f"{one.name}.{parameter.name}"] = value_in_words(dated.value, parameter.type, rules.plan.currency)
    return ConditionWords(rules.checked.scopes[ruleset], rules.plan.currency, values)


def text_of_difference(difference: Difference) -> str:
    """The whole comparison, at most 100 columns wide, with a line break at its end."""
    parts = [_head(difference), *_edits(difference), _witnesses(difference), *_accounts(difference)]
    return "\n\n".join("\n".join(lines) for lines in map(list, parts) if lines) + "\n"


def _head(difference: Difference) -> Iterator[str]:
    old, new = difference.old, difference.new
    yield f"{old.name} {old.version} → {new.name} {new.version}, {day(difference.as_of)}"
    if difference.same:
        yield ""
        yield "No difference: the two say and decide the same."


def _edits(difference: Difference) -> Iterator[list[str]]:
    numbers = {id(e): n for n, e in enumerate(difference.edits, start=1)}
    heads = {
        Bears.DECISIONS: ("bears on what is decided", "bear on what is decided"),
        Bears.NAMES: ("only declares or drops what others may name", "only declare or drop what others may name"),
        Bears.CLAIMS: ("changes what is claimed of every account", "change what is claimed of every account"),
        Bears.WORDS: ("only changes what is said", "only change what is said"),
    }
    for bears, verbs in heads.items():
        mine = [e for e in difference.edits if e.bears is bears]
        if not mine:
            continue
        lines = [f"{counted(len(mine), 'edits')} {verbs[len(mine) > 1]}"]
        for edit in mine:
            lines += _wrapped(edit_in_words(difference, edit), f"{numbers[id(edit)]:>4}  ", " " * 6)
        yield lines


def _accounts(difference: Difference) -> Iterator[list[str]]:
    moved, otherwise = difference.moved, difference.otherwise
    if moved is None or otherwise is None:
        return
    total = counted(difference.accounts, "accounts")
    if not moved:
        yield [f"None of {total} moves."]
    else:
        yield [f"{len(moved):,} of {total} {'moves' if len(moved) == 1 else 'move'}", *_moves(difference, moved, outputs=False)]
    if otherwise:
        verb = "keeps its outcome with other outputs" if len(otherwise) == 1 else "keep their outcome with other outputs"
        yield [f"{len(otherwise):,} {verb}", *_moves(difference, otherwise, outputs=True)]
    if moved:
        lines = ["Accounts by outcome"]
        wide = max(len(outcome_in_words(o)) for o in difference.counts)
        for outcome, (old, new) in difference.counts.items():
            change = f"  ({new - old:+,})" if new != old else ""
            lines.append(f"  {outcome_in_words(outcome):<{wide}}  {old:>5,} → {new:,}{change}")
        yield lines


def _witnesses(difference: Difference) -> Iterator[str]:
    """For each edit a made-up account on which it makes the difference; or that none was found."""
    search = difference.search
    if search is None:
        return
    yield "A made-up account for each of them, with no more facts than it takes"
    for edit, witness, place in zip(difference.deciding, search.witnesses, range(len(search.witnesses)), strict=True):
        number = f"{difference.edits.index(edit) + 1:>4}  "
        if witness is None:
            said = f"proved to change no outcome by itself; no account with other outputs found among {search.tried:,} tried" \
                if place in search.same else f"no account found among {search.tried:,} tried; that is no proof that there is none"
            yield from _wrapped(said, number, " " * 6)
            continue
        went = f"{answer_in_words(witness.old)} → {answer_in_words(witness.new)}"
        if witness.shows is Shows.OUTPUTS:
            went = _outputs(witness.old, witness.new)
        elif witness.shows is Shows.ALONE:
            went += " with this edit alone; the others hide it" if witness.old.outcomes != witness.new.outcomes \
                else f", {_outputs(witness.old, witness.new)} with this edit alone; the others hide it"
        if witness.history:
            went += f" (the same at the {witness.history} reviews before)"
        declared = {**difference.old.facts, **difference.new.facts}
        facts = [f"{n} {constant_text(v, declared[n].type.kind)}" for n, v in witness.facts.items() if n != "account_id"]
        yield from _wrapped(f"{went}: {', '.join(facts) or 'whatever is known'}", number, " " * 6)


def _moves(difference: Difference, moves: Sequence[Move], *, outputs: bool) -> Iterator[str]:
    numbers = {id(e): n for n, e in enumerate(difference.edits, start=1)}
    deciding = [numbers[id(e)] for e in difference.deciding]
    wide = min(_LONGEST_NAME, max(len(m.name) for m in moves))
    for move in moves:
        went = _outputs(move.old, move.new) if outputs else f"{answer_in_words(move.old)} → {answer_in_words(move.new)}"
        name = "".join(c if c.isprintable() else " " for c in move.name)
        yield from _wrapped(f"{went}: {blame_in_words(move.blame, deciding)}", f"  {name:<{wide}}  ", " " * (wide + 4))


def blame_in_words(blame: Blame, numbers: Sequence[int]) -> str:
    """Which edits it was, by their numbers in the report."""
    def said(places: Sequence[int], joint: str) -> str:
        return f"edit{'' if len(places) == 1 else 's'} {listed([str(numbers[p]) for p in places], joint)}"

    alone, needed = blame.alone, blame.needed
    if not blame.edits:
        return "no part of the edits could be tried by itself"
    if blame.together:
        return f"{said(blame.together, 'and')} together" + ("" if blame.smallest else " (perhaps fewer)")
    if set(alone) == set(needed):
        return said(alone, "and")
    if not alone:
        return f"{said(needed, 'and')} together" if len(needed) > 1 else f"{said(needed, 'and')}, with others"
    if not needed:
        return f"{said(alone, 'or')}, {'either' if len(alone) == 2 else 'any of them'} by itself" if len(alone) > 1 \
            else f"{said(alone, 'and')} by itself; the others would move it too"
    return f"{said(sorted({*alone, *needed}), 'and')}"


def answer_in_words(answer: Answer) -> str:
    if len(answer.possible) > 1 and not isinstance(answer.outcome, tuple):
        return f"{word(answer.outcome)} ({listed([word(o) for o in answer.possible], 'or')})"
    return outcome_in_words(answer.outcome)


def outcome_in_words(outcome: str | tuple[str, ...]) -> str:
    if isinstance(outcome, tuple):
        return listed([word(o) for o in outcome]) if outcome else "nothing"
    return word(outcome)


def _outputs(old: Answer, new: Answer) -> str:
    before, after = dict(old.outputs), dict(new.outputs)
    changes = [f"{word(k)} {_plain(before.get(k))} → {_plain(after.get(k))}"
               for k in {**before, **after} if before.get(k) != after.get(k) or (k in before) != (k in after)]
    return f"{answer_in_words(new)}, {'; '.join(changes)}"


def _plain(value: object) -> str:
    return "nothing" if value is None else word(value) if isinstance(value, str) else value_in_words(value, None)  # type: ignore[arg-type]


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False)
