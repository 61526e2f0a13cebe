"""Explanations, to the letter. The expected texts stand in `tests/explanations`.

After a change that is meant, `SAMRULES_REWRITE=1 pytest tests/test_explain.py` writes them anew;
read every changed line aloud before committing it.
"""

from __future__ import annotations

import json
import os
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import samrules
from samrules.explain.brief import brief
from samrules.explain.rules_in_words import carried

pytestmark = pytest.mark.usefixtures("engine")

HERE = Path(__file__).parent / "explanations"
RULES, SERVING = (samrules.loads((HERE / name).read_text("utf-8"), file=name, folder=HERE)
                  for name in ("programme.yaml", "serving.yaml"))
TODAY = date(2026, 11, 21)

NORVALE: dict[str, Any] = {
    "account_id": "N-1", "account_name": "Norvale", "status": "strategic", "designated_on": date(2024, 5, 21),
    "revenue_ttm": 2_200_000, "revenue_target": 2_500_000, "margin": 0.03, "promises_made": 20, "promises_kept": 18,
    "discount_requests": 1, "decision_makers": 1, "escalations": 0, "csat": 6.5, "fit": 3, "wants_more": False,
    "reaffirmed": False,
}
LUMEN = {**NORVALE, "account_id": "L-1", "account_name": "Lumen", "status": "none", "designated_on": None,
         "revenue_ttm": 6_400_000, "margin": 0.34, "fit": 4, "decision_makers": 4, "wants_more": True}
REVIEWS = [
    {**NORVALE, "review_date": date(2026, 5, 20), "wants_more": True},
    {**NORVALE, "review_date": date(2026, 8, 20), "wants_more": True, "fit": None},
]


def without(facts: dict[str, Any], *names: str) -> dict[str, Any]:
    return {k: v for k, v in facts.items() if k not in names}


CASES: dict[str, tuple[dict[str, Any], list[dict[str, Any]], str | None]] = {
    "why_released": (NORVALE, [], None),
    "why_not_kept": (NORVALE, [], "keep"),
    "why_not_waiting": (NORVALE, [], "wait"),
    "why_stopped": ({**NORVALE, "reaffirmed": True}, [], "release"),
    "why_kept": (LUMEN, [], None),
    "why_not_released": (LUMEN, [], "release"),
    "why_kept_is_kept": (LUMEN, [], "keep"),
    "why_open": (without(LUMEN, "fit", "wants_more", "promises_kept"), [], None),
    "why_not_kept_yet": (without(LUMEN, "fit", "wants_more", "promises_kept"), [], "keep"),
    "why_nothing_known": ({"account_id": "X-9"}, [], None),
    "why_no_result": ({**LUMEN, "promises_made": 0, "promises_kept": 0}, [], None),
    "why_waiting": ({**LUMEN, "revenue_ttm": 4_999_999.5, "decision_makers": 1, "fit": 5}, [], None),
    "why_assumed": (without({**NORVALE, "wants_more": True, "fit": 1}, "escalations"), REVIEWS, None),
    "why_incomplete_review": ({**NORVALE, "wants_more": True}, [{**REVIEWS[0], "revenue_target": None, "escalations": None},
                                                                {**REVIEWS[1], "fit": 3}], None),
    "why_not_sustained": ({**NORVALE, "wants_more": True}, REVIEWS[1:], "watch"),
}


ASKING: dict[str, dict[str, Any]] = {
    "parts_settled": {**LUMEN, "csat": 8.5, "escalations": 0},
    "parts_open": without({**LUMEN, "csat": 8.5}, "fit"),
    "parts_otherwise": {**LUMEN, "decision_makers": 1, "fit": 5},
    "parts_conflict": {**NORVALE, "csat": 8.5, "escalations": 2},
}


@pytest.mark.parametrize("name", ASKING)
def test_what_a_decision_rests_on_to_the_letter(name: str) -> None:
    decision = SERVING.decide(ASKING[name], as_of=TODAY)
    _compare(HERE / f"{name}.txt", str(decision.why()))
    assert max(map(len, str(decision.why()).splitlines())) <= 100


def test_what_a_decision_rests_on_as_data() -> None:
    decision = SERVING.decide(ASKING["parts_open"], as_of=TODAY)
    _compare(HERE / "parts_open.md", decision.why().markdown())
    _compare(HERE / "parts_open.json", json.dumps(decision.why().to_dict(), ensure_ascii=False, indent=1) + "\n")
    _compare(HERE / "parts_open.decision.json", json.dumps(decision.to_dict(), ensure_ascii=False, indent=1) + "\n")


@pytest.mark.parametrize("name", CASES)
def test_explanations_to_the_letter(name: str) -> None:
    facts, history, why_not = CASES[name]
    decision = RULES.decide(facts, history=history, as_of=TODAY)
    explanation = decision.why_not(why_not) if why_not else decision.why()
    _compare(HERE / f"{name}.txt", str(explanation))


@pytest.mark.parametrize("name", ["why_released", "why_open"])
def test_markdown_to_the_letter(name: str) -> None:
    facts, history, _ = CASES[name]
    hostile = {**facts, "account_name": "<script>*Nor_vale* [x](y)"}
    decision = RULES.decide(hostile, history=history, as_of=TODAY)
    _compare(HERE / f"{name}.md", decision.why().markdown())


@pytest.mark.parametrize("name", ["why_released", "why_not_kept_yet"])
def test_data_to_the_letter(name: str) -> None:
    facts, history, why_not = CASES[name]
    decision = RULES.decide(facts, history=history, as_of=TODAY)
    explanation = decision.why_not(why_not) if why_not else decision.why()
    _compare(HERE / f"{name}.json", json.dumps(explanation.to_dict(), ensure_ascii=False, indent=1) + "\n")
    _compare(HERE / f"{name}.decision.json", json.dumps(decision.to_dict(), ensure_ascii=False, indent=1) + "\n")


def test_an_outcome_that_does_not_exist() -> None:
    decision = RULES.decide(NORVALE, as_of=TODAY)
    with pytest.raises(samrules.FactError) as error:
        decision.why_not("releas")
    assert error.value.diagnostics[0].help == "did you mean `release`?"


@pytest.mark.parametrize("name", sorted(CASES))
def test_no_line_is_wider_than_a_page(name: str) -> None:
    facts, history, why_not = CASES[name]
    decision = RULES.decide(facts, history=history, as_of=TODAY)
    text = str(decision.why_not(why_not) if why_not else decision.why())
    assert max(map(len, text.splitlines())) <= 100


def _compare(path: Path, text: str) -> None:
    """The text is that of the file, whichever engine it names."""
    text = re.sub('"engine": "(durable|compiled)"', '"engine": "interpreter"', text)
    if os.environ.get("SAMRULES_REWRITE"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


SETTLING = """\
ruleset: settling
version: 1.0.0
facts:
  state: {type: "enum [out, new, old]", title: place in the programme}
  since: {type: date, title: start of the present place}
  good: {type: boolean, title: it does well}
  asked: {type: boolean, title: it asked to leave}
parameters: {settle: {title: How long an account stays, type: duration, values: {1990-01-01: 12 months}}}
lifecycles:
  place:
    on_record: state
    since: since
    start: out
    states: {out: , new: {at_least: settle}, old: {at_least: settle}}
    transitions:
      leave: {title: Leaves, from: [new, old], to: out, when: not good, waived_by: asked}
      enter: {title: Enters, from: out, to: new, when: good}
      age: {title: Grows old, from: [out, new], to: old, when: good and not asked}
decide: {place: {outcomes: [out, new, old], hit_policy: first, otherwise: out}}
"""


def test_a_least_time_is_said_of_the_states_it_is_about() -> None:
    """One time for all states that a transition leads from takes one line; states with the same time stand together."""
    rules = samrules.loads(SETTLING)
    facts = {"account_id": "A", "state": "new", "since": date(2026, 6, 1), "good": False, "asked": False}
    said = str(rules.decide(facts, as_of=TODAY).why_not("out"))
    assert said[said.index("The rule") : said.index("The rule “Stays")] == """\
The rule “Leaves” does not hold
  ✓ place in the programme: new, as needed
  ✓ it does well: no
  ✗ any of these
      ✗ it asked to leave: no, yes needed
      ✗ start of the present place: 1 June 2026, 5 months ago, at least 12 months needed (7
        months short)

"""
    said = str(rules.decide({**facts, "good": True}, as_of=TODAY).why_not("old"))
    assert "would have to fail" not in said  # staying comes after the transition, which would be tried first
    assert said[said.index("The rule") : said.index("The rule “Stays")] == """\
The rule “Grows old” does not hold
  ✓ place in the programme: new, as needed
  ✓ it does well: yes
  ✓ it asked to leave: no
  ✗ any of these
      ✗ place in the programme: new, out needed
      ✗ all of these
          ✓ place in the programme: new, as needed
          ✗ start of the present place: 1 June 2026, 5 months ago, at least 12 months needed (7
            months short)

"""


def test_what_is_carried_stands_in_one_line() -> None:
    """A text is as it is, a bare word is a word; what is not known is gathered at the end."""
    text = samrules.loads("ruleset: r\nversion: 1.0.0\nfacts: {note: {type: text}, pace: {type: integer}}\n"
                          "rules: {a: {when: pace > 1, then: {d: x, so: be_it}}}\n"
                          "decide: {d: {outcomes: [x, y], otherwise: y, always: {pace: {value: pace}, half: {value: pace / 2}, "
                          "said: {value: note}}}}\n")
    known = text.decide({"account_id": "A", "note": "a_b", "pace": 2}, as_of=TODAY)
    assert carried(known.outputs, None) == "pace: 2; half: 1; said: a_b; so: be it"
    assert "· said: a_b" in str(known.why())
    assert carried(text.decide({"account_id": "A", "note": "a_b"}, as_of=TODAY).outputs, None) == \
        "said: a_b; not known: pace, half"
    assert carried(text.decide({"account_id": "A"}, as_of=TODAY).outputs, None) == "not known: pace, half, said"


def test_what_is_made_of_several_ladders_says_of_which() -> None:
    one = "step: {on_record: level, levels: {1: , 2: {title: quality, requires: csat > 5}}}"
    text = "ruleset: r\nversion: 1.0.0\nfacts: {level: {type: ordinal 1..2}, csat: {type: number}}\nladders:\n  LADDERS\n" \
           "decide: {move: {outcomes: [demote, promote, hold], otherwise: hold}}\n"
    facts = {"account_id": "A", "level": 1, "csat": 9}
    alone = str(samrules.loads(text.replace("LADDERS", one)).decide(facts, as_of=TODAY).why())
    assert "“From level 1 to quality”\n" in alone
    assert "✓ there is evidence for level 2, quality\n" in alone
    two = f"{one}\n  rung: {{title: trust, on_record: level, levels: {{1: , 2: {{requires: csat > 6}}}}}}"
    both = str(samrules.loads(text.replace("LADDERS", two)).decide(facts, as_of=TODAY).why())
    assert "“From level 1 to quality (step)”\n" in both
    assert "“From level 1 to level 2 (trust)”\n" in both
    assert "✓ there is evidence for level 2 (trust)\n" in both


# --- open though no missing fact of this review bears on it ---------------------------------------

LACKING = """
ruleset: lacking
version: 1.0.0
facts: {a: {type: boolean}, b: {type: boolean, title: the customer stays}, n: {type: number, title: orders}, m: {type: number, title: visits}}
rules: {x: {when: WHEN, then: {z: go}, sustained: 3 reviews}}
decide: {z: {outcomes: [go, stay], otherwise: stay}}
"""
ASKER = """
ruleset: asker
version: 1.0.0
uses: [lacking]
rules: {x: {when: 'lacking.z = "go"', then: {y: go}}}
decide: {y: {outcomes: [go, stay], otherwise: stay}}
"""
KNOWN = {"a": True, "b": True, "n": 3, "m": 1}


@pytest.mark.parametrize(("when", "now", "reviews", "says"), [
    ("a and b", {}, [{"b": None}, {"a": None, "b": None}],
     "The review of 1 June 2026 lacks whether the customer stays; the review of 1 March 2026 lacks a and whether the customer stays."),
    ("if a then b else n > 1", {}, [{}, {"b": None, "n": None}], "The review of 1 March 2026 lacks whether the customer stays."),
    ("n / m > 2", {"m": 0}, [{}, {"m": 0}], "Orders ÷ visits has no result; orders ÷ visits had no result at the review of 1 March 2026."),
    ("n / m > 2", {}, [{}, {"n": None}], "The review of 1 March 2026 lacks orders."),
    ("a and b and n / m > 2 and n > 0", {"m": 0}, [{"n": None, "m": 0}, {"a": None, "m": 0}],
     "Orders ÷ visits has no result; the review of 1 June 2026 lacks orders; "
     "the review of 1 March 2026 lacks a; and 1 more thing of this kind."),
])
def test_what_leaves_it_open_is_named(tmp_path: Path, when: str, now: dict[str, Any], reviews: list[dict[str, Any]],
                                      says: str) -> None:
    """Asked by itself and by another ruleset: what an earlier review lacks, and what has no result."""
    text = LACKING.replace("WHEN", f"'{when}'")
    (tmp_path / "lacking.yaml").write_text(text, encoding="utf-8")
    history = [{**KNOWN, **given, "review_date": date(2026, month, 1)} for given, month in zip(reviews, (6, 3), strict=True)]
    for rules in (samrules.loads(text), samrules.loads(ASKER, folder=tmp_path)):
        decision = rules.decide({"account_id": "A", **KNOWN, **now}, history=history[::-1], as_of=TODAY)
        assert decision.outcome == "evidence_needed"
        assert decision.deciding_unknowns == ()
        assert brief(decision) == f"Open: go or stay. {says}"
