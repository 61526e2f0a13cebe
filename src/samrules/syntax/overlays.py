"""Overlays: a ruleset that extends another, as the one file that the two of them come to.

The trees of the files are joined before anything is structured, so every later stage sees one
ruleset, in which each part knows the file and line it was written in.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from samrules.diagnostics import Diagnostic, Span, did_you_mean
from samrules.model import ruleset as rs
from samrules.syntax.entries import ENTRIES
from samrules.syntax.source import Mapping, Node, Scalar, Sequence
from samrules.syntax.values import GROUPS, absent, shape_of

EXTENDS, REPLACE, REMOVE = "extends", "replace", "remove"
OVERLAY_KEYS = (EXTENDS, REPLACE, REMOVE)

_HEAD = ("title", "description", "currency")
"""What an overlay may say anew of the ruleset as a whole."""
_NOT_SECTIONS = {"ruleset", "version", "uses", *_HEAD, *OVERLAY_KEYS}
_NOUNS = {"define": "definition", "decide": "decision", "criteria": "criterion"}
_NESTED = {"events": ("fields",), "scorecards": ("criteria",), "ladders": ("levels",),
           "lifecycles": ("states", "transitions")}
"""Keys of an entry under which other entries stand by name."""
_EITHER_OR = {
    "define": (("value", *GROUPS, "of"),),
    "criteria": (("points",), ("scale",)),
    "tables": (("file",), ("inputs", "rows")),
    "measures": (rs.MEASURES,),
}
"""Keys that exclude each other. A lone group: its keys belong together and are replaced together;
of several, giving a key of one drops the others."""


def sections() -> list[str]:
    """The keys of a ruleset under which its parts stand."""
    return [key for key in ENTRIES[rs.Ruleset].keys if key not in _NOT_SECTIONS]


@attrs.define
class Layered:
    """The tree of a ruleset with all it extends, and where each part comes from."""

    tree: Mapping
    layers: tuple[rs.Layer, ...]
    origins: dict[tuple[str, str], rs.Origin]
    removed: tuple[rs.Removed, ...] = ()

    @property
    def overlay(self) -> rs.Overlay:
        return rs.Overlay(self.layers, tuple(self.origins.values()), self.removed)


def alone(root: Mapping, file: str) -> Layered:
    """A ruleset that extends no other."""
    layer = _layer(root, file)
    origins = {(section, name): rs.Origin(section, name, layer.ruleset)
               for section in sections() for name in _parts(root.get(section), section)}
    return Layered(root, (layer,), origins)


def laid_over(base: Layered, root: Mapping, file: str) -> tuple[Layered, list[Diagnostic]]:
    """What an overlay makes of the ruleset it extends, and what is wrong with it."""
    joiner = _Joiner(base, root, _layer(root, file))
    return joiner.run(), joiner.problems


def _layer(root: Mapping, file: str) -> rs.Layer:
    def said(key: str) -> str:
        node = root.get(key)
        return node.text if isinstance(node, Scalar) else ""

    return rs.Layer(said("ruleset"), said("version"), file)


def _parts(node: Node | None, section: str) -> list[str]:
    if section == "portfolio":
        return ["portfolio"] if isinstance(node, Mapping) else []
    return list(node) if isinstance(node, Mapping) else []


def _noun(section: str) -> str:
    return _NOUNS.get(section, section.removesuffix("s"))


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


class _Joiner:
    """Joins one overlay with what it extends; the trees it is given stay as they are."""

    def __init__(self, base: Layered, root: Mapping, layer: rs.Layer) -> None:
        self.base = base
        self.root = root
        self.layer = layer
        self.below = base.layers[0].ruleset
        self.tree = _copy(base.tree)
        self.origins = dict(base.origins)
        self.removed = list(base.removed)
        self.problems: list[Diagnostic] = []

    def problem(self, code: str, message: str, help_: str, span: Span | None) -> None:
        self.problems.append(Diagnostic(code, message, help_, span))

    def run(self) -> Layered:
        self.tree.span = self.root.span
        for key in ("ruleset", "version", *_HEAD):
            if key in self.root and not absent(self.root[key]):
                self.set(self.tree, key, self.root)
        for key, node in self.sections_of(REMOVE):
            self.remove(key, node)
        for key, node in self.sections_of(REPLACE):
            self.replace(key, node)
        self.uses()
        known = set(sections())
        for key, node in self.root.items():
            if key in known and not absent(node):
                self.add(key, node)
            elif key not in _NOT_SECTIONS and key not in known:
                self.set(self.tree, key, self.root)  # reported as unknown when the whole is structured
        return Layered(self.tree, (self.layer, *self.base.layers), self.origins, tuple(self.removed))

    @staticmethod
    def set(into: Mapping, key: str, giver: Mapping) -> None:
        into[key] = giver[key]
        into.keys_at[key] = giver.keys_at[key]

    def sections_of(self, what: str) -> Iterator[tuple[str, Node]]:
        """What stands under `replace` or `remove`, by section."""
        node = self.root.get(what)
        if node is None or absent(node):
            return
        if not isinstance(node, Mapping):
            example = "`replace: {parameters: {...}}`" if what == REPLACE else "`remove: {rules: [...]}`"
            self.problem("wrong-shape", f"`{what}` is a mapping of sections, not a {shape_of(node)}", f"write {example}", node.span)
            return
        known = [*sections(), *(["uses"] if what == REMOVE else [])]
        for key, inner in node.items():
            if key in known:
                yield key, inner
            else:
                self.problem("unknown-key", f"`{what}` has no section `{key}`", did_you_mean(key, known, "sections"),
                             node.keys_at[key])

    # --- remove ---

    def remove(self, section: str, node: Node) -> None:
        if not isinstance(node, Sequence):
            self.problem("wrong-shape", f"a list of names belongs here, not a {shape_of(node)}",
                         f"write `remove: {{{section}: [name]}}`, or `name.key` for one key of it", node.span)
            return
        for item in node:
            if not isinstance(item, Scalar) or item.null:
                self.problem("wrong-shape", "a name belongs here", "write the name of what is removed", item.span)
            elif section == "uses":
                self.stop_using(item)
            else:
                self.remove_path(section, item)

    def stop_using(self, item: Scalar) -> None:
        uses = self.tree.get("uses")
        named = [n.text for n in uses if isinstance(n, Scalar)] if isinstance(uses, Sequence) else []
        if item.text not in named:
            self.problem("not-in-base", f"`{self.below}` does not use `{item.text}`", did_you_mean(item.text, named, "rulesets"),
                         item.span)
            return
        assert isinstance(uses, Sequence)
        kept = Sequence(uses.span)
        kept.extend(n for n in uses if not (isinstance(n, Scalar) and n.text == item.text))
        self.tree["uses"] = kept
        self.removed.append(rs.Removed("uses", item.text, self.layer.ruleset))

    def remove_path(self, section: str, item: Scalar) -> None:
        """`name`, or `name.key` and deeper, out of a section."""
        holder: Node | None = self.tree.get(section)
        path = item.text.split(".")
        for depth, key in enumerate(path):
            if not isinstance(holder, Mapping) or key not in holder or (absent(holder[key]) and depth < len(path) - 1):
                self.missing(section, path, depth, holder, item.span)
                return
            if depth < len(path) - 1:
                holder = holder[key]
        assert isinstance(holder, Mapping)
        del holder[path[-1]]
        holder.keys_at.pop(path[-1], None)
        if not self.tree[section]:
            del self.tree[section]
        self.removed.append(rs.Removed(section, item.text, self.layer.ruleset))
        if len(path) == 1 and section != "portfolio":
            self.origins.pop((section, path[0]), None)
        else:
            self.changed(section, "portfolio" if section == "portfolio" else path[0],
                         f"no {'.'.join(path if section == 'portfolio' else path[1:])}")

    def missing(self, section: str, path: list[str], depth: int, holder: Node | None, span: Span) -> None:
        """Something that is to be replaced or removed, and is not there."""
        name = path[depth]
        names = list(holder) if isinstance(holder, Mapping) else []
        if depth and section != "portfolio":
            self.problem("not-in-base", f"the {_noun(section)} `{'.'.join(path[:depth])}` of `{self.below}` has no `{name}`",
                         did_you_mean(name, names, "keys"), span)
            return
        elsewhere = next((s for s in sections() if name in _parts(self.base.tree.get(s), s)), None)
        help_ = did_you_mean(name, names, section)
        if elsewhere is not None and elsewhere != section:
            help_ = f"it is {_a(_noun(elsewhere))} there: put it under `{elsewhere}:`"
        what = "key" if section == "portfolio" else _noun(section)
        self.problem("not-in-base", f"`{self.below}` has no {what} `{name}`", help_, span)

    # --- replace ---

    def replace(self, section: str, node: Node) -> None:
        if not isinstance(node, Mapping):
            self.problem("wrong-shape", f"a mapping of names belongs here, not a {shape_of(node)}",
                         f"write `replace: {{{section}: {{name: ...}}}}`", node.span)
            return
        holder = self.tree.get(section)
        if section == "portfolio":
            if isinstance(holder, Mapping):
                self.tree[section] = self.entry(holder, node, section, section, ())
            else:
                self.problem("not-in-base", f"`{self.below}` has no portfolio", "write it under `portfolio:` itself",
                             self.root[REPLACE].keys_at[section])
            return
        self.by_name(holder, node, section, section, ())

    def by_name(self, holder: Node | None, node: Mapping, section: str, kind: str, path: tuple[str, ...]) -> None:
        """Each named entry of `node` over the one of that name; `kind` is what the entries are."""
        for name, inner in node.items():
            at = node.keys_at[name]
            if not isinstance(holder, Mapping) or name not in holder:
                self.missing(section, [*path, name], len(path), holder, at)
                continue
            if absent(inner):
                self.problem("wrong-shape", f"nothing is said of `{name}`", "write what is new, or remove it under `remove:`", at)
                continue
            holder[name] = self.entry(holder[name], inner, section, kind, (*path, name))
            holder.keys_at[name] = at

    def entry(self, old: Node, new: Node, section: str, kind: str, path: tuple[str, ...]) -> Node:
        """An entry with the keys that the overlay gives; the others stay."""
        if kind == "define" and isinstance(new, Scalar):
            new = _with_value(new)
        if not isinstance(new, Mapping):
            self.problem("wrong-shape", f"a mapping of keys belongs here, not a {shape_of(new)}",
                         f"write what is new of the {_noun(kind)}, each after its key", new.span)
            return old
        kept = _with_value(old) if isinstance(old, Scalar) and not old.null else old if isinstance(old, Mapping) else Mapping(new.span)
        given = _EITHER_OR.get(kind, ())
        for key, node in new.items():
            place = (*path, key)
            if absent(node):
                self.problem("wrong-shape", f"`{key}` without a value",
                             f"write what is new; to remove it, write `remove: {{{section}: [{'.'.join(place)}]}}`", new.keys_at[key])
                continue
            if key in _NESTED.get(kind, ()) and isinstance(node, Mapping):
                if not isinstance(kept.get(key), Mapping):
                    self.missing(section, list(place), len(place) - 1, kept, new.keys_at[key])
                    continue
                self.by_name(kept[key], node, section, key, place)
                continue
            if key == "falls" and isinstance(node, Mapping) and isinstance(kept.get(key), Mapping):
                kept[key] = self.entry(kept[key], node, section, key, place)
                continue
            for other in self.excluded(key, given, new):
                kept.pop(other, None)
                kept.keys_at.pop(other, None)
            self.set(kept, key, new)
            self.changed(section, "portfolio" if section == "portfolio" else path[0],
                         ".".join(place if section == "portfolio" else place[1:]))
        return kept

    @staticmethod
    def excluded(key: str, groups: tuple[tuple[str, ...], ...], new: Mapping) -> Iterator[str]:
        """The keys that go when this one is given."""
        for group in groups if any(key in group for group in groups) else ():
            if (key in group) is (len(groups) == 1):
                yield from (other for other in group if other != key and other not in new)

    def changed(self, section: str, name: str, key: str) -> None:
        origin = self.origins.get((section, name))
        if origin is not None:
            before = tuple(c for c in origin.changes if c.key not in (key, key.removeprefix("no ")))
            self.origins[section, name] = attrs.evolve(origin, changes=(*before, rs.Change(key, self.layer.ruleset)))

    # --- add ---

    def uses(self) -> None:
        own, base = self.root.get("uses"), self.tree.get("uses")
        if not isinstance(own, Sequence):
            if own is not None and not absent(own):
                self.set(self.tree, "uses", self.root)  # reported when the whole is structured
            return
        both = Sequence(own.span)
        both.extend(base if isinstance(base, Sequence) else ())
        already = {n.text for n in both if isinstance(n, Scalar)}
        both.extend(n for n in own if not (isinstance(n, Scalar) and n.text in already))
        self.tree["uses"] = both
        self.tree.keys_at["uses"] = self.root.keys_at["uses"]

    def add(self, section: str, node: Node) -> None:
        holder = self.tree.get(section)
        if not isinstance(node, Mapping) or not isinstance(holder, Mapping):
            self.set(self.tree, section, self.root)
            self.origins |= {(section, name): rs.Origin(section, name, self.layer.ruleset) for name in _parts(node, section)}
            return
        if section in ("portfolio", "decide"):
            named = next(iter(holder), "decision") if section == "decide" else None
            cure = f"`replace: {{{section}: {{{named}: ...}}}}`" if named else "`replace: {portfolio: ...}`"
            self.problem("name-clash", f"`{self.below}` has a {_noun(section)} already", f"change it under {cure}",
                         self.root.keys_at[section])
            return
        for name, inner in node.items():
            at = node.keys_at[name]
            if name in holder:
                self.problem("name-clash", f"`{name}` is {_a(_noun(section))} of `{self.below}` already",
                             f"put it under `replace: {{{section}: ...}}` to change it, or choose another name", at)
                continue
            holder[name] = inner
            holder.keys_at[name] = at
            self.origins[section, name] = rs.Origin(section, name, self.layer.ruleset)


def _with_value(scalar: Scalar) -> Mapping:
    """A definition `name: EXPRESSION` in its long form."""
    found = Mapping(scalar.span)
    found["value"] = scalar
    found.keys_at["value"] = scalar.span
    return found


def _copy(node: Mapping) -> Mapping:
    """The tree with mappings of its own."""
    found = Mapping(node.span)
    found.keys_at = dict(node.keys_at)
    found.update({key: _copy(inner) if isinstance(inner, Mapping) else inner for key, inner in node.items()})
    return found
