"""A body as it is on the wire -> what of it may be kept in readable form, else its length, media type and digest only.

Reads one strict JSON text in UTF-8, whatever the body is said to be; then, where it says so, several of them, a form, or a
multipart body of all these. Never guesses: where readers could see two bodies, both are masked, or none is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal

from countersign import limits, strict_json
from countersign.errors import BadInput, TooLarge
from countersign.masking.carriers import content_coding, forms, json_lines, multipart_bodies
from countersign.masking.carriers.header_fields import mask_headers
from countersign.masking.carriers.media_types import READ_CHARSETS, MediaType, media_type
from countersign.masking.carriers.multipart_bodies import Part
from countersign.masking.carriers.parameters import Parameters
from countersign.masking.carriers.readings import mask_readings
from countersign.masking.documents.json_documents import write_text
from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.policies import Policy
from countersign.masking.replacements import DROPPED, URL_CREDENTIAL, Dropped, Replacements
from countersign.masking.values import MaskedBody
from countersign.strict_json import Json

type Headers = Sequence[tuple[str, str]]
type BodyFormat = Literal["json", "ndjson", "form", "multipart"]

BODY_LABEL: Final = "body"  # of the digests of bodies as sent
_PART_LEVELS: Final = 3  # of JSON around the content of a part: {"parts": [{"content": ...}]}
ENCODED_PART: Final = "built-in:encoded-part"


def mask_body(
    raw: bytes, headers: Headers, policy: Policy, replacements: Replacements, digest: KeyedDigest
) -> MaskedBody:
    """Mask one body under `policy`; `headers` say how it is encoded, and what it says that it is. Never raises.

    A body that is not kept in readable form has a reason that is a fixed text, and nothing of it in the tally.
    """
    form: BodyFormat | None = None
    text = why = essence = None
    said = media_type(_values("content-type", headers))
    before = replacements.checkpoint()
    try:
        essence = _masked_essence(said, policy, replacements)
        before = replacements.checkpoint()
        if raw:
            coding = ",".join(_values("content-encoding", headers))
            form, readable = _Reader(policy, replacements, digest).read(raw, said, coding)
            text = readable.encode()
    except _Unreadable as error:
        why = str(error)
    except Exception:  # noqa: BLE001 - whatever it is, its text may hold values
        why, essence = "masking failed on it", essence and "unknown"
    if text is None:
        replacements.back_to(before)
    return MaskedBody(
        length=len(raw),
        media_type=essence,
        digest=digest.of(raw, label=BODY_LABEL),
        text=text,
        why_unreadable=why,
        format=form,
    )


class _Unreadable(Exception):
    """Why a body is not kept in readable form, in words that hold nothing of it."""


class _Reader:
    """One body, with the parts inside it."""

    def __init__(self, policy: Policy, replacements: Replacements, digest: KeyedDigest) -> None:
        self._policy = policy
        self._replacements = replacements
        self._digest = digest
        self._parameters = Parameters(policy, replacements, BODY_LABEL)
        self._parts = 0

    def read(self, raw: bytes, said: MediaType | None, coding: str) -> tuple[BodyFormat, str]:
        """What may be kept of the whole body. Raises _Unreadable."""
        try:
            decoded = content_coding.decode(raw, coding)
        except TooLarge:
            raise _Unreadable("larger than is read, once decoded") from None
        except BadInput:
            raise _Unreadable("its content coding cannot be undone") from None
        form, text = self._content(decoded, said, None, 0)
        if len(text) > limits.MAX_DECODED_BODY_BYTES or len(text.encode()) > limits.MAX_DECODED_BODY_BYTES:
            raise _Unreadable("larger than is kept, once masked")
        return form, text

    def _content(self, raw: bytes, said: MediaType | None, part: Part | None, level: int) -> tuple[BodyFormat, str]:
        """Of a body, or of a part at `level` of one. A form and lines come as they are kept, all else as JSON."""
        if said is not None and not said.is_utf8:
            raise _Unreadable("said to be in another character set than UTF-8")
        essence = said.essence if said is not None and said.is_proper else ""
        max_depth = limits.MAX_JSON_DEPTH - level * _PART_LEVELS
        is_json, document = _strict_json(raw, max_depth)
        try:
            if is_json:
                if essence == forms.FORM_TYPE and self._is_form_with_a_secret(raw):
                    raise _Unreadable("JSON and a form with a secret at once")
                return "json", write_text(self._document(document, part))
            if essence == forms.FORM_TYPE:
                return "form", forms.mask_form(_read(forms.read_form, raw), self._policy, self._replacements)
            if essence in json_lines.LINE_TYPES:
                return "ndjson", self._lines(_read(json_lines.read_lines, raw, max_depth - 1))
            if essence in json_lines.SEQUENCE_TYPES:
                return "ndjson", self._lines(_read(json_lines.read_sequence, raw, max_depth - 1))
            if essence in multipart_bodies.MULTIPART_TYPES and said is not None:
                return "multipart", self._multipart(_read(multipart_bodies.read_parts, raw, said), level + 1)
        except TooLarge:
            raise _Unreadable("JSON deeper inside strings, or more values to mask, than is read") from None
        raise _Unreadable("not strict JSON in UTF-8")

    def _document(self, document: Json, part: Part | None) -> Json:
        """Of a part, also as the member that it is of its form: rules for fields hold for it."""
        if part is None or part.name is None:
            return self._policy.document(document, self._replacements, BODY_LABEL)[0]
        name, where = part.name, _place(part)

        def in_form(replacements: Replacements) -> Json | Dropped:
            masked, _ = self._policy.document({name: document}, replacements, BODY_LABEL)
            return next(iter(masked.values()), DROPPED) if isinstance(masked, dict) else DROPPED

        def alone(replacements: Replacements) -> Json | Dropped:
            return self._policy.document(document, replacements, where)[0]

        readings = [in_form] if self._policy.name_rule(name) is not None else [alone, in_form]
        masked = mask_readings(readings, self._replacements, where)
        if masked is DROPPED:
            raise _PartDropped
        return document if masked is None else masked

    def _lines(self, documents: list[Json]) -> str:
        masked = (self._policy.document(document, self._replacements, BODY_LABEL)[0] for document in documents)
        return "".join(write_text(document) + "\n" for document in masked)

    def _is_form_with_a_secret(self, raw: bytes) -> bool:
        """Clients send JSON as a form by mistake; one that is meant to be a form has names in it."""
        return self._parameters.names_a_secret(raw.decode())

    def _is_credential(self, part: Part) -> bool:
        """By the names that no rule can show, as in a form."""
        return part.name is not None and isinstance(self._parameters.rule_of(part.name), str)

    def _multipart(self, parts: list[Part], level: int) -> str:
        self._parts += len(parts)
        if self._parts > limits.MAX_BODY_PARTS or level > limits.MAX_MULTIPART_LEVELS:
            raise _Unreadable("more parts, or deeper inside each other, than are read")
        for part in parts:
            if part.name is not None and forms.is_charset(part.name) and not _is_read_charset(part.content):
                raise _Unreadable("said to be in another character set than UTF-8")
        masked = [self._part(part, level) for part in parts]
        return f'{{"parts":[{",".join(part for part in masked if part is not None)}]}}'

    def _part(self, part: Part, level: int) -> str | None:
        """None: a rule drops it."""
        where = _place(part)
        shown: dict[str, Json] = {}
        if part.name is not None:
            shown["name"] = self._label(part.name, part.is_uncertain, where)
        if part.filename is not None:
            shown["filename"] = self._label(part.filename, part.is_filename_uncertain, where)
        headers = mask_headers(part.headers, self._policy, self._replacements)
        shown["headers"] = [[name, value] for name, value in headers]
        before = self._replacements.checkpoint()
        try:
            content = self._part_content(part, level)
        except _PartDropped:
            return None
        except _Unreadable as error:
            self._replacements.back_to(before)
            shown["length"] = len(part.content)
            shown["digest"] = self._digest.of(part.content, label=BODY_LABEL)
            shown["why"] = str(error)
            return write_text(shown)
        return f'{write_text(shown)[:-1]},"content":{content}}}'

    def _label(self, text: str, is_uncertain: bool, where: str) -> str:
        if is_uncertain:
            return self._replacements.redact(ENCODED_PART, where)
        return self._policy.string(text, self._replacements, where)

    def _part_content(self, part: Part, level: int) -> str:
        """As JSON. Raises _Unreadable, _PartDropped."""
        where = _place(part)
        if part.content and part.is_uncertain:
            return write_text(self._replacements.redact(ENCODED_PART, where))
        rule = self._policy.name_rule(part.name or "")
        if part.content and rule is None and self._is_credential(part):
            return write_text(self._replacements.redact(URL_CREDENTIAL, where))
        if part.is_encoded:
            raise _Unreadable("in a coding of its own")
        said = media_type(_values("content-type", part.headers))
        form, text = self._content(part.content, said, part, level)
        if form in ("json", "multipart") and (form == "json" or rule is None):
            return text
        if rule is not None:
            masked = self._replacements.by(rule, part.content.decode(errors="replace"), where)
            if masked is DROPPED:
                raise _PartDropped
            return write_text(masked)
        return write_text(text) if form == "form" else f"[{','.join(text[:-1].split('\n'))}]"


class _PartDropped(Exception):
    """A rule leaves the part out."""


def _strict_json(raw: bytes, max_depth: int) -> tuple[bool, Json]:
    """Whether `raw` is one strict JSON text, and the document. Raises _Unreadable where it might be one."""
    try:
        # a number that is not exact here would be kept as another one than was sent
        return True, strict_json.loads(raw, max_depth=max_depth, exact_numbers=True)
    except TooLarge:
        raise _Unreadable("nested deeper, or with longer numbers, than is read") from None
    except BadInput:
        return False, None


def _read[T, **P](reader: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return reader(*args, **kwargs)
    except TooLarge:
        raise _Unreadable("of more parts, or larger ones, than are read") from None
    except BadInput:
        raise _Unreadable("not what it says that it is, or not in one reading only") from None


def _masked_essence(said: MediaType | None, policy: Policy, replacements: Replacements) -> str | None:
    if said is None:
        return None
    before = replacements.total
    policy.text(said.written, replacements, "media type")
    if replacements.total == before:
        policy.text(said.essence, replacements, "media type")
    return said.essence if replacements.total == before else "unknown"


def _is_read_charset(content: bytes) -> bool:
    return content.strip().lower().decode("ascii", errors="replace") in READ_CHARSETS


def _place(part: Part) -> str:
    return "part" if part.name is None else f"part {part.name}"


def _values(name: str, headers: Headers) -> list[str]:
    return [value.strip(" \t") for field, value in headers if field.strip().lower() == name]
