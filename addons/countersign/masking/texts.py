"""One text through the detectors -> the text with what they found replaced, and counted.

Does not look for documents in a text: that is the business of json_documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from countersign.masking.detectors import Detectors, Finding
from countersign.masking.replacements import DROPPED, REDACTED, Replacements
from countersign.rulebook.values import MaskingRule


class Texts:
    """Detectors, and the rule that masks what each of them finds."""

    __slots__ = ("_rules", "find")

    def __init__(self, detectors: Detectors, rules: Mapping[str, MaskingRule]) -> None:
        """`rules`: by the name of the detector, one for each that `detectors` has."""
        self._rules = rules
        self.find = detectors.find  #: (text) -> findings in order, () for clean text

    def mask(self, text: str, replacements: Replacements, where: str) -> str:
        """`text` with each finding replaced by its rule; what is dropped leaves nothing behind. Raises TooLarge."""
        findings = self.find(text)
        return self.replace(text, findings, replacements, where) if findings else text

    def replace(self, text: str, findings: Sequence[Finding], replacements: Replacements, where: str) -> str:
        """The same with what was found already."""
        pieces = []
        end = 0
        for found in findings:
            masked = replacements.by(self._rules[found.detector], text[found.start : found.end], where)
            pieces.append(text[end : found.start])
            if masked is not DROPPED:
                pieces.append(masked)
            end = found.end
        pieces.append(text[end:])
        return "".join(pieces)

    def clean(self, text: str) -> str:
        """`text` with each finding redacted, whatever the rules say, and nothing counted: for names of places."""
        pieces: list[str] = []
        end = 0
        for found in self.find(text):
            pieces += (text[end : found.start], REDACTED)
            end = found.end
        return "".join(pieces) + text[end:]

    def rule_of(self, finding: Finding) -> MaskingRule:
        """Who masks what was found."""
        return self._rules[finding.detector]
