"""Looks at a change: reads the current schema, compares, asks the rules. Done once at the gate and again before release."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from countersign.decision import Allow, Verdict, decide
from countersign.dialects import Operation
from countersign.identity import Caller
from countersign.masking import KeyedDigest, MaskingFailed, masked_names
from countersign.proxy.change_words import said_of
from countersign.proxy.exchange import Assessment, Exchange
from countersign.proxy.known_schemas import KnownSchemas
from countersign.proxy.message_masking import MessageMasking
from countersign.proxy.off_loop import aside
from countersign.proxy.service_reader import CurrentSchema, ServiceReader
from countersign.rulebook.values import Connection, Rulebook
from countersign.schema_change import SchemaDiff, compare
from countersign.strict_json import Json, dumps_in_pieces

_CURRENT = "current-schema"


@dataclass(frozen=True, slots=True)
class _Compared:
    """What a change does, with its verdict. Nothing of it is masked."""

    diff: SchemaDiff | None
    verdict: Verdict
    current_digest: str
    references_digest: str
    size: int  #: bytes of all the schemas as JSON


class Assessor:
    """`clock` gives microseconds UTC."""

    def __init__(
        self,
        rules: Rulebook,
        reader: ServiceReader,
        known: KnownSchemas,
        masking: MessageMasking,
        digest: KeyedDigest,
        clock: Callable[[], int],
    ) -> None:
        self._rules = rules
        self._reader = reader
        self._known = known
        self._masking = masking
        self._digest = digest
        self._clock = clock

    async def assess(self, exchange: Exchange) -> Assessment:
        """What the exchange's operation would do now. Raises SchemaUnavailable, BadInput, MaskingFailed."""
        connection, operation, caller = exchange.connection, exchange.operation, exchange.caller
        language = None if exchange.dialect is None else exchange.dialect.schema_language
        assert connection is not None
        assert operation is not None
        assert caller is not None
        current = CurrentSchema(False, None, {}, None)
        if operation.current is not None:
            current = await self._reader.current(connection, operation.current)
            self._known.learn(connection, operation.subject, operation.current, current)
        bundle = await self._reader.bundle(connection, operation.references)
        now = self._clock() / 1_000_000
        # a proof can take its time, and nothing here is written by anybody else
        found = await aside(lambda: self._compare(connection, operation, caller, current, bundle, language, now))
        return await self._describe(connection, operation, current, bundle, found)

    def _compare(
        self,
        connection: Connection,
        operation: Operation,
        caller: Caller,
        current: CurrentSchema,
        bundle: dict[str, Json],
        language: str | None,
        now: float,
    ) -> _Compared:
        diff: SchemaDiff | None = None
        if operation.has_proposed:
            old = current.document if current.exists else None
            diff = compare(
                old,
                operation.proposed,
                old_bundle=current.bundle,
                new_bundle=bundle,
                default_dialect=language,
                masked_names=masked_names(
                    self._rules.masking,
                    self._rules.built_in_masking,
                    connection=connection.name,
                    subject=operation.subject,
                ),
            )
        verdict = decide(caller, connection.name, operation, diff, self._rules, now)
        held, references = _written(current), dumps_in_pieces(dict(bundle))
        return _Compared(
            diff,
            verdict,
            self._digest.of(held, label=_CURRENT),
            self._digest.of(references, label="references"),
            len(held) + len(references) + len(dumps_in_pieces(operation.proposed)),
        )

    @staticmethod
    def by_access(verdict: Allow) -> Assessment:
        """For what access alone decides: nothing is compared."""
        return Assessment("-", "-", False, None, None, verdict, (), (), None, None)

    def digest_of(self, current: CurrentSchema) -> str:
        """The keyed digest of a schema as the service holds it, or of there being none."""
        return self._digest.of(_written(current), label=_CURRENT)

    async def _describe(
        self,
        connection: Connection,
        operation: Operation,
        current: CurrentSchema,
        bundle: dict[str, Json],
        found: _Compared,
    ) -> Assessment:
        masking, diff, size = self._masking, found.diff, found.size
        subject, referred = operation.subject, [*current.bundle.values(), *bundle.values()]
        before, after = await masking.schemas(
            size, connection.name, [(subject, current.document), (subject, operation.proposed)]
        )
        pointers = before.pointers | after.pointers | await masking.pointers(size, connection.name, referred)
        said = await aside(lambda: said_of(operation, diff, current, bundle, pointers))
        words = iter(await masking.words(size, [*said.reasons, *said.summary, *said.changes, *said.counterexamples]))
        reasons, summary = _texts(words, said.reasons), _texts(words, said.summary)
        return Assessment(
            found.current_digest,
            found.references_digest,
            current.exists,
            current.etag,
            replace(diff, reasons=reasons) if diff else None,
            found.verdict,
            summary,
            _objects(words, said.changes),
            before.document,
            after.document,
            _objects(words, said.counterexamples),
            withholds_examples=said.withholds_examples,
            bundle=bundle,
        )


def _written(current: CurrentSchema) -> bytes:
    held: Json = [current.document, dict(current.bundle)] if current.exists else []
    return dumps_in_pieces(held)


def _texts(words: Iterator[Json], of: Sequence[str]) -> tuple[str, ...]:
    """As many of `words` as there are `of`. Raises MaskingFailed where they are something else."""
    found = tuple(word for word in islice(words, len(of)) if isinstance(word, str))
    if len(found) < len(of):
        raise MaskingFailed
    return found


def _objects(words: Iterator[Json], of: Sequence[Mapping[str, Json]]) -> tuple[dict[str, Json], ...]:
    """The same of objects."""
    found = tuple(word for word in islice(words, len(of)) if isinstance(word, dict))
    if len(found) < len(of):
        raise MaskingFailed
    return found
