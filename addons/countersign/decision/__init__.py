"""Caller + operation + changes + rules -> verdict. Pure; deny is the fall-through.

access.py      may this caller do this at all? Asked before anything is read with the gateway's credential
approval.py    does an allowed change need signatures? First rule that fits decides
verdict.py     Allow, Deny, Hold: each with its reason and the rule that said so
who.py         which callers a rule speaks of
"""

from countersign.decision.access import may
from countersign.decision.approval import decide
from countersign.decision.verdict import Allow, Deny, Hold, Verdict

__all__ = ["Allow", "Deny", "Hold", "Verdict", "decide", "may"]
