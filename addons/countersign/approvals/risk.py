"""How risky a held change is, in a word and a sentence, for lists that people read from the top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from countersign.approvals.request import ApprovalRequest

Level = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class Risk:
    level: Level
    why: str


def risk_of(request: ApprovalRequest) -> Risk:
    """The risk as the comparison showed it; what is not known is never low. Says nothing about what the data is worth."""
    if request.effect not in ("register", "update"):
        return Risk("high", "it deletes, or changes what the service accepts from everybody")
    if request.backward == "breaking":
        return Risk("high", "documents that are valid today would be refused")
    if request.backward != "compatible":
        return Risk("high", "nobody could prove that what is valid today stays valid")
    if request.forward == "breaking":
        return Risk("medium", "documents would become valid that today's readers do not know")
    if request.forward != "compatible":
        return Risk("medium", "nobody could prove that today's readers understand what becomes valid")
    return Risk("low", "what is valid stays the same")
