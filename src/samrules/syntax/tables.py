"""Decision tables: read from CSV or XLSX files, and made into rules, one a row.

A file becomes the tree that the same table would be in YAML, each cell knowing its place; from there
on there is one kind of table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Sequence_
from pathlib import Path

import attrs

from samrules.diagnostics import Diagnostic, Span
from samrules.errors import RulesetError
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import Kind
from samrules.syntax.cells import condition_of
from samrules.syntax.entries import MAX_ROWS
from samrules.syntax.source import Mapping, Problems, Scalar, Sequence, decode, problem, read_bytes
from samrules.syntax.structure import structure_table
from samrules.syntax.values import check_name
from samrules.syntax.workbook import read_workbook

SUFFIXES = (".csv", ".xlsx")
_REMARKS = ("title", "because", "cites")

Cells = list[Scalar]
Texts = dict[str, str]


def with_rows_as_rules(ruleset: rs.Ruleset, folders: Sequence_[Path], shown: Callable[[Path], str],
                       texts: Texts, files: dict[Path, bytes]) -> tuple[rs.Ruleset, list[Diagnostic]]:
    """The ruleset with the tables of other files read, and with each row as a rule; and what is wrong.

    Files are looked up in the folders, the first that has one; `texts` takes the text of each that was read, `files` its bytes.
    """
    problems: list[Diagnostic] = []
    tables, rules = [], list(ruleset.rules)
    taken = {rule.name for rule in rules}
    for written in ruleset.tables:
        table = written
        if written.file is not None:
            try:
                table = _from_file(written, folders, shown, texts, files)
            except (Problems, RulesetError) as error:
                problems += error.diagnostics
                continue
        tables.append(table)
        for rule in rules_of(table):
            if rule.name in taken:
                problems.append(Diagnostic(
                    "name-clash", f"a row of the table `{table.name}` is the rule `{rule.name}`, and so is another",
                    "rename the rule or the table", rule.span))
            rules.append(rule)
    return attrs.evolve(ruleset, tables=tuple(tables), rules=tuple(rules)), problems


def rules_of(table: rs.DecisionTable) -> Iterator[rs.Rule]:
    """The rule of each row: it holds where all its cells do."""
    of_table = table.title or table.name.replace("_", " ")
    for number, row in enumerate(table.rows, start=1):
        asked = [condition_of(i, cell) for i, cell in zip(table.inputs, row.when, strict=True)]
        tests = tuple(test for test in asked if test is not None)
        when: ex.Expr = ex.Literal(True, Kind.BOOLEAN, span=row.span)
        if tests:
            when = tests[0] if len(tests) == 1 else ex.All(tests, span=row.span)
        yield rs.Rule(
            name=f"{table.name}_{number}", when=when, then=row.then,
            title=row.title or f"row {number}: {of_table}",
            because=row.because or table.because,
            cites=row.cites or table.cites,
            span=row.span,
            because_span=row.because_span if row.because else table.because_span,
            table=table.name,
        )


# --- from files ----------------------------------------------------------------------------------


def _from_file(table: rs.DecisionTable, folders: Sequence_[Path], shown: Callable[[Path], str],
               texts: Texts, files: dict[Path, bytes]) -> rs.DecisionTable:
    name = table.file or ""
    if not re.fullmatch(r"[^/\\\0]{1,200}", name) or name.startswith("."):
        raise problem("bad-value", f"`{name}` is not the name of a file",
                      "name a CSV or XLSX file that stands beside the ruleset", table.span)
    if not name.lower().endswith(SUFFIXES):
        raise problem("unknown-format", f"a table cannot be read from `{name}`",
                      "name a file that ends in .csv or .xlsx", table.span)
    if not folders:
        raise problem("no-such-file", f"there is no folder in which to look for `{name}`",
                      "load the ruleset from a file, or name the folder: `loads(text, folder=...)`", table.span)
    path = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if path is None:
        raise problem("no-such-file", f"there is no file `{name}` beside the ruleset",
                      "correct the name, or put the file there", table.span)
    file = shown(path)
    data = files[path] = read_bytes(path, file)
    if name.lower().endswith(".xlsx"):
        records = _sheet(read_workbook(data, file, MAX_ROWS + 2), file)
    else:
        text = decode(data, file).replace("\r\n", "\n").replace("\r", "\n")
        texts[file] = text
        records = list(_Csv(text, file).records())
    read = structure_table(_tree([r for r in records if any(c.text.strip() for c in r)], file))
    return attrs.evolve(table, inputs=read.inputs, rows=read.rows)


def _sheet(rows: list[list[str]], file: str) -> list[Cells]:
    """The cells of a sheet. A place in it is a row and a column, not a line and a character."""
    return [
        [Scalar(text, True, Span(file, row, column, row, column + 1)) for column, text in enumerate(texts, start=1)]
        for row, texts in enumerate(rows, start=1)
    ]


@attrs.define
class _Csv:
    """Splits a CSV file into cells that know their place, through quotes and line ends inside them."""

    text: str
    file: str
    at: int = 0
    line: int = 1
    column: int = 1

    def records(self) -> Iterator[Cells]:
        separator = self._separator()
        record: Cells = []
        while self.at < len(self.text):
            record.append(self._cell(separator))
            if self.at >= len(self.text) or self._take() == "\n":
                yield record
                record = []
        if record:  # the last line ended with a separator
            yield [*record, Scalar("", True, self._span(self.line, self.column))]

    def _separator(self) -> str:
        """A comma, unless the first line has none and has semicolons or tabs."""
        header = next((line for line in self.text.split("\n") if line.strip()), "")
        bare = re.sub(r'"[^"]*"', "", header)
        return next((s for s in (",", ";", "\t") if s in bare), ",")

    def _take(self) -> str:
        character = self.text[self.at]
        self.at += 1
        self.line, self.column = (self.line + 1, 1) if character == "\n" else (self.line, self.column + 1)
        return character

    def _span(self, line: int, column: int) -> Span:
        return Span(self.file, line, column, self.line, max(self.column, column + 1))

    def _cell(self, separator: str) -> Scalar:
        """A cell; what ends it is left to be taken."""
        stops = (separator, "\n")
        while self.text[self.at : self.at + 1] in (" ", "\t") and self.text[self.at] not in stops:
            self._take()
        if self.text[self.at : self.at + 1] == '"':
            return self._quoted(stops)
        line, column, start = self.line, self.column, self.at
        while self.at < len(self.text) and self.text[self.at] not in stops:
            self._take()
        text = self.text[start : self.at].rstrip()
        return Scalar(text, True, Span(self.file, line, column, line, column + max(1, len(text))), text)

    def _quoted(self, stops: tuple[str, str]) -> Scalar:
        opened = self.line, self.column
        self._take()
        line, column, start = self.line, self.column, self.at
        while True:
            if self.at >= len(self.text):
                raise problem("bad-table", "a quote is opened here and never closed",
                              'close it, or write a quote inside a cell as two, `""`',
                              Span(self.file, *opened, opened[0], opened[1] + 1))
            if self.text.startswith('""', self.at):
                self._take()
            elif self.text[self.at] == '"':
                break
            self._take()
        raw, span = self.text[start : self.at], self._span(line, column)
        self._take()
        while self.at < len(self.text) and self.text[self.at] not in stops:
            if not self.text[self.at].isspace():
                raise problem("bad-table", "text after the closing quote of a cell",
                              'write a quote inside a cell as two, `""`', self._span(self.line, self.column))
            self._take()
        return Scalar(raw.replace('""', '"'), True, span, raw)


# --- the tree ------------------------------------------------------------------------------------


@attrs.frozen
class _Columns:
    """Which column holds what."""

    inputs: list[int]
    outputs: dict[int, str]
    remarks: dict[int, str]


def _tree(records: list[Cells], file: str) -> Mapping:
    """The table as a YAML file would have it. Raises Problems with every row that does not fit."""
    if not records:
        raise problem("bad-decision-table", "the file holds no table",
                      "begin with a line that names the inputs, then `then` and the decision's name",
                      Span(file, 1, 1, 1, 2))
    header, *rows = records
    while header and not header[-1].text.strip():
        header.pop()  # a sheet is as wide as its widest row
    columns = _columns(header)
    node = Mapping(header[0].span)
    node.keys_at = dict.fromkeys(("inputs", "rows"), header[0].span)
    node["inputs"], node["rows"] = Sequence(header[0].span), Sequence(header[0].span)
    node["inputs"].extend(header[i] for i in columns.inputs)
    problems = []
    for row in rows:
        cells = row[: len(header)] if not any(c.text.strip() for c in row[len(header) :]) else row
        if len(cells) != len(header):
            problems.append(Diagnostic(
                "bad-decision-table", f"{len(cells)} cells where the header has {len(header)}",
                "write a cell for each column; put a cell with a comma in it in double quotes",
                cells[min(len(cells) - 1, len(header))].span))
            continue
        node["rows"].append(_row(cells, columns))
    if problems:
        raise Problems(*problems)
    return node


def _columns(header: Cells) -> _Columns:
    found = _Columns([], {}, {})
    problems = []
    for index, cell in enumerate(header):
        text = cell.text.strip()
        word, _, name = text.partition(" ")
        try:
            if not text:
                raise problem("bad-decision-table", "a column without a header",
                              "name the input, or remove the column", cell.span)
            if text in _REMARKS:
                _once(text, found.remarks, cell)
                found.remarks[index] = text
            elif word == "then":
                name = name.strip()
                if not name:
                    raise problem("bad-decision-table", "`then` what?",
                                  "write `then` and the name of the decision or output: `then action`", cell.span)
                check_name(name, cell.span)
                _once(name, found.outputs, cell)
                found.outputs[index] = name
            else:
                found.inputs.append(index)
        except Problems as error:
            problems += error.diagnostics
    if not found.outputs and not problems:
        problems.append(Diagnostic("bad-decision-table", "no column says what the rows decide",
                                   "add a column `then` with the decision's name: `then action`", header[-1].span))
    if problems:
        raise Problems(*problems)
    return found


def _once(name: str, taken: dict[int, str], cell: Scalar) -> None:
    if name in taken.values():
        raise problem("bad-decision-table", f"a second column `{cell.text.strip()}`", "remove one", cell.span)


def _row(cells: Cells, columns: _Columns) -> Mapping:
    row = Mapping(cells[0].span)
    when, then = Sequence(cells[0].span), Mapping(cells[0].span)
    when.extend(cells[i] for i in columns.inputs)
    for index, name in columns.outputs.items():
        if cells[index].text.strip():
            then[name], then.keys_at[name] = cells[index], cells[index].span
    row["when"], row["then"] = when, then
    for index, key in columns.remarks.items():
        cell = cells[index]
        if cell.text.strip():
            row[key] = _words(cell) if key == "cites" else attrs.evolve(cell, plain=False)
    row.keys_at = dict.fromkeys(row, cells[0].span)
    return row


def _words(cell: Scalar) -> Sequence:
    words = Sequence(cell.span)
    words.extend(Scalar(w[0], False, cell.locate(*w.span()), w[0]) for w in re.finditer(r"\S+", cell.text))
    return words
