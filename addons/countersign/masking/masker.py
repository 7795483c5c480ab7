"""Raw message or schema -> what evidence may hold and an approver may see. What goes upstream is never touched.

Does not find secrets that no rule and no built-in name points at, and does not mask names of JSON members: where names are
secret, a rule masks the object that has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal

from countersign.masking.bodies import Headers, mask_body
from countersign.masking.header_fields import mask_headers
from countersign.masking.json_documents import DocumentRules
from countersign.masking.json_paths import JsonPath, compile_path
from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.replacements import REDACTED, Replacements
from countersign.masking.request_target import mask_target
from countersign.masking.values import MaskedMessage, MaskedSchema, MaskingFailed
from countersign.rulebook.values import MaskingRule
from countersign.strict_json import Json

_KEPT_RULE_SETS: Final = 256  # compiled; one for each combination of rules that held for a message


@dataclass(frozen=True, slots=True)
class _RuleSet:
    """The rules that hold for one kind of message."""

    rules: tuple[MaskingRule, ...]
    documents: DocumentRules


class Masker:
    """The masking rules, compiled, with the key of their digests."""

    def __init__(self, rules: Sequence[MaskingRule], digest: KeyedDigest) -> None:
        """Raises ValueError that names the rule when one of its paths is not a JSONPath that can be used."""
        self._rules = tuple(rules)
        self._digest = digest
        self._paths = [_compile(rule) for rule in self._rules]
        self._rule_sets: dict[tuple[int, ...], _RuleSet] = {}  # by the positions of the rules in it

    def message(
        self,
        *,
        connection: str,
        subject: str | None,
        direction: Literal["request", "response"],
        target: str | None,
        headers: Headers,
        body: bytes | None,
    ) -> MaskedMessage:
        """Mask one message. `body` is what is on the wire; `headers` say how it is encoded. Never raises.

        Rules hold where a glob of theirs matches `connection` and one matches `subject`, or `subject` is None: nothing is known
        of it then. Rules for schemas hold in both directions. A body that is not one strict JSON text in UTF-8 is kept as its
        length, media type and keyed digest; whatever masking fails on is not kept at all.
        """
        holding = self._holding(connection, subject, direction)
        replacements = Replacements(self._digest)
        masked_target = None
        if target is not None:
            masked_target = _or_else(REDACTED, lambda: mask_target(target, holding.rules, replacements))
        masked_headers = _or_else(
            ((REDACTED, REDACTED),) * len(headers), lambda: mask_headers(headers, holding.rules, replacements)
        )
        masked_body = mask_body(body or b"", headers, holding.documents, replacements, self._digest)
        return MaskedMessage(masked_target, masked_headers, masked_body, dict(replacements.masked))

    def target(self, *, connection: str, subject: str | None, target: str) -> str:
        """Mask user information, query and fragment of a request target; the path is kept. Raises MaskingFailed."""
        holding = self._holding(connection, subject, "request")
        return _or_fail(lambda: mask_target(target, holding.rules, Replacements(self._digest)))

    def headers(
        self, *, connection: str, subject: str | None, direction: Literal["request", "response"], headers: Headers
    ) -> tuple[tuple[str, str], ...]:
        """Mask header values; names are kept. Raises MaskingFailed."""
        holding = self._holding(connection, subject, direction)
        return _or_fail(lambda: mask_headers(headers, holding.rules, Replacements(self._digest)))

    def schema(self, *, connection: str, subject: str | None, document: Json) -> MaskedSchema:
        """Mask one schema document by the rules of direction `schema`; `document` stays as it is. Raises MaskingFailed.

        Rules of the other directions do not hold here: `$..password` for the data of a message would hide the definition of
        the property of that name from the approver.
        """
        holding = self._holding(connection, subject, "schema")
        return _or_fail(lambda: MaskedSchema(*holding.documents.mask(document, Replacements(self._digest))))

    def _holding(
        self, connection: str, subject: str | None, direction: Literal["request", "response", "schema"]
    ) -> _RuleSet:
        positions = tuple(
            position
            for position, rule in enumerate(self._rules)
            if (direction in rule.directions or "schema" in rule.directions)
            and any(fnmatchcase(connection, pattern) for pattern in rule.connections)
            and (subject is None or any(fnmatchcase(subject, pattern) for pattern in rule.subjects))
        )
        if positions not in self._rule_sets:
            if len(self._rule_sets) >= _KEPT_RULE_SETS:
                self._rule_sets.clear()
            rules = tuple(self._rules[position] for position in positions)
            paths = [(path, self._rules[position]) for position in positions for path in self._paths[position]]
            self._rule_sets[positions] = _RuleSet(rules, DocumentRules(paths))
        return self._rule_sets[positions]


def _compile(rule: MaskingRule) -> tuple[JsonPath, ...]:
    paths = []
    for path in rule.paths:
        try:
            paths.append(compile_path(path))
        except ValueError as error:
            raise ValueError(f"{rule.source}: masking rule {rule.name!r}, path {path!r}: {error}") from None
    return tuple(paths)


def _or_else[T](otherwise: T, step: Callable[[], T]) -> T:
    try:
        return step()
    except Exception:  # noqa: BLE001 - whatever it is, its text may hold values
        return otherwise


def _or_fail[T](step: Callable[[], T]) -> T:
    """Raises outside the handler, so that the first exception is not even the context of the second."""
    try:
        return step()
    except Exception:  # noqa: BLE001, S110 - whatever it is, its text may hold values
        pass
    raise MaskingFailed
