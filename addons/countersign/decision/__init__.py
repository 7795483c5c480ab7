"""Caller + operation + changes + rules -> verdict. Pure; deny is the fall-through.

access.py      may this caller do this at all? Asked before anything is read with the gateway's credential
approval.py    does an allowed change need signatures? First rule that fits decides
break_glass.py may this caller pass what is held at once, to be reviewed afterwards?
conditions.py  which changes a rule speaks of, and when; windows.py: local time, over midnight and clock changes
verdict.py     Allow, Deny, Hold: each with its reason and the rule that said so
who.py         which callers a rule speaks of
needed_signatures.py   whose signatures a hold asks for, in words
"""

from countersign.decision.access import may
from countersign.decision.approval import decide
from countersign.decision.break_glass import break_glass
from countersign.decision.verdict import Allow, Deny, Hold, Verdict

__all__ = ["Allow", "Deny", "Hold", "Verdict", "break_glass", "decide", "may"]
