"""Explanations, to the letter. The expected texts stand in `tests/explanations`.

After a change that is meant, `SAMRULES_REWRITE=1 pytest tests/test_explain.py` writes them anew;
read every changed line aloud before committing it.
"""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import samrules

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
    text = text.replace('"engine": "durable"', '"engine": "interpreter"')
    if os.environ.get("SAMRULES_REWRITE"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")
