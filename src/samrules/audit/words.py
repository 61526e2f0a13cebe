"""Records as an auditor reads them: the log, a record, why, what verify and replay found."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from samrules.audit.record import Kind, Record
from samrules.audit.replay import Difference, Replay
from samrules.audit.verify import Verification
from samrules.decision.words import counted, day, listed, number, sentence, value_in_words, word
from samrules.inputs.facts import BadValue, convert
from samrules.model.ruleset import EventType, Fact

if TYPE_CHECKING:
    from samrules.audit.effective import Effective
    from samrules.audit.ledger import Ledger
    from samrules.decision.decision import Decision
    from samrules.rules import Rules

_WIDTH = 96
_CHANGES_SHOWN = 12
_KINDS = {Kind.DECISION: "decisions", Kind.OVERRIDE: "overrides", Kind.WITHDRAWAL: "withdrawals", Kind.RULESET: "rulesets",
          Kind.CHECKPOINT: "checkpoints"}


def moment(at: datetime) -> str:
    """`22 November 2026, 09:30:12 UTC`."""
    return f"{day(at.date())}, {at:%H:%M:%S} UTC"


def outcome_of(outcome: str | Sequence[str] | None) -> str:
    if outcome is None:
        return "nothing"
    return word(outcome) if isinstance(outcome, str) else listed([word(o) for o in outcome]) if outcome else "nothing"


def who(record: Record) -> str:
    """`Norvale (norvale)`, or the id alone."""
    name, account = record.account_name, str(record.account)
    return f"{name} ({account})" if name and name != account else account


def ruleset_of(record: Record) -> str:
    return f"{record.ruleset} {record.version}" if record.version else str(record.ruleset)


# --- the log -------------------------------------------------------------------------------------

_COLUMNS = ("No.", "Written (UTC)", "For the day", "Account", "What")


def log(records: Iterator[Record], last: int) -> Iterator[str]:
    """A line for each record; `last` is the largest number there can be."""
    wide = max(len(str(last)), 3)
    yield f"{_COLUMNS[0]:>{wide}}  {_COLUMNS[1]:<19}  {_COLUMNS[2]:<11}  {_COLUMNS[3]:<24}  {_COLUMNS[4]}"
    for record in records:
        account = _cut(who(record), 24) if record.account is not None else ""
        of_day = record.columns.as_of or ""
        yield f"{record.seq:>{wide}}  {record.at:%Y-%m-%d %H:%M:%S}  {of_day:<11}  {account:<24}  {what(record)}"


def what(record: Record) -> str:
    """What a record says, in a line."""
    body = record.body
    match record.kind:
        case Kind.LEDGER:
            return "the ledger was begun"
        case Kind.RULESET:
            return f"the ruleset {ruleset_of(record)}, {_short(str(record.digest))}"
        case Kind.DECISION:
            together = f", with {record.batch.size - 1} others" if record.batch is not None and record.batch.size > 1 else ""
            return f"{outcome_of(record.outcome)}, by {ruleset_of(record)}{together}"
        case Kind.OVERRIDE:
            return (f"override of {body['overrides']}: {outcome_of(record.outcome)} until {body['expires']}, "
                    f"by {body['by']}: {_flat(body['reason'])}")
        case Kind.WITHDRAWAL:
            return f"override {body['withdraws']} withdrawn by {body['by']}: {_flat(body['reason'])}"
    return f"checkpoint: the records 1 to {body['records']} signed with the key {body['key']}"


# --- one record ----------------------------------------------------------------------------------


def show(record: Record, ledger: Ledger) -> str:
    """All of a record, in words."""
    body = record.body
    head = f"Record {record.seq}: {_heading(record)}"
    rows = [("written", moment(record.at) + (f", by samrules {body['samrules']}" if "samrules" in body else ""))]
    rest: list[str] = []
    match record.kind:
        case Kind.DECISION:
            rules = ledger.rules(str(record.digest))
            rows += _decided(record)
            rest = [*_because(body["decision"]), *_given(body, rules)]
        case Kind.OVERRIDE:
            rows += [("in place of", f"the decision of record {body['overrides']}"), ("outcome", outcome_of(record.outcome)),
                     ("holds", f"from {_day(body['since'])} to {_day(body['expires'])}"), ("by", body["by"]), ("reason", _flat(body["reason"]))]
        case Kind.WITHDRAWAL:
            rows += [("takes back", f"the override of record {body['withdraws']}"), ("from", _day(body["since"])), ("by", body["by"]),
                     ("reason", _flat(body["reason"]))]
        case Kind.RULESET:
            rows += [("ruleset", f"{ruleset_of(record)}: {body['title']}"), ("digest", str(record.digest))]
            rest = ["Files", *(f"  {path}" for path in body["files"]), ""]
        case Kind.CHECKPOINT:
            rows += [("signs", f"the records 1 to {body['records']}, the last with the hash {body['head']}"), ("key", body["key"]),
                     ("signature", body["signature"])]
    chain = [("hash", record.hash), ("before it", record.prev if record.seq > 1 else "nothing: it is the first record")]
    return "\n".join([head, "=" * min(len(head), _WIDTH), *_rows(rows), "", *rest, "In the chain", *_rows(chain)]) + "\n"


def _heading(record: Record) -> str:
    match record.kind:
        case Kind.DECISION:
            return f"a decision on {who(record)}"
        case Kind.OVERRIDE | Kind.WITHDRAWAL:
            return f"an {record.kind} about {who(record)}" if record.kind is Kind.OVERRIDE else f"a withdrawal about {who(record)}"
        case Kind.LEDGER:
            return "the ledger was begun"
    return f"a {record.kind}"


def _decided(record: Record) -> list[tuple[str, str]]:
    body, decision = record.body, record.body["decision"]
    rows = [("for the day", _day(body["as_of"])), ("ruleset", f"{ruleset_of(record)}, {record.digest}"), ("engine", body["engine"])]
    if record.batch is not None:
        rows.append(("together with", f"{counted(record.batch.size - 1, 'other accounts')}, as {record.batch.place} of {record.batch.size}"))
    said = outcome_of(record.outcome)
    if not decision["settled"]:
        said += f"; possible: {listed([word(o) for o in decision['possible']], 'or')}"
    rows.append(("outcome", said))
    carried = [f"{word(name)}: {word(str(value)) if value is not None else 'not known'}" for name, value in decision["outputs"].items()]
    return [*rows, *([("with it", ", ".join(carried))] if carried else [])]


def _because(decision: Mapping[str, Any]) -> list[str]:
    lines = [line for rule in decision["fired"] for line in _item(f"{rule['title']}" + (f": {rule['because']}" if rule["because"] else ""))]
    if decision["deciding_unknowns"]:
        lines += _item(f"not known, and it would decide: {', '.join(decision['deciding_unknowns'])}")
    return ["Rules that held", *lines, ""] if lines else []


def _given(body: Mapping[str, Any], rules: Rules) -> list[str]:
    """The facts, reviews and events that it was decided on, by the words of the ruleset as it was then."""
    currency = rules.plan.currency
    lines = ["Facts", *(_fact(name, value, rules.facts.get(name), currency) for name, value in body["facts"].items()), ""]
    for review in body["history"]:
        lines += [f"Facts at the review of {_day(review['date'])}",
                  *(_fact(name, value, rules.facts.get(name), currency) for name, value in review["facts"].items()), ""]
    if body["recorded"]:
        lines += ["Events"]
        lines += _rows([(_day(e["date"]), _event(e, rules)) for e in body["events"]]) or ["  none"]
        lines += ["", *textwrap.wrap(f"Kinds of events of which this is the whole record: {', '.join(body['recorded'])}.", _WIDTH), ""]
    return lines


def _fact(name: str, value: Any, fact: Fact | None, currency: str | None) -> str:
    return f"  {_title(fact, name)}: {_value(value, fact, currency)}  [{name}]"


def _title(declared: Fact | EventType | None, name: str) -> str:
    return declared.title if declared is not None and declared.title else word(name)


def _value(value: Any, fact: Fact | None, currency: str | None) -> str:
    try:
        return _flat(value_in_words(convert(value, fact), fact.type, currency)) if fact is not None else str(value)
    except BadValue:
        return str(value)


def _event(event: Mapping[str, Any], rules: Rules) -> str:
    kind = rules.events.get(event["event"])
    declared = {f.name: f for f in kind.fields} if kind is not None else {}
    said = [f"{_title(declared.get(name), name)}: {_value(value, declared.get(name), rules.plan.currency)}" for name, value in event["fields"].items()]
    return _title(kind, event["event"]) + (f" ({'; '.join(said)})" if said else "")


# --- why -----------------------------------------------------------------------------------------


def why(found: Effective, decision: Decision | None, same: bool, problem: str | None, head: int, shown: str) -> str:
    """What holds for an account on a day, why, and what of it is on record."""
    record = found.decision
    name = who(record) if record is not None else found.account
    head_line = f"{name} on {day(found.on)}: {outcome_of(found.outcome)}"
    lines = [head_line, "=" * min(len(head_line), _WIDTH)]
    if found.override is not None:
        lines += [*_override(found.override), ""]
        lines += [f"The rules decided {outcome_of(record.outcome)}; their decision stands unchanged in record {record.seq}:", ""] if record else []
    elif found.lapsed:
        last = found.lapsed[0]
        lines += _wrapped(f"No override holds on that day. One did: {outcome_of(last.outcome)}, from {_day(last.body['since'])} to "
                          f"{_day(last.body['expires'])} at the latest, by {last.body['by']} (record {last.seq}).")
        lines += [""]
    if record is None:
        return "\n".join([*lines, "Nothing was decided up to that day.", ""])
    if decision is not None:
        lines += [str(decision.why()).rstrip(), ""]
    elif record.decision is not None:
        lines += _because(record.decision)
    lines += ["On record", "---------",
              *_wrapped(f"Record {record.seq} of {number(head)} in {shown}, written {moment(record.at)}, by {ruleset_of(record)} for {_day(record.columns.as_of)}."),
              *_wrapped(_again(same, problem)),
              *_wrapped(f"Its hash is {record.hash}."),
              *_wrapped(f"That nothing was changed since is shown by `samrules audit verify {shown}`.")]
    return "\n".join(lines) + "\n"


def _again(same: bool, problem: str | None) -> str:
    if problem is not None:
        return f"It could not be decided again: {problem}. What stands above is as recorded."
    if same:
        return "Decided again now, from the record and from the ruleset as it was recorded: the same decision."
    return "Decided again now, it comes out differently: what stands above is the decision of now. `samrules audit replay` says what differs."


def _override(record: Record) -> list[str]:
    body = record.body
    return _wrapped(f"A person's word holds in place of the rules: {outcome_of(record.outcome)}, from {_day(body['since'])} to "
                    f"{_day(body['expires'])}. {body['by']}: {sentence(_flat(body['reason']))} (record {record.seq}, written {moment(record.at)})")


# --- verify and replay ---------------------------------------------------------------------------


def verified(found: Verification, shown: str, asked_head: str | None, with_key: bool) -> str:
    """What verify found, whole."""
    if found.finding is not None:
        lines = [f"{shown} does not hold.", "", *_wrapped(f"{_first_wrong(found)}", "  "), ""]
        lines += _wrapped(f"The {counted(found.records, 'records')} before it hold." if found.records else "No record holds.")
        for more in found.more:
            lines += _wrapped(f"Besides: {more}.")
        return "\n".join(lines) + "\n"
    kinds = [counted(found.counts[str(kind)], plural) for kind, plural in _KINDS.items() if found.counts.get(str(kind))]
    assert found.first is not None and found.last is not None
    lines = [f"{shown} holds." if found.ok else f"The chain of {shown} holds, and yet:"]
    for more in found.more:
        lines += ["", *_wrapped(sentence(str(more)), "  ")]
    lines += ["", *_wrapped(f"{counted(found.records, 'records')}: {listed(kinds) if kinds else 'nothing but its beginning'}. Written from "
                            f"{moment(found.first)} to {moment(found.last)}."),
              *_wrapped("Each record has the hash of what it says and follows the one before; each ruleset loads to the digest that it is "
                        "recorded under.")]
    if found.masked:
        lines += _wrapped(f"{counted(found.masked, 'parts')} are masked: what they say is not shown, and is committed to by their hashes.")
    if found.signed:
        after = found.records - found.signed
        lines += _wrapped(f"The records 1 to {found.signed} are signed with the key given" + (f"; the {counted(after, 'records')} after them not yet." if after > 1 else "."))
    elif found.checkpoints and not with_key:
        lines += _wrapped(f"{counted(found.checkpoints, 'checkpoints')} signed; `--key` with the public key verifies the signatures.")
    if asked_head is not None and found.ok:
        lines += ["The head that was kept is in it."]
    if found.more:
        return "\n".join(lines) + "\n"
    lines += ["", f"Head: {found.records}:{found.hash}",
              *_wrapped("Keep this line where nobody who can write to the ledger can reach it. Records cut off the end, or all written anew, "
                        "show only against it: `--head`.")]
    return "\n".join(lines) + "\n"


def _first_wrong(found: Verification) -> str:
    finding = found.finding
    assert finding is not None
    return f"Record {finding.seq} is the first that does not hold: {finding.what}." if finding.seq is not None else sentence(finding.what)


def replayed(found: Replay) -> str:
    if not found.decisions:
        return "There is no such decision on record.\n"
    days = f" of {day(found.first)}" if found.first is not None and found.first == found.last else \
        f" from {day(found.first)} to {day(found.last)}" if found.first is not None and found.last is not None else ""
    by = f"by {counted(found.rulesets, 'rulesets')} as recorded" if found.rulesets != 1 else "by the ruleset as it was recorded"
    different = found.decisions - found.same
    said = "all the same" if different == 0 and found.decisions > 1 else "the same" if different == 0 else \
        f"{number(found.same)} the same, {number(different)} not"
    lines = _wrapped(f"{counted(found.decisions, 'decisions')}{days} decided again, {by}: {said}.")
    for difference in found.differences:
        lines += ["", *_difference(difference)]
    if different > len(found.differences):
        lines += ["", f"… and {counted(different - len(found.differences), 'more decisions')} that differ"]
    return "\n".join(lines) + "\n"


def _difference(found: Difference) -> list[str]:
    record = found.record
    lines = [f"Record {record.seq}, {who(record)}, {ruleset_of(record)}, {_day(record.columns.as_of)}"]
    if found.problem is not None:
        return [*lines, *_wrapped(f"cannot be decided again: {found.problem}", "  ")]
    for change in found.changes[:_CHANGES_SHOWN]:
        lines += _item(f"{change.path}: recorded {_shown(change.recorded)}, now {_shown(change.now)}")
    if more := len(found.changes) - _CHANGES_SHOWN:
        lines += [f"  and {counted(more, 'more parts')}"] if more > 0 else []
    return lines


def _shown(value: Any) -> str:
    from samrules.audit.parts import as_text

    return "nothing" if value is None else _cut(value if isinstance(value, str) else as_text(value), 200)


# --- lines ---------------------------------------------------------------------------------------


def _rows(rows: Sequence[tuple[str, str]]) -> list[str]:
    wide = min(max((len(name) for name, _ in rows), default=0), 60)
    return [f"  {name:<{wide}}  {value}" for name, value in rows]


def _item(text: str) -> list[str]:
    return textwrap.wrap(_flat(text), _WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _day(text: str | None) -> str:
    return day(date.fromisoformat(text)) if text else "no day"


def _flat(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str, most: int) -> str:
    text = _flat(text)
    return text if len(text) <= most else text[: most - 1] + "…"


def _short(digest: str) -> str:
    return f"{digest[:19]}…"
