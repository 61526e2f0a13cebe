"""Decision tables of a ruleset as tables of DMN."""

from __future__ import annotations

from collections.abc import Callable

from samrules.check.checker import CheckedRuleset
from samrules.check.scope import Role
from samrules.diagnostics import Diagnostic
from samrules.exchange.dmn_model import HIT_POLICIES, REMARKS, Output, Row, Table
from samrules.exchange.feel import Feel, Unsayable, constant, length
from samrules.exchange.result_types import ANY, one_of, type_of_value
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import Duration, Value
from samrules.plan.plan import Plan


def drawn(table: rs.DecisionTable, checked: CheckedRuleset, plan: Plan, feel: Feel, notes: list[Diagnostic],
          type_of: Callable[[str], str]) -> Table | None:
    """The table, or None with a note that says why its rows are only among the rules."""
    decide = plan.decision.decide if plan.decision is not None else None
    assert decide is not None  # a ruleset with tables decides
    try:
        return _Drawing(table, checked, feel, decide).table(type_of)
    except Unsayable as error:
        notes.append(Diagnostic(
            "dmn-left-out", f"the table `{table.name}` is not written as a table: {error}",
            "nothing, if that is enough: its rows are in the file as conditions, and the outcome rests on those", table.span))
        return None


class _Drawing:
    def __init__(self, table: rs.DecisionTable, checked: CheckedRuleset, feel: Feel, decide: rs.Decide) -> None:
        self.rows, self.inputs, self.because, self.cites = table.rows, table.inputs, table.because, table.cites
        self.scope, self.feel, self.decide = checked.scopes[checked.main.name], feel, decide

    def table(self, type_of: Callable[[str], str]) -> Table:
        """`type_of` gives the type of an input by its absolute name."""
        inputs = [(self.feel.names[name], type_of(name)) for name in map(self.name, self.inputs)]
        names = dict.fromkeys([self.decide.name, *(a.name for row in self.rows for a in row.then)])
        outputs = [self.output(name) for name in names]
        remarks = [r for r in REMARKS if any(self.remark(row, r) for row in self.rows)]
        rows = [Row(tuple(map(self.cell, row.when)), tuple(self.sets(row, o) for o in names),
                    tuple(self.remark(row, r) for r in remarks)) for row in self.rows]
        return Table(HIT_POLICIES[self.decide.hit_policy], tuple(inputs), tuple(outputs), tuple(rows), tuple(remarks), self.because, self.cites)

    def output(self, name: str) -> Output:
        if name != self.decide.name:
            values = [a.value for row in self.rows for a in row.then if a.name == name]
            return Output(name, type=one_of(ANY if isinstance(v, ex.Expr) else type_of_value(v) for v in values))
        default = constant(self.decide.otherwise) if self.decide.otherwise is not None else None
        return Output(name, tuple(map(constant, self.decide.outcomes)), default, "string")

    def sets(self, row: rs.TableRow, name: str) -> str:
        value = next((a.value for a in row.then if a.name == name), None)
        if value is None:
            return "null"
        if isinstance(value, Duration):
            return length(value)
        return self.operand(value) if isinstance(value, ex.Expr) else constant(value)

    def remark(self, row: rs.TableRow, name: str) -> str:
        if name == "cites":
            return " ".join(row.cites)
        return (row.title if name == "title" else row.because) or ""

    def name(self, node: ex.Expr) -> str:
        """The absolute name of a fact, or of a definition that is a value: what stands for itself in FEEL."""
        if isinstance(node, ex.Name):
            meaning = self.scope.get(node.name)
            if meaning is not None and meaning.role in (Role.FACT, Role.DEFINITION) and meaning.absolute in self.feel.names:
                return meaning.absolute
        raise Unsayable("an input that is no fact and no definition")

    def operand(self, node: ex.Expr) -> str:
        if isinstance(node, ex.Name):
            meaning = self.scope.get(node.name)
            if meaning is not None and meaning.role is Role.PARAMETER:
                value: Value = self.feel.parameters[meaning.absolute]
                return constant(value)
            return self.feel.names[self.name(node)]
        if isinstance(node, ex.Literal):
            return constant(node.value)
        if isinstance(node, ex.Negate) and isinstance(node.operand, ex.Literal):
            return f"-{constant(node.operand.value)}"
        raise Unsayable("a cell that calculates")

    def cell(self, cell: rs.Cell) -> str:
        operands = [self.operand(o) for o in cell.operands]
        match cell.test:
            case "any":
                return "-"
            case "known":
                return "not(null)"
            case "missing":
                return "null"
            case "between":
                return f"[{operands[0]}..{operands[1]}]"
            case "!=":
                return f"not({operands[0]}, null)"
            case "=" | "in":
                return ", ".join(operands)
        return f"{cell.test} {operands[0]}"
