"""Nodes to the one canonical text. Parsing it gives the same nodes back."""

from __future__ import annotations

from samrules.model import expressions as ex
from samrules.syntax.literals import constant_text

# From loosest to tightest, as the grammar nests them.
_IF, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _UNARY, _ATOM = range(9)

_ARITHMETIC = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}


def text_of(node: ex.Expr) -> str:
    """The canonical text of an expression. A core node shows what it was reduced from."""
    return _text(node)[0]


def _text(node: ex.Expr) -> tuple[str, int]:
    """The text and how tightly it binds."""
    if node.written is not None:
        return _text(node.written)
    match node:
        case ex.Literal(value=value, kind=kind):
            text = constant_text(value, kind)
            return text, _UNARY if text.startswith("-") else _ATOM
        case ex.Name(name=name):
            return name, _ATOM
        case ex.Not(operand=operand):
            return f"not {_in(operand, _NOT)}", _NOT
        case ex.All(operands=operands):
            return " and ".join(_in(o, _NOT) for o in operands), _AND
        case ex.Any_(operands=operands):
            return " or ".join(_in(o, _AND) for o in operands), _OR
        case ex.AtLeast(count=count, operands=operands):
            return f"at_least {count} of [{', '.join(_in(o, _IF) for o in operands)}]", _ATOM
        case ex.Compare(operator=operator, left=left, right=right):
            return f"{_in(left, _SUM)} {operator} {_in(right, _SUM)}", _COMPARE
        case ex.Between(subject=subject, low=low, high=high):
            return f"{_in(subject, _SUM)} between {_in(low, _SUM)} and {_in(high, _SUM)}", _COMPARE
        case ex.In(subject=subject, items=items):
            return f"{_in(subject, _SUM)} in [{', '.join(_in(i, _SUM) for i in items)}]", _COMPARE
        case ex.Known(subject=subject, known=known):
            return f"{_in(subject, _SUM)} is {'known' if known else 'missing'}", _COMPARE
        case ex.Arithmetic(operator=operator, left=left, right=right):
            level = _ARITHMETIC[operator]
            return f"{_in(left, level)} {operator} {_in(right, level + 1)}", level
        case ex.Negate(operand=operand):
            return f"-{_in(operand, _UNARY)}", _UNARY
        case ex.Call(function=function, arguments=arguments):
            return f"{function}({', '.join(_in(a, _IF) for a in arguments)})", _ATOM
        case ex.If(condition=condition, then=then, otherwise=otherwise):
            parts = (_in(condition, _IF), _in(then, _IF), _in(otherwise, _IF))
            return "if {} then {} else {}".format(*parts), _IF
        case ex.Certain(operand=operand):
            return f"certain({_in(operand, _IF)})", _ATOM
        case ex.Possible(operand=operand):
            return f"possible({_in(operand, _IF)})", _ATOM
        case ex.Maybe(certain=certain, possible=possible):
            return f"maybe({_in(certain, _IF)}, {_in(possible, _IF)})", _ATOM
        case ex.Cutoff(duration=duration):
            return f"cutoff({_in(duration, _IF)})", _ATOM
        case ex.Held(operand=operand, reviews=reviews, over=over):
            span = f" over {over}" if over is not None else ""
            return f"held({_in(operand, _IF)}, {reviews} reviews{span})", _ATOM
    raise TypeError(f"no text for {type(node).__name__}")


def _in(node: ex.Expr, level: int) -> str:
    """The text of an operand, in parentheses where it binds more loosely than its place asks."""
    text, binds = _text(node)
    return text if binds >= level else f"({text})"
