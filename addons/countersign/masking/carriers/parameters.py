"""Names and values as queries and forms have them (`a=1&b=2`, percent-encoded), masked by name and by what they hold.

Readers differ on `;`, on `+`, on brackets in names and on what is encoded twice: what any of them could take for a secret is
masked. Does not decide whether a text is a form at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final
from urllib.parse import quote, unquote, unquote_plus

from countersign import limits
from countersign.errors import TooLarge
from countersign.masking.carriers.readings import mask_readings
from countersign.masking.policies import Policy
from countersign.masking.replacements import DROPPED, REDACTED, URL_CREDENTIAL, Dropped, Replacements
from countersign.rulebook.values import MaskingRule

# Names as they are compared: lower case, without `-` and `_`. `key`, `code`, `sig` carry credentials of cloud services and of
# OAuth; the rest names itself. The names of fields anywhere (field_names) are masked as well.
CREDENTIAL_PARAMETERS: Final = frozenset(
    "key code sig auth pwd jwt otp pin ticket sid jsessionid assertion clientassertion samlresponse samlart".split()
)
CREDENTIAL_PARAMETER_PARTS: Final = (
    "token", "secret", "password", "passwd", "passphrase", "apikey", "accesskey", "privatekey", "subscriptionkey",
    "credential", "signature", "authorization", "session",
)  # fmt: skip
ENCODED_PARAMETER: Final = "built-in:encoded-parameter"

NAME_PARTS: Final = re.compile(r"[\[\].]")  # user[password], user.password
_URL_PARTS = re.compile(r"[?&;#]")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
# scheme://user@, //user@, and user:password@ anywhere; linear, as what follows the slashes holds none
_USER_INFORMATION = re.compile(r"(?::[/\\]|^[/\\]{2})[/\\]*+[^/\\?#@]*+@")
_WORD_ENDS = re.compile(r"[/\\?#&;,\s]")
_WORD = re.compile(r"[A-Za-z_-]{0,15}")  # shorter than any secret that has a look
_SAFE: Final = "[]:@!$'()*,~"

type Reading = Callable[[Replacements], str | Dropped]


class Parameters:
    """The parameters of one query, form or path segment."""

    def __init__(self, policy: Policy, replacements: Replacements, where: str) -> None:
        """`where`: what stands before the name in the record of places."""
        self.policy = policy
        self.replacements = replacements
        self.where = where
        self._described: Mapping[str, MaskingRule] = {}

    def mask(self, text: str) -> str:
        """`text` with its secrets replaced, and the rest as it was sent.

        `text` has only proper escapes that decode to UTF-8. Raises TooLarge (more than `limits.MAX_FORM_FIELDS` parameters, at
        either separator, or what Policy raises).
        """
        pieces = text.split("&", limits.MAX_FORM_FIELDS)
        if len(pieces) > limits.MAX_FORM_FIELDS:
            raise _too_many()
        self._described = self._by_neighbours(pieces)
        masked = (self.mask_piece(piece) for piece in pieces)
        return "&".join(piece for piece in masked if piece is not None)

    def _by_neighbours(self, pieces: Sequence[str]) -> Mapping[str, MaskingRule]:
        """Who masks parameters that others name: `name=password&value=...`. Of a repeated one its first and last count."""
        parts = [re.split("[=;]", piece, maxsplit=2) for piece in pieces]
        named = [(unquote_plus(part[0]), unquote_plus(part[1])) for part in parts if part[1:]]
        return {**self.policy.described(dict(named[::-1])), **self.policy.described(dict(named))}

    def mask_piece(self, piece: str) -> str | None:
        """What stands between two `&`; None: a rule drops it.

        Some services also split at `;`, most do not: from a masked name on, everything up to the next `&` is its value.
        Raises TooLarge as `mask` does.
        """
        parts = piece.split(";", limits.MAX_FORM_FIELDS)
        if len(parts) > limits.MAX_FORM_FIELDS:
            raise _too_many()
        for number, part in enumerate(parts):
            raw_name, _, raw_value = part.partition("=")
            if (not raw_value and number == len(parts) - 1) or raw_value == REDACTED:
                continue
            masked = self._by_name(raw_name, parts[number:])
            if masked is None and len(parts) > 1 and raw_value and self._by_value(raw_name, raw_value) is not None:
                masked = REDACTED  # a secret where `;` separates; where it does not, it may go on
            if masked is not None:
                before = [self._name(other) for other in parts[:number]]
                return _joined(before, None if masked is DROPPED else f"{self._name(raw_name)}={written(masked)}")
        raw_name, mark, raw_value = piece.partition("=")
        masked = self._by_value(raw_name, raw_value) if raw_value and raw_value != REDACTED else None
        if masked is DROPPED:
            return None
        return f"{self._name(raw_name)}{mark}{raw_value if masked is None else written(masked)}"

    def names_a_secret(self, text: str) -> bool:
        """Whether `text`, which is something else, would have a secret in it by its names if it were read as parameters."""
        parts = re.split("[&;]", text, maxsplit=limits.MAX_FORM_FIELDS)
        if len(parts) > limits.MAX_FORM_FIELDS:
            return True
        named = (part.partition("=") for part in parts)
        return any(value and self.rule_of(unquote_plus(name)) is not None for name, _, value in named)

    def rule_of(self, name: str) -> MaskingRule | str | None:
        """Who masks the values of the parameter `name` (decoded once): a built-in rule, or one of the policy's; None: nobody."""
        plain = name.casefold().strip()
        if "%" in plain or not plain.isprintable():
            return ENCODED_PARAMETER  # encoded twice or with control characters in it: somebody hides what it names
        parts = [part for part in NAME_PARTS.split(plain) if part]
        if any(is_credential(part) for part in [plain, *parts]):
            return URL_CREDENTIAL
        ruled = (self.policy.query_rule(part) for part in [plain, *parts])
        return next((rule for rule in ruled if rule is not None), None) or self.policy.name_rule(name)

    def owner_of(self, name: str) -> MaskingRule | str | None:
        """Who masks the values of the parameter itself; `rule_of` is for parameters inside its value, too."""
        return self.rule_of(name)

    def _by_name(self, raw_name: str, parts: Sequence[str]) -> str | Dropped | None:
        """By what the parameter is called, or what the parameters inside its value are called.

        `parts`: the piece from there on; all of it is the value for those who do not separate at `;`.
        """
        name = unquote_plus(raw_name)
        match self.owner_of(name) or self._described.get(name):
            case MaskingRule() as rule:
                whole = unquote_plus(";".join(parts).partition("=")[2])
                return self.replacements.by(rule, whole, self._place(name))
            case str(built_in):
                return self.replacements.redact(built_in, self._place(name))
        for value in _decodings(parts[0].partition("=")[2]):
            if value is None or self._holds_credential(value):
                return self.replacements.redact(
                    ENCODED_PARAMETER if value is None else URL_CREDENTIAL, self._place(name)
                )
        return None

    def _by_value(self, raw_name: str, raw_value: str) -> str | Dropped | None:
        """By what stands in it; None: nothing to mask."""
        name = unquote_plus(raw_name)
        where = self._place(name)
        readings = list(self._readings(name, raw_value, where))
        if "+" in raw_value:
            readings = [partial(_spaced, reading) for reading in readings]
        masked = mask_readings(readings, self.replacements, where)
        if masked is not None:
            return masked
        for value in list(_decodings(raw_value))[1:]:
            before = self.replacements.total
            self.policy.string(value or "", self.replacements, where)
            if value is None or self.replacements.total > before:
                return REDACTED
        return None

    def _readings(self, name: str, raw_value: str, where: str) -> Iterator[Reading]:
        """What masks each thing that the value can stand for."""
        for value in values_of(raw_value):
            yield partial(self._in_text, value, where)

    def _in_text(self, value: str, where: str, replacements: Replacements) -> str:
        if _WORD.fullmatch(value):
            return value
        return self.policy.string(value, replacements, where)

    def _name(self, raw: str) -> str:
        """A name, or a part of a piece that has only that: secrets stand there as well."""
        readings = [partial(self._in_text, text, self.where) for text in values_of(raw)]
        masked = mask_readings(readings, self.replacements, self.where)
        return raw if masked is None else written(masked)

    def _holds_credential(self, value: str) -> bool:
        """Whether `value` is, or has in it, a URL or a query that carries a secret of its own."""
        if _USER_INFORMATION.search(value) or any(":" in text.rpartition("@")[0] for text in _WORD_ENDS.split(value)):
            return True
        parts = _URL_PARTS.split(value, limits.MAX_FORM_FIELDS)
        if len(parts) > limits.MAX_FORM_FIELDS:
            return True
        parameters = (part.partition("=") for part in parts)
        return any(mark and text and self.rule_of(unquote_plus(name)) is not None for name, mark, text in parameters)

    def _place(self, name: str) -> str:
        return f"{self.where} {name}"


def is_credential(name: str) -> bool:
    """Whether parameters of this name carry credentials, in whatever spelling."""
    plain = name.casefold().replace("-", "").replace("_", "").strip()
    return (
        plain in CREDENTIAL_PARAMETERS
        or plain.endswith("sig")
        or any(part in plain for part in CREDENTIAL_PARAMETER_PARTS)
    )


def values_of(raw: str) -> list[str]:
    """What a raw name or value can stand for: `+` is a space in forms, and itself for those who do not know forms."""
    return [unquote_plus(raw), unquote(raw)] if "+" in raw else [unquote(raw)]


def _spaced(reading: Reading, replacements: Replacements) -> str | Dropped:
    """Its outcome with spaces for plus signs, so that what masks the same in both of `values_of` is the same."""
    masked = reading(replacements)
    return masked if masked is DROPPED else masked.replace("+", " ")


def _decodings(raw: str) -> Iterator[str | None]:
    """`raw` decoded once, twice, ... ; None at the end: it goes on for longer than anybody encodes."""
    value = unquote_plus(raw)
    yield value
    for _ in range(limits.MAX_PERCENT_LEVELS - 1):
        if not _ESCAPE.search(value):
            return
        value = unquote(value)
        yield value
    if _ESCAPE.search(value):
        yield None


def written(masked: str) -> str:
    """What masking made of a decoded text, so that it cannot be taken for the next parameter."""
    return quote(masked, safe=_SAFE).replace("%E2%80%A6", "…")


def _joined(before: list[str], last: str | None) -> str | None:
    parts = [*before, last] if last is not None else before
    return ";".join(parts) if parts else None


def _too_many() -> TooLarge:
    return TooLarge(f"more than {limits.MAX_FORM_FIELDS} parameters")
