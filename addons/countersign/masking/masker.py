"""Raw message or schema -> what evidence may hold and an approver may see. What goes upstream is never touched.

Does not find a secret that no rule, name or mark points at and that looks like any other text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Literal

from countersign import limits
from countersign.masking.carriers.bodies import BODY_LABEL, Headers, mask_body
from countersign.masking.carriers.header_fields import mask_headers
from countersign.masking.carriers.request_target import mask_target
from countersign.masking.fields.field_names import BUILT_IN_NAMES
from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.policies import Holds, Policies, Policy
from countersign.masking.replacements import REDACTED, Replacements
from countersign.masking.schemas.schema_marks import BUILT_IN_MARKS
from countersign.masking.values import KnownSchema, MaskedBody, MaskedMessage, MaskedSchema, MaskingFailed
from countersign.rulebook.values import BuiltInMasking, MaskingRule
from countersign.strict_json import Json

type Direction = Literal["request", "response", "schema"]


class Masker:
    """The masking rules, compiled, with the keys of their digests. May be used from several threads."""

    def __init__(
        self,
        rules: Sequence[MaskingRule],
        digest: KeyedDigest,
        built_in: BuiltInMasking | None = None,
        *,
        values: KeyedDigest | None = None,
    ) -> None:
        """`digest` is for bodies; `values` for values that become keyed hashes (None: the same), so that it can be erased alone.

        `built_in`: what the rules change of what holds without them. Raises ValueError that names the rule when one of its
        paths is not a JSONPath that can be used.
        """
        self._rules = tuple(rules)
        self._digest = digest
        self._values = values or digest
        built_in = built_in or BuiltInMasking()
        self._policies = Policies(self._rules, built_in)
        self._words = _for_words(self._rules, built_in)
        self._holding: dict[tuple[str, str | None, Direction], tuple[MaskingRule, ...]] = {}

    def message(
        self,
        *,
        connection: str,
        subject: str | None,
        direction: Literal["request", "response"],
        target: str | None,
        headers: Headers,
        body: bytes | None,
        path_names: Sequence[str] = (),
        holds: Holds = "unknown",
        known: Sequence[KnownSchema] = (),
    ) -> MaskedMessage:
        """Mask one message. `body` is what is on the wire; `headers` say how it is encoded. Never raises.

        Rules hold where a glob of theirs matches `connection` and one matches `subject`, or `subject` is None: nothing is known
        of it then. Rules for schemas hold in both directions. `path_names` are the placeholders of the target's segments. `holds`:
        a message with a schema in it keeps definitions of properties with secret names, but not their values; `known`
        are the schemas that its data may follow. What cannot be read whole, and whatever masking fails on, is not kept.
        """
        raw = body or b""
        try:
            policy = self._policy(connection, subject, direction, holds, known)
            replacements = Replacements(self._values, policy.clean)
        except Exception:  # noqa: BLE001 - whatever it is, its text may hold values
            return MaskedMessage(None if target is None else REDACTED, _hidden(headers), self._not_kept(raw), {})
        masked_target = None
        if target is not None:
            masked_target = _or_else(REDACTED, lambda: mask_target(target, policy, replacements, path_names))
        masked_headers = _or_else(_hidden(headers), lambda: mask_headers(headers, policy, replacements))
        kept: MaskedBody | None = None
        masked_body = _or_else(kept, lambda: mask_body(raw, headers, policy, replacements, self._digest))
        if masked_body is None:
            masked_body = self._not_kept(raw)
        return MaskedMessage(
            masked_target, masked_headers, masked_body, dict(replacements.masked), dict(replacements.places)
        )

    def target(self, *, connection: str, subject: str | None, target: str, path_names: Sequence[str] = ()) -> str:
        """Mask a request target. Raises MaskingFailed."""
        return _or_fail(
            lambda: mask_target(
                target, self._policy(connection, subject, "request"), Replacements(self._values), path_names
            )
        )

    def headers(
        self, *, connection: str, subject: str | None, direction: Literal["request", "response"], headers: Headers
    ) -> tuple[tuple[str, str], ...]:
        """Mask header fields. Raises MaskingFailed."""
        return _or_fail(
            lambda: mask_headers(headers, self._policy(connection, subject, direction), Replacements(self._values))
        )

    def text(self, text: str) -> str:
        """What the detectors leave of a text that is kept, logged or shown. Never raises: `[masked]` when it fails.

        Rules change how a detector's findings are masked here where they hold for all connections, subjects and messages.
        """
        return _or_else(REDACTED, lambda: self._words.text(text, Replacements(self._values), ""))

    def words(self, value: Json) -> Json:
        """The same for every string, number and member name in a JSON value, and in documents in its strings. Never raises."""
        otherwise: Json = REDACTED
        return _or_else(otherwise, lambda: self._words.document(value, Replacements(self._values))[0])

    def schema(self, *, connection: str, subject: str | None, document: Json) -> MaskedSchema:
        """Mask one schema document by the rules of direction `schema`; `document` stays as it is. Raises MaskingFailed.

        Rules of the other directions do not hold here: `$..password` for the data of a message would hide the definition of
        the property of that name from the approver.
        """
        return _or_fail(
            lambda: MaskedSchema(
                *self._policy(connection, subject, "schema", "schema").document(document, Replacements(self._values))
            )
        )

    def _policy(
        self,
        connection: str,
        subject: str | None,
        direction: Direction,
        holds: Holds = "unknown",
        known: Sequence[KnownSchema] = (),
    ) -> Policy:
        key = (connection, subject, direction)
        rules = self._holding.get(key)
        if rules is None:
            if len(self._holding) >= limits.MAX_SUBJECTS_OF_RULES:
                self._holding.clear()
            rules = self._holding[key] = tuple(rule for rule in self._rules if _holds(rule, *key))
        return self._policies.of(rules, holds, known)

    def _not_kept(self, raw: bytes) -> MaskedBody:
        return MaskedBody(len(raw), None, self._digest.of(raw, label=BODY_LABEL), None, "masking failed on it")


def _for_words(rules: Sequence[MaskingRule], built_in: BuiltInMasking) -> Policy:
    """The detectors alone: in what the gateway says itself, the names of members are its own."""
    everywhere = [
        rule
        for rule in rules
        if rule.detectors and all(_holds(rule, "", "", direction) for direction in ("request", "response"))
    ]
    alone = replace(built_in, names_off=tuple(BUILT_IN_NAMES), marks_off=BUILT_IN_MARKS)
    return Policy([(rule, ()) for rule in everywhere], alone)


def _holds(rule: MaskingRule, connection: str, subject: str | None, direction: Direction) -> bool:
    return (
        (direction in rule.directions or "schema" in rule.directions)
        and any(fnmatchcase(connection, pattern) for pattern in rule.connections)
        and (subject is None or any(fnmatchcase(subject, pattern) for pattern in rule.subjects))
    )


def _hidden(headers: Headers) -> tuple[tuple[str, str], ...]:
    return ((REDACTED, REDACTED),) * len(headers)


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
