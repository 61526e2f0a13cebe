"""The ledger: decisions on record, chained by hashes, to be verified and decided again years later.

    from samrules.audit import Ledger

    with Ledger.open("decisions.ledger", create=True) as ledger:
        decided = ledger.decide(rules, facts, as_of=day)
        decided.decision, decided.record.seq

Needs `pip install "samrules[ledger]"`; `docs/audit.md` is for auditors.
"""

from samrules.audit.effective import Effective
from samrules.audit.ledger import Decided, Ledger
from samrules.audit.record import Batch, Kind, Record
from samrules.audit.replay import Difference, Replay
from samrules.audit.verify import Verification

__all__ = ["Batch", "Decided", "Difference", "Effective", "Kind", "Ledger", "Record", "Replay", "Verification"]
