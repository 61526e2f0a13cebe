"""Finding rulesets: a file with all that it uses, and the sources they cite."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Sequence
from pathlib import Path

import attrs

from samrules.diagnostics import Diagnostic, Span, did_you_mean
from samrules.errors import RulesetError
from samrules.model.ruleset import Passage, Ruleset, Source
from samrules.syntax import overlays
from samrules.syntax.constructs import with_constructs
from samrules.syntax.source import Mapping, Scalar, decode, located, read, read_bytes
from samrules.syntax.structure import parse_ruleset, parse_sources, structure_ruleset
from samrules.syntax.tables import with_rows_as_rules

SUFFIX = ".yaml"
SOURCES = "sources.yaml"
_TEXT = Path("<text>")
"""The key of a ruleset that is in no file."""


@attrs.frozen
class Citation:
    """A passage with the source it stands in."""

    source: Source
    passage: Passage


@attrs.frozen
class SourceFile:
    """A file that a ruleset was read from: its name, whether it lay among the bundled ones, and its bytes.

    A ruleset from a text, in no file, has no name.
    """

    name: str
    bundled: bool
    data: bytes


@attrs.frozen
class Bundle:
    """A ruleset and all it uses, directly or not.

    `rulesets` are in order of dependency: each comes after those it uses, the main one last.
    """

    main: Ruleset
    rulesets: tuple[Ruleset, ...]
    citations: dict[str, Citation]
    texts: dict[str, str]
    """File name to text, for showing the line of a problem."""
    files: tuple[SourceFile, ...] = attrs.field(default=(), eq=False, repr=False)
    """All that was read, the main file first: what loads to this bundle again. Empty where it is of no files."""

    def locate(self, diagnostics: list[Diagnostic]) -> list[Diagnostic]:
        for file, text in self.texts.items():
            diagnostics = located(diagnostics, file, text)
        return diagnostics


@functools.cache
def bundled_folder() -> Path:
    """Where the rulesets that come with samrules are: in the package, or in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "rulesets"
    return installed if installed.is_dir() else package.parent.parent / "rulesets"


def bundled_names() -> list[str]:
    """The names of the bundled rulesets, sorted."""
    return sorted(p.stem for p in bundled_folder().glob(f"*{SUFFIX}") if p.name != SOURCES)


def find(name_or_path: str | Path) -> Path:
    """The file of a ruleset: a path, or the name of a bundled one. Raises RulesetError."""
    text = str(name_or_path)
    if text and (text.startswith(".") or (Path(text).exists() and text not in bundled_names())):
        return Path(text)
    looks_like_path = isinstance(name_or_path, Path) or text.endswith((SUFFIX, ".yml")) or "/" in text
    if looks_like_path or "\\" in text:
        return Path(text)
    if text in bundled_names():
        return bundled_folder() / f"{text}{SUFFIX}"
    help_ = did_you_mean(text, bundled_names(), "bundled rulesets")
    raise RulesetError(
        [Diagnostic("no-such-file", f"there is no bundled ruleset `{text}`",
                    f"{help_.removesuffix('?')}{'? A' if help_.endswith('?') else '; a'} ruleset of your own "
                    f"is given by its path, such as `{text}{SUFFIX}`",
                    where=text)]
    )


def load_bundle(name_or_path: str | Path) -> Bundle:
    """Read a ruleset and all that it uses. Raises RulesetError with the problems of all files."""
    path = find(name_or_path)
    return _of_path(_Loader(path.parent, bundled_folder()), path)


def bundle_of_text(text: str, file: str, folder: Path | None = None) -> Bundle:
    """The same from text that is not in a file; `uses` is looked up in `folder`, then bundled."""
    return _of_text(_Loader(folder, bundled_folder()), text, file)


def bundle_of_files(files: Sequence[SourceFile], folder: Path) -> Bundle:
    """A bundle from the files that it was once read from, and from no others: neither the rulesets that are
    bundled today nor files beside them. They are written into a folder, which must be empty.

    Raises RulesetError; ValueError where a name is none of a file.
    """
    own, bundled = folder / "own", folder / "bundled"
    for place in (own, bundled):
        place.mkdir()
    main = files[0]
    for file in files if main.name else files[1:]:
        if file.name in ("", ".", "..") or re.search(r"[/\\\0]", file.name):
            raise ValueError(f"`{file.name}` is not the name of a file")
        ((bundled if file.bundled else own) / file.name).write_bytes(file.data)
    if not main.name:
        return _of_text(_Loader(own, bundled), decode(main.data, "<text>"), "<text>")
    path = (bundled if main.bundled else own) / main.name
    return _of_path(_Loader(path.parent, bundled), path)


def _of_path(loader: _Loader, path: Path) -> Bundle:
    return loader.bundle(shown_path(path), loader.text(path), path)


def _of_text(loader: _Loader, text: str, file: str) -> Bundle:
    loader.files[_TEXT] = text.encode("utf-8", "surrogatepass")
    return loader.bundle(file, text, None)


def shown_path(path: Path) -> str:
    """The path as a reader of diagnostics wants it: bundled ones short, others as given or from the present folder on."""
    folder = bundled_folder()
    if path.parent == folder:
        return f"rulesets/{path.name}"
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def overlay_root(text: str, shown: str) -> Mapping | None:
    """The tree of a ruleset that extends another, None of any other. Raises RulesetError."""
    if overlays.EXTENDS not in text:
        return None
    root = read(text, shown).root
    return root if isinstance(root, Mapping) and overlays.EXTENDS in root else None


class _Loader:
    """Loads a ruleset and, first, what it uses; finds cycles on the way."""

    def __init__(self, folder: Path | None, bundled: Path) -> None:
        self.folder = folder
        self.bundled = bundled
        self.texts: dict[str, str] = {}
        self.files: dict[Path, bytes] = {}
        self.loaded: dict[str, Ruleset] = {}
        self.problems: list[Diagnostic] = []

    def text(self, path: Path) -> str:
        """The text of a file, which is kept. Raises RulesetError."""
        shown = shown_path(path)
        data = self.files[path] = read_bytes(path, shown)
        return decode(data, shown)

    def bundle(self, file: str, text: str, path: Path | None) -> Bundle:
        self.texts[file] = text
        try:
            main = self.with_sugar(self.parse(text, file, path), self.folder)
        except RulesetError as error:  # its problems may stand in the files that it extends
            raise RulesetError(self.locate(list(error.diagnostics))) from None
        if path is not None:
            self.check_file_name(main, path, file)
        self.use(main, (main.name,))
        citations = self.citations()
        self.check_currencies(main)
        files = tuple(SourceFile(at.name if at is not _TEXT else "", at.parent == self.bundled, data) for at, data in self.files.items())
        bundle = Bundle(main, (*self.loaded.values(), main), citations, self.texts, files)
        if self.problems:
            raise RulesetError(bundle.locate(self.problems))
        return bundle

    def locate(self, diagnostics: list[Diagnostic]) -> list[Diagnostic]:
        for file, text in self.texts.items():
            diagnostics = located(diagnostics, file, text)
        return diagnostics

    # --- overlays ---

    def parse(self, text: str, shown: str, path: Path | None) -> Ruleset:
        """A ruleset from its text, laid over the one it extends. Raises RulesetError."""
        root = overlay_root(text, shown)
        if root is None:
            return parse_ruleset(text, shown)
        layered, problems = self.layered(root, shown, path, ())
        if layered is None or problems:
            raise RulesetError(problems)
        return attrs.evolve(structure_ruleset(layered.tree), overlay=layered.overlay)

    def layered(self, root: Mapping, shown: str, path: Path | None,
                chain: tuple[str, ...]) -> tuple[overlays.Layered | None, list[Diagnostic]]:
        """The tree of a file with all it extends; None where what it extends cannot be had."""
        extends = root.get(overlays.EXTENDS)
        name = root["ruleset"].text if isinstance(root.get("ruleset"), Scalar) else ""
        if extends is None:
            return overlays.alone(root, shown), []
        if not isinstance(extends, Scalar) or extends.null:
            return None, [Diagnostic("wrong-shape", "a ruleset extends one other", "write its name: `extends: designation`",
                                     root.keys_at[overlays.EXTENDS])]
        below = self.path_of(extends.text, besides=path if extends.text == name else None)
        if below is None:
            other = "other " if extends.text == name else ""
            return None, [Diagnostic("unknown-ruleset", f"there is no {other}ruleset `{extends.text}` here to extend",
                                     did_you_mean(extends.text, self.known() - {name}, "rulesets"), extends.span)]
        file = shown_path(below)
        if file in (*chain, shown):
            files = (*chain, shown)
            circle = " → ".join(f"`{f}`" for f in (*files[files.index(file) :], file))
            return None, [Diagnostic("ruleset-cycle", f"rulesets extend each other in a circle: {circle}",
                                     "one of them must extend no other", extends.span)]
        try:
            text = self.text(below)
            self.texts[file] = text
            inner = read(text, file).root
            if not isinstance(inner, Mapping):
                parse_ruleset(text, file)  # says what it should be
                raise AssertionError("unreachable: a ruleset is a mapping")
        except RulesetError as error:
            return None, list(error.diagnostics)
        base, problems = self.layered(inner, file, below, (*chain, shown))
        if base is None or problems:
            return None, problems
        return overlays.laid_over(base, root, shown)

    def known(self) -> set[str]:
        """The names of the rulesets that can be found."""
        known = {p.stem for p in self.folder.glob(f"*{SUFFIX}")} if self.folder else set()
        return (known | {p.stem for p in self.bundled.glob(f"*{SUFFIX}")}) - {"sources"}

    # --- what it uses ---

    def use(self, ruleset: Ruleset, chain: tuple[str, ...]) -> None:
        spans = ruleset.uses_spans or (ruleset.span,) * len(ruleset.uses)
        for name, span in zip(ruleset.uses, spans, strict=True):
            if name in chain:
                path = " → ".join((*chain[chain.index(name) :], name))
                self.problems.append(
                    Diagnostic("ruleset-cycle", f"rulesets use each other in a circle: {path}",
                               "move what both need into a third ruleset", span)
                )
                continue
            if name in self.loaded:
                continue
            used = self.read(name, span)
            if used is not None:
                self.use(used, (*chain, name))
                self.loaded[name] = used

    def read(self, name: str, span: Span | None) -> Ruleset | None:
        path = self.path_of(name)
        if path is None:
            self.problems.append(
                Diagnostic("unknown-ruleset", f"there is no ruleset `{name}` here",
                           did_you_mean(name, self.known(), "rulesets"), span)
            )
            return None
        shown = shown_path(path)
        try:
            text = self.text(path)
            self.texts[shown] = text
            ruleset = self.with_sugar(self.parse(text, shown, path), path.parent)
        except RulesetError as error:
            self.problems += error.diagnostics
            return None
        self.check_file_name(ruleset, path, shown)
        return ruleset

    def with_sugar(self, ruleset: Ruleset, folder: Path | None) -> Ruleset:
        """The ruleset with the rules that its tables, ladders and lifecycles stand for; table files are
        looked up beside it."""
        folders = [] if folder is None else [folder, *([self.bundled] if ruleset.overlay else [])]
        found, problems = with_rows_as_rules(ruleset, folders, shown_path, self.texts, self.files)
        self.problems += problems
        found, problems = with_constructs(found)
        self.problems += problems
        return found

    def path_of(self, name: str, besides: Path | None = None) -> Path | None:
        """The file of a ruleset that is named, another than `besides`."""
        if not name.replace("_", "").isalnum():
            return None
        folders = [self.folder] if self.folder else []
        for folder in (*folders, self.bundled):
            path = folder / f"{name}{SUFFIX}"
            with contextlib.suppress(OSError):  # a name that is too long for a file
                if path.is_file() and not (besides is not None and path.samefile(besides)):
                    return path
        return None

    def check_file_name(self, ruleset: Ruleset, path: Path, shown: str) -> None:
        if path.stem != ruleset.name:
            self.problems.append(
                Diagnostic("misnamed-file", f"the ruleset `{ruleset.name}` stands in `{path.name}`",
                           f"name the file `{ruleset.name}{SUFFIX}`, or the ruleset `{path.stem}`",
                           Span(shown, 1, 1, 1, 1))
            )

    def check_currencies(self, main: Ruleset) -> None:
        stated = {r.currency: r for r in (*self.loaded.values(), main) if r.currency}
        if len(stated) > 1:
            said = " and ".join(f"`{r.name}` says {c}" for c, r in stated.items())
            self.problems.append(
                Diagnostic("currency-clash", f"{said}", "use one currency in all of them", main.span)
            )

    def citations(self) -> dict[str, Citation]:
        """Passages by key; a source beside the ruleset stands before a bundled one of that name."""
        sources: dict[str, Source] = {}
        folders = [self.bundled]
        if self.folder and self.folder.resolve() != self.bundled:
            folders.append(self.folder)
        for folder in folders:
            path = folder / SOURCES
            if not path.is_file():
                continue
            shown = shown_path(path)
            try:
                text = self.text(path)
                self.texts[shown] = text
                sources.update({s.key: s for s in parse_sources(text, shown)})
            except RulesetError as error:
                self.problems += error.diagnostics
        return {
            f"{source.key}/{passage.key}": Citation(source, passage)
            for source in sources.values()
            for passage in source.passages
        }
