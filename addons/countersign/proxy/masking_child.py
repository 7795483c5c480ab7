"""The process that masks what is large: takes one piece of work after the other from its parent, answers each, and ends with it.

Started by `masking_process`, and the other end of its two pipes. Imports nothing of mitmproxy. Writes nothing but its
answers: what it meets is hostile, and so is the text of every exception here.
"""

from __future__ import annotations

import io
import os
import pickle
import signal
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Literal

from countersign import limits
from countersign.masking import (
    ClientViews,
    KeyedDigest,
    KnownSchema,
    MaskedAnswer,
    MaskedMessage,
    MaskedSchema,
    Masker,
    MaskingFailed,
    NotMaskable,
)
from countersign.rulebook.values import BuiltInMasking, MaskingRule
from countersign.strict_json import Json

HEAD: Final = struct.Struct(">Q")  #: before each message: how many bytes it has
READY: Final = "ready"  #: the first answer
_WARM_UP: Final = b'{"name":"a long enough text of +49 30 901820","card":"4111 1111 1111 1111","at":["a@b.example"]}'


@dataclass(frozen=True, slots=True)
class Settings:
    """What a masker is made of. The keys reach the child through its pipe only."""

    rules: tuple[MaskingRule, ...]
    built_in: BuiltInMasking
    digest_key: bytes
    values_key: bytes

    def __repr__(self) -> str:
        return "Settings(...)"  # a traceback may show it

    def masker(self) -> Masker:
        """A masker that masks as these settings say. Raises ValueError on a rule that cannot be used."""
        return Masker(self.rules, KeyedDigest(self.digest_key), self.built_in, values=KeyedDigest(self.values_key))

    def views(self) -> ClientViews:
        """What callers see by these settings. Raises ValueError on a rule that cannot be used."""
        return ClientViews(self.rules, self.built_in, KeyedDigest(self.values_key))


#: What masks: the methods of `Masking`.
type Method = Literal["message", "schemas", "pointers", "words", "view"]
type Masked = MaskedMessage | tuple[MaskedSchema, ...] | frozenset[str] | tuple[Json, ...] | MaskedAnswer


@dataclass(frozen=True, slots=True)
class Work:
    """One thing to mask."""

    number: int  #: the answer repeats it
    method: Method
    arguments: dict[str, Any]  #: of the method, without `known`
    known: tuple[str | KnownSchema, ...]  #: a key alone: it was sent before
    forget: bool  #: let go of every schema that was sent before


class Masking:
    """What the child can do: whatever masks, by one and the same settings."""

    def __init__(self, settings: Settings) -> None:
        """Raises ValueError on a rule that cannot be used."""
        self.masker = settings.masker()
        self.views = settings.views()

    def message(self, *, known: Sequence[KnownSchema] = (), **message: Any) -> MaskedMessage:
        """As `Masker.message`."""
        return self.masker.message(**message, known=known)

    def schemas(self, *, connection: str, documents: Sequence[tuple[str | None, Json]]) -> tuple[MaskedSchema, ...]:
        """As `Masker.schema` for each of `documents`, which come with their subjects. Raises MaskingFailed."""
        return tuple(
            self.masker.schema(connection=connection, subject=subject, document=document)
            for subject, document in documents
        )

    def pointers(self, *, connection: str, documents: Sequence[Json]) -> frozenset[str]:
        """Of what is masked in any of `documents`, whose subjects are not known. Raises MaskingFailed."""
        return frozenset[str]().union(
            *(
                self.masker.schema(connection=connection, subject=None, document=document).pointers
                for document in documents
            )
        )

    def words(self, *, values: Sequence[Json]) -> tuple[Json, ...]:
        """As `Masker.text` for each text of `values`, and `Masker.words` for what else there is."""
        masker = self.masker
        return tuple(masker.text(value) if isinstance(value, str) else masker.words(value) for value in values)

    def view(
        self,
        *,
        connection: str,
        subject: str | None,
        groups: frozenset[str],
        known: Sequence[KnownSchema] = (),
        **answer: Any,
    ) -> MaskedAnswer:
        """As `ClientViews.mask` by the view of a caller in `groups`. Raises NotMaskable."""
        view = self.views.of(connection=connection, subject=subject, groups=groups)
        if view is None:
            raise NotMaskable("the rules for it have changed")
        return self.views.mask(view, **answer, known=known)

    def warm_up(self) -> None:
        """What is imported and compiled when it is first needed is so now, and not while something waits."""
        about: dict[str, Any] = {"connection": "", "subject": None, "target": "/", "headers": (), "body": _WARM_UP}
        for direction in ("request", "response"):
            self.message(**about, direction=direction)
        self.schemas(connection="", documents=((None, {"type": "object"}),))
        self.words(values=(_WARM_UP.decode(),))


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there are no more requests. Raises whatever goes wrong: a child that fails is replaced."""
    settings = _read(requests)
    assert isinstance(settings, Settings)
    masking = Masking(settings)
    masking.warm_up()
    _write(answers, READY)
    schemas: dict[str, KnownSchema] = {}
    while (work := _read(requests)) is not None:
        assert isinstance(work, Work)
        signal.alarm(limits.MASKING_SECONDS + 1)  # its parent has given up then, or is gone
        if work.forget:
            schemas.clear()
        known = _with_sent(work.known, schemas)
        _write(answers, (work.number, *_outcome(masking, work, known)))
        signal.alarm(0)


def _outcome(masking: Masking, work: Work, known: Sequence[KnownSchema]) -> tuple[Masked | None, str | None]:
    """What the work gives, or why it gives nothing: in fixed words of our own."""
    try:
        return getattr(masking, work.method)(**work.arguments, **({"known": known} if known else {})), None
    except (MaskingFailed, NotMaskable) as error:
        return None, str(error)


def _with_sent(known: Sequence[str | KnownSchema], schemas: dict[str, KnownSchema]) -> tuple[KnownSchema, ...]:
    schemas |= {schema.key: schema for schema in known if not isinstance(schema, str)}
    return tuple(schemas[schema] if isinstance(schema, str) else schema for schema in known)


def _read(requests: BinaryIO) -> Any:
    """The next message; None at the end. Only the parent writes here, so its pickles are our own values."""
    head = requests.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    (length,) = HEAD.unpack(head)
    data = requests.read(length)
    return pickle.loads(data) if len(data) == length else None  # noqa: S301 - from the parent alone


def _write(answers: BinaryIO, value: object) -> None:
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    answers.write(HEAD.pack(len(data)))
    answers.write(data)
    answers.flush()


def main() -> None:
    """Serve on the standard input and output; whatever else writes to the output writes into nothing."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # sent to the whole group; the parent ends it
        signal.signal(number, signal.SIG_IGN)
    os.nice(limits.MASKING_NICENESS)
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    try:
        serve(io.BufferedReader(io.FileIO(0)), answers)
    except BaseException:  # noqa: BLE001 - its text may hold values
        os._exit(1)
    sys.exit(0)
