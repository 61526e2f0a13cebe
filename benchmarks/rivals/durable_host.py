"""durable_rules' own Host: the network of rules that `samrules.engines.durable_lowering` makes of a plan, run as
its manual has it: facts are asserted, actions assert what follows, and the state is deleted after each account.

It stays with what its action computes in Python, and with the Host's two threads; `benchmarks/durable_host.py` says
where the Host errs. Earlier reviews are told as one fact, as the engine `durable` does.
"""

from __future__ import annotations

import contextlib
import importlib
import json
from typing import Any

import polars as pl

from benchmarks.rivals.rival import AS_OF, Answers, Job
from samrules.engines.durable import Compiled, Run
from samrules.engines.durable_lowering import lower
from samrules.engines.interpreter import parameters_at
from samrules.engines.reviews import held_earlier
from samrules.inputs.facts import account_facts
from samrules.rules import Rules


class DurableHost:
    def make(self, rules: Rules, ruleset: str, accounts: pl.DataFrame) -> Job:
        engine = importlib.import_module("durable.engine")
        plan = rules._plan
        decision = plan.decision
        assert decision is not None
        code = Compiled(lower(plan, parameters_at(plan, AS_OF)))
        at: list[Run] = []
        host = engine.Host()

        def firing(name: str) -> Any:
            def run(context: Any) -> None:
                for text in at[-1].act(name):
                    fact = json.loads(text)
                    del fact["sid"]  # the context adds it
                    context.assert_fact(fact)
            return run

        written = json.loads("{" + code.rules + "}")
        host.set_rulesets({"r": {name: {**rule, "run": firing(name)} for name, rule in written.items()}})
        given = [dict(account_facts({k: v for k, v in row.items() if v is not None}, plan.facts)[0])
                 for row in accounts.iter_rows(named=True)]
        truths = [(r.outcome, r.step) for r in decision.rules]
        number = [0]

        def one(facts: dict[str, Any]) -> tuple[str, bool]:
            run = Run(code, AS_OF)
            at[:] = [run]
            number[0] += 1
            sid = f"s{number[0]}"
            told = list(run.given(facts))
            told += [t for node, source in code.program.held.items() for t in run.say(source, held_earlier(node, AS_OF, []))]
            for text in told:
                with contextlib.suppress(engine.MessageNotHandledException):  # no rule waits for it alone
                    host.assert_fact("r", {**json.loads(text), "sid": sid})
            host.delete_state("r", sid)
            results = run.results()
            return _judged(plan_decide, [(o, results[step]) for o, step in truths])

        plan_decide = decision.decide
        return Job(lambda: [one(facts) for facts in given], _same)


def _judged(decide: Any, truths: Any) -> tuple[str, bool]:
    from samrules.decision.policy import judge

    verdict = judge(decide, [(o, t if isinstance(t, bool) else None) for o, t in truths])
    return str(verdict.outcome), verdict.settled


def _same(found: Answers) -> Answers:
    return found
