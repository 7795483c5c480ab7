"""Masks a body that is a form (application/x-www-form-urlencoded), and keeps the rest of it as it was sent.

Reads what programs write and no more: visible ASCII with proper escapes, and a `=` in every field. Other text (XML, YAML, a
bare secret) that calls itself a form is not read. Does not decode files or dates in fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Final
from urllib.parse import unquote_plus, unquote_to_bytes

from countersign import limits
from countersign.errors import BadInput, TooLarge
from countersign.masking.carriers.media_types import READ_CHARSETS
from countersign.masking.carriers.parameters import NAME_PARTS, Parameters, Reading, values_of
from countersign.masking.carriers.readings import SEVERAL_READINGS
from countersign.masking.policies import Policy
from countersign.masking.replacements import DROPPED, Dropped, Replacements
from countersign.rulebook.values import MaskingRule
from countersign.strict_json import Json

FORM_TYPE: Final = "application/x-www-form-urlencoded"
CHARSET_FIELD: Final = "_charset_"  # WHATWG HTML, 4.10.18.5: names the character set of all the others

# Without what begins or makes up other formats: white space, quotation marks, angle brackets, braces, backslashes.
_FORM = re.compile(rb"(?:[!#$&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]|%[0-9A-Fa-f]{2})++")
_BODY: Final = "body"


def read_form(raw: bytes) -> str:
    """`raw` as the text of a form.

    Raises BadInput (something else than a form, or one in another character set than UTF-8) or TooLarge (more than
    `limits.MAX_FORM_FIELDS` fields).
    """
    if not _FORM.fullmatch(raw):
        raise BadInput("the form holds a character that a form has only percent-encoded, or a broken percent-encoding")
    try:
        unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise BadInput("the form does not decode to UTF-8") from None
    text = raw.decode("ascii")
    fields = text.split("&", limits.MAX_FORM_FIELDS)
    if len(fields) > limits.MAX_FORM_FIELDS or text.count(";") > limits.MAX_FORM_FIELDS:
        raise TooLarge(f"more than {limits.MAX_FORM_FIELDS} fields in one form")
    for field in fields:
        name, mark, value = field.partition("=")
        if not mark or not name:
            raise BadInput("a field of the form has no name or no value")
        if is_charset(unquote_plus(name)) and unquote_plus(value).lower() not in READ_CHARSETS:
            raise BadInput("the form says that it is in another character set than UTF-8")
    return text


def is_charset(name: str) -> bool:
    """Whether a field of this name says what character set the others are in."""
    return name.strip().lower() == CHARSET_FIELD


def mask_form(text: str, policy: Policy, replacements: Replacements) -> str:
    """What `read_form` gave, with its secrets replaced. Raises TooLarge as Policy does."""
    return FormFields(policy, replacements, text).mask(text)


class FormFields(Parameters):
    """Parameters that rules with JSONPaths and marks hold for as well: a form is an object of its fields."""

    def __init__(self, policy: Policy, replacements: Replacements, text: str) -> None:
        super().__init__(policy, replacements, _BODY)
        fields = [field.partition("=") for field in text.split("&")]
        whole = {unquote_plus(name): unquote_plus(value) for name, _, value in fields}
        self._repeated = len(whole) < len(fields)
        masked, _ = policy.document(dict(whole), replacements.checkpoint(), _BODY)
        kept = masked if isinstance(masked, dict) else {}
        self._in_whole = {name: value for name, value in whole.items() if kept.get(name) != value}

    def owner_of(self, name: str) -> MaskingRule | str | None:
        """Fields that the policy names are masked in the object; here only what no rule can show. Rules for queries do not hold."""
        rule = self.rule_of(name)
        return rule if isinstance(rule, str) and self.policy.name_rule(name) is None else None

    def _by_value(self, raw_name: str, raw_value: str) -> str | Dropped | None:
        """Also by its neighbours: `name=password&value=...`."""
        masked = super()._by_value(raw_name, raw_value)
        name = unquote_plus(raw_name)
        if masked is None and self._in_whole.get(name) == unquote_plus(raw_value):
            return self.replacements.redact(SEVERAL_READINGS, self._place(name))
        return masked

    def _readings(self, name: str, raw_value: str, where: str) -> Iterator[Reading]:
        for value in values_of(raw_value):
            for keys in self._keys(name):
                yield partial(self._in_object, keys, value)

    def _keys(self, name: str) -> list[list[str | int]]:
        """Where readers put the value of `name`: a member; an element, as others have its name; `a[b]` a member of a member."""
        places: list[list[str | int]] = [[name]]
        if self._repeated:
            places.append([name, 0])
        parts = NAME_PARTS.sub(".", name).split(".")
        if len(parts) > 1:
            keys: list[str | int] = [part for part in parts if part]
            if name.endswith("[]"):
                keys.append(0)
            if keys and keys not in places and len(keys) <= limits.MAX_JSON_DEPTH:
                places.append(keys)
        return places

    def _in_object(self, keys: list[str | int], value: str, replacements: Replacements) -> str | Dropped:
        document: Json = value
        for key in reversed(keys):
            document = [document] if key == 0 else {str(key): document}
        masked, _ = self.policy.document(document, replacements, _BODY)
        for _ in keys:
            match masked:
                case dict():
                    masked = next(iter(masked.values()), None)
                case [item, *_]:
                    masked = item
                case _:
                    break
        return masked if isinstance(masked, str) else DROPPED
