"""A file as its author laid it out: entries in order, each with its comments and blank lines.

The formatter prints this tree. A comment belongs to the entry it stands beside or above; at the end
of a block, and as deep as the block, it belongs to the block (`foot`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

import attrs
from ruamel.yaml import YAML
from ruamel.yaml.events import (
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.tokens import BlockEntryToken

BREAKS = "\n\x85\u2028\u2029"
"""What ends a line for the YAML reader, once CR LF is LF."""

_COMMENT = re.compile(rf"#[^{BREAKS}]*")
_HEADER = re.compile(rf"[|>][-+0-9]*[ \t]*(#[^{BREAKS}]*)?")
_LINE = re.compile(rf"[^{BREAKS}]*")


@attrs.frozen
class Remark:
    """A comment on a line of its own, and whether a blank line stands before it."""

    text: str
    blank: bool


@attrs.define(eq=False)
class Leaf:
    """A single value or key: its text, its style (`'`, `"`, `|`, `>` or None), its spelling."""

    text: str
    style: str | None
    raw: str
    start: int
    end: int


@attrs.define(eq=False)
class Branch:
    """A mapping or a list. `owner` is the entry it is the value of."""

    mapping: bool
    flow: bool
    start: int
    owner: Entry | None
    end: int = 0
    entries: list[Entry] = attrs.field(factory=list)
    foot: list[Remark] = attrs.field(factory=list)

    def holds(self, index: int) -> bool:
        return self.start < index < self.end

    @property
    def commented(self) -> bool:
        """Whether a comment stands anywhere inside."""
        return bool(self.foot) or any(
            e.before or e.after or (isinstance(e.value, Branch) and e.value.commented)
            for e in self.entries
        )


@attrs.define(eq=False)
class Entry:
    """`key: value`, or an item of a list, whose key is None.

    `before` are the comments above it, `blank` a blank line right above it, `after` the comment at
    the end of its line.
    """

    key: Leaf | None
    start: int
    column: int
    branch: Branch
    value: Leaf | Branch = attrs.field(init=False)
    before: list[Remark] = attrs.field(factory=list)
    blank: bool = False
    after: str | None = None

    @property
    def opened(self) -> Entry:
        """The outermost item that this entry is the beginning of, or itself."""
        entry = self
        while entry.branch.entries[0] is entry and entry.branch.owner is not None \
                and entry.branch.owner.key is None:
            entry = entry.branch.owner
        return entry

    def put_above(self, text: str, blank: bool = False) -> None:
        """A comment above the entry, below those that are there. What stands above the first
        entry of an item stands above the item's dash."""
        entry = self.opened
        if not entry.before:
            blank, entry.blank = blank or entry.blank, False
        entry.before.append(Remark(text, blank))

    def put_beside(self, text: str) -> None:
        """A comment at the end of the line, or above it where the end is taken."""
        opens_item = self.key is None and isinstance(self.value, Branch) and not self.value.flow
        if self.after is None and not opens_item:
            self.after = text
        else:
            self.put_above(text)


def lay_out(text: str) -> Branch:
    """The tree of a well-formed file whose root is a mapping; lines end in LF."""
    composer = _Composer(text)
    root = composer.root()
    _Attacher(text, composer.entries, composer.leaves).run(root)
    return root


def comments(text: str) -> list[str]:
    """Every comment of a well-formed file, sorted."""
    composer = _Composer(text)
    composer.root()
    return sorted(found for _, found in _comments(text, composer.leaves))


class _Composer:
    """Builds the tree from the reader's events; gathers entries and leaves in the order written."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.entries: list[Entry] = []
        self.leaves: list[Leaf] = []
        tokens = YAML(typ="safe", pure=True).scan(text)
        self.dashes = [t.start_mark.index for t in tokens if isinstance(t, BlockEntryToken)]

    def root(self) -> Branch:
        stack: list[Branch] = []
        pending: list[Entry | None] = []
        root: Branch | None = None
        for event in YAML(typ="safe", pure=True).parse(self.text):
            if isinstance(event, MappingEndEvent | SequenceEndEvent):
                stack.pop().end = event.end_mark.index
                pending.pop()
                continue
            if not isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent):
                continue
            start = event.start_mark.index
            entry: Entry | None = None
            if stack:
                if stack[-1].mapping and pending[-1] is None:
                    assert isinstance(event, ScalarEvent)
                    pending[-1] = self.entry(self.leaf(event), start, stack[-1])
                    continue
                entry, pending[-1] = pending[-1] or self.item(start, stack[-1]), None
            if isinstance(event, ScalarEvent):
                assert entry is not None
                entry.value = leaf = self.leaf(event)
                if not leaf.raw:  # the reader may place nothing at all below the comments that follow
                    leaf.start = leaf.end = entry.key.end if entry.key else entry.start
                continue
            mapping = isinstance(event, MappingStartEvent)
            branch = Branch(mapping, bool(event.flow_style), start, entry)
            if entry is not None:
                entry.value = branch
            root = root or branch
            stack.append(branch)
            pending.append(None)
        assert root is not None
        return root

    def item(self, start: int, branch: Branch) -> Entry:
        """An item of a list begins at its dash, where it has one."""
        if not branch.flow:
            start = self.dashes[bisect_right(self.dashes, start - 1) - 1]
        return self.entry(None, start, branch)

    def entry(self, key: Leaf | None, start: int, branch: Branch) -> Entry:
        entry = Entry(key, start, start - line_start(self.text, start), branch)
        branch.entries.append(entry)
        self.entries.append(entry)
        return entry

    def leaf(self, event: ScalarEvent) -> Leaf:
        start, end = event.start_mark.index, event.end_mark.index
        raw = self.text[start:end]
        if event.style in ("|", ">"):  # the blank lines below a block belong to what comes next
            end = start + len(raw.rstrip())
        leaf = Leaf(event.value, event.style or None, raw, start, end)
        self.leaves.append(leaf)
        return leaf


def line_start(text: str, index: int) -> int:
    """Where the line that holds an index begins."""
    return max(text.rfind(b, 0, index) for b in BREAKS) + 1


def _comments(text: str, leaves: list[Leaf]) -> Iterator[tuple[int, str]]:
    """Each comment with its index: whatever follows a `#` outside of keys and values."""
    at = 0
    for leaf in [*leaves, None]:
        end = leaf.start if leaf else len(text)
        for found in _COMMENT.finditer(text, at, end):
            yield found.start(), found[0].rstrip()
        if leaf is None:
            return
        if leaf.style in ("|", ">") and (header := _HEADER.match(leaf.raw)) and header[1]:
            yield leaf.start + header.start(1), header[1].rstrip()
        at = max(at, leaf.end)


@attrs.frozen
class _Attacher:
    """Gives each comment and blank line to an entry or, at the end of a block, to the block."""

    text: str
    entries: list[Entry]
    leaves: list[Leaf]

    def run(self, root: Branch) -> None:
        starts = [e.start for e in self.entries]
        found: list[tuple[int, str]] = [*_comments(self.text, self.leaves), *self.blanks()]
        blank = False
        closed: list[Branch] | None = None
        """The blocks that end between two entries and may still take a comment as their foot."""
        passed = -1
        for index, text in sorted(found):
            at = bisect_right(starts, index - 1)
            previous = self.entries[at - 1] if at else None
            following = self.entries[at] if at < len(self.entries) else None
            if at != passed:
                passed, blank, closed = at, False, None
            if not text:
                blank = True
                if following is not None and not following.branch.flow:
                    following.opened.blank = True
                continue
            if following is not None:
                following.opened.blank = False
            if previous is None:
                assert following is not None
                following.put_above(text, blank)
            elif (flow := _flow_around(previous, index)) is not None:
                self.in_flow(index, text, flow, previous, following)
            elif not self.alone(index):
                _out_of_flow(previous).put_beside(text)
            elif (isinstance(previous.value, Leaf) and previous.value.start > index) or (isinstance(previous.value, Branch) and previous.value.flow and previous.value.start > index):
                previous.put_above(text, blank)
            else:
                if closed is None:
                    closed = _closed_between(previous, following, root)
                self.between(index, Remark(text, blank), closed, following)
            blank = False

    def blanks(self) -> Iterator[tuple[int, str]]:
        """The index of each blank line outside of values, with no text."""
        spans = [(leaf.start, leaf.end) for leaf in self.leaves]
        begins = [start for start, _ in spans]
        for line in _LINE.finditer(self.text):
            if line[0].strip() or line.start() != line_start(self.text, line.start()):
                continue
            at = bisect_right(begins, line.start()) - 1
            if line.start() < len(self.text) and (at < 0 or line.start() >= spans[at][1]):
                yield line.start(), ""

    def alone(self, index: int) -> bool:
        """Whether a comment has its line to itself."""
        return not self.text[line_start(self.text, index) : index].strip()

    def in_flow(self, index: int, text: str, flow: Branch, previous: Entry,
                following: Entry | None) -> None:
        """Inside brackets columns say nothing: a comment goes with its line, or with what follows."""
        inside = [e for e in flow.entries if e.start < index]
        if inside and not self.alone(index):
            inside[-1].put_beside(text)
        elif following is not None and following.branch is flow:
            following.put_above(text)
        elif inside:
            flow.foot.append(Remark(text, False))
        elif flow.owner is not None:
            flow.owner.put_above(text)

    def between(self, index: int, remark: Remark, closed: list[Branch], following: Entry | None) -> None:
        """Between two entries: the foot of the deepest block that ends here and is no deeper than
        the comment, else above what follows. Comments keep their order."""
        column = index - line_start(self.text, index)
        while closed and following is not None and closed[0].entries[0].column > column:
            del closed[0]
        while following is None and len(closed) > 1 and closed[0].entries[0].column > column:
            del closed[0]
        if closed:
            closed[0].foot.append(remark)
        elif following is not None:
            following.put_above(remark.text, remark.blank)


def _flow_around(entry: Entry, index: int) -> Branch | None:
    """The innermost bracketed collection that holds an index, `entry` being the last before it."""
    branch: Branch | None = entry.value if isinstance(entry.value, Branch) else entry.branch
    while branch is not None:
        if branch.flow and branch.holds(index):
            return branch
        branch = branch.owner.branch if branch.owner else None
    return None


def _out_of_flow(entry: Entry) -> Entry:
    """The entry whose bracketed value this one is part of, or itself."""
    while entry.branch.flow and entry.branch.owner is not None:
        entry = entry.branch.owner
    return entry


def _closed_between(previous: Entry, following: Entry | None, root: Branch) -> list[Branch]:
    """The blocks that end between two entries, innermost first; at the end of the file all do."""
    around = {id(b) for b in _around(following)} if following is not None else set()
    ended = [b for b in _around(previous) if not b.flow and id(b) not in around]
    return ended or ([root] if following is None else [])


def _around(entry: Entry | None) -> Iterator[Branch]:
    while entry is not None:
        yield entry.branch
        entry = entry.branch.owner
