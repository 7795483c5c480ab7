"""One message put through masking as the gateway would do it, to be shown. Nothing is kept or sent, and the keys of hashes are
thrown away.

Does not mask anything itself, and does not ask who is calling.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from countersign.cli.masked_report import Trial
from countersign.cli.message_file import MessageFile
from countersign.dialects import Operation, RequestView, UnknownOperation, recognise
from countersign.errors import BadInput
from countersign.masking import KeyedDigest, Masker
from countersign.masking.carriers import content_coding
from countersign.masking.carriers.client_bodies import NotMaskable
from countersign.masking.client_views import ClientViews
from countersign.masking.values import KnownSchema
from countersign.rulebook.values import Connection, Dialect, MaskingDirection, Rulebook
from countersign.strict_json import loads


@dataclass(frozen=True, slots=True)
class Question:
    """What the gateway would know of a message, and the file does not say."""

    connection: Connection
    subject: str | None
    direction: MaskingDirection
    groups: frozenset[str]
    known: tuple[KnownSchema, ...]


def tried(rulebook: Rulebook, asked: Question, message: MessageFile) -> Trial:
    """What masking makes of `message` under the rules in `rulebook`. Raises BadInput where it cannot be tried."""
    dialect = rulebook.dialects[asked.connection.dialect]
    decoded = _decoded(message)
    operation, remarks = _operation(dialect, message, decoded)
    subject = operation.subject if asked.subject is None and operation is not None else asked.subject
    about = (
        f"{asked.direction} at {asked.connection.name}, {'any subject' if subject is None else f'subject {subject}'}"
    )
    if operation is not None:
        about += f": {operation.name} of the dialect {dialect.name}"
    trial = Trial(about, ((), ()), (decoded, None), None, None, remarks, {}, {})
    try:
        if asked.direction == "schema":
            return _schema_trial(trial, rulebook, asked.connection.name, subject)
        if asked.direction == "response-to-client":
            return _client_trial(trial, rulebook, asked, subject, message)
        masker = Masker(rulebook.masking, _digest(), rulebook.built_in_masking)
    except ValueError as error:  # a path that cannot be followed
        raise BadInput(str(error)) from None
    masked = masker.message(
        connection=asked.connection.name,
        subject=subject,
        direction=asked.direction,
        target=message.target,
        headers=message.headers,
        body=message.body,
        path_names=operation.path_names if operation is not None else (),
        holds="data" if asked.known else "unknown" if operation is None else operation.holds,
        known=asked.known,
    )
    body = masked.body
    if body.why_unreadable is not None:
        remarks += (_not_kept(body.why_unreadable, body.length, body.media_type),)
    start_line = message.start_line
    if message.target is not None and masked.target is not None:
        start_line = f"{message.method} {masked.target} {start_line.rpartition(' ')[2]}"
    return replace(
        trial,
        head=(_head(message.start_line, message.headers), _head(start_line, masked.headers)),
        body=(decoded, body.text),
        format=body.format,
        why_unreadable=body.why_unreadable,
        remarks=remarks,
        masked=masked.masked,
        places=masked.places,
    )


def _schema_trial(trial: Trial, rulebook: Rulebook, connection: str, subject: str | None) -> Trial:
    """As approvers see it. The tally is that of a message which is this schema, under the same rules."""
    document = loads(trial.body[0], exact_numbers=True)
    rules = [rule for rule in rulebook.masking if "schema" in rule.directions]
    masker = Masker(rules, _digest(), rulebook.built_in_masking)
    shown = masker.schema(connection=connection, subject=subject, document=document)
    message = masker.message(
        connection=connection,
        subject=subject,
        direction="request",
        target=None,
        headers=(("Content-Type", "application/json"),),
        body=trial.body[0],
        holds="schema",
    )
    body = trial.body[0], json.dumps(shown.document, ensure_ascii=False).encode()
    return replace(trial, body=body, format="json", masked=message.masked, places=message.places)


def _client_trial(
    trial: Trial, rulebook: Rulebook, asked: Question, subject: str | None, message: MessageFile
) -> Trial:
    """As a caller in the groups gets it."""
    views = ClientViews(rulebook.masking, rulebook.built_in_masking, _digest())
    view = views.of(connection=asked.connection.name, subject=subject, groups=asked.groups)
    head = _head(message.start_line, message.headers)
    groups = f"in {', '.join(sorted(asked.groups))}" if asked.groups else "in no group"
    about = f"{trial.about}, for a caller {groups}"
    if view is None:
        decoded = trial.body[0]
        remark = "No rule speaks of what this caller sees: the answer is theirs as the service gives it."
        return replace(trial, about=about, head=(head, head), body=(decoded, decoded), remarks=(remark,))
    holds: Literal["data", "unknown"] = "data" if asked.known else "unknown"
    try:
        shown = views.mask(view, headers=message.headers, body=message.body, holds=holds, known=asked.known)
    except NotMaskable as error:
        remark = f"The caller gets no answer: {error}."
        return replace(trial, about=about, why_unreadable=str(error), remarks=(remark,))
    decoded = _decoded(replace(message, body=shown.body))
    return replace(
        trial,
        about=about,
        head=(head, _head(message.start_line, shown.headers)),
        body=(trial.body[0], decoded),
        format="json" if _is_json(decoded) else "ndjson",
        masked=shown.masked,
    )


def _is_json(text: bytes) -> bool:
    try:
        loads(text)
    except BadInput:
        return False
    return True


def _head(start_line: str, headers: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Of a body alone nothing: the header that says what it is was made up."""
    return (start_line, *(f"{name}: {value}" for name, value in headers)) if start_line else ()


def _not_kept(why: str, length: int, media_type: str | None) -> str:
    remedy = "; say with --content-type what it is" if media_type is None else ""
    kind = media_type or "no media type"
    return f"The body is not kept in readable form: {why}{remedy}. Kept are its length ({length} bytes), {kind} and a keyed digest."


def _operation(dialect: Dialect, message: MessageFile, decoded: bytes) -> tuple[Operation | None, tuple[str, ...]]:
    """What the request is, and what there is to say where it is none."""
    if message.method is None or message.target is None:
        return None, ()
    try:
        media_type = next(iter(message.values("content-type")), None)
        return recognise(dialect, RequestView(message.method, message.target, decoded, media_type)), ()
    except (UnknownOperation, BadInput) as error:
        return None, (f"The gateway would refuse this request ({error}), and keep of it what is shown here.",)


def _decoded(message: MessageFile) -> bytes:
    """The body without its content coding, or as it is: masking says what is wrong with it."""
    try:
        return content_coding.decode(message.body, ",".join(message.values("content-encoding")))
    except BadInput:
        return message.body


def _digest() -> KeyedDigest:
    return KeyedDigest(secrets.token_bytes(32))
