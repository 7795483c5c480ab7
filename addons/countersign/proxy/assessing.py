"""Looks at a change: reads the current schema, compares, asks the rules. Done once at the gate and again before release."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from countersign.decision import Allow, Verdict, decide
from countersign.dialects import Operation
from countersign.identity import Caller
from countersign.masking import KeyedDigest, Masker, masked_names, touches
from countersign.proxy.exchange import Assessment, Exchange
from countersign.proxy.off_loop import aside
from countersign.proxy.service_reader import CurrentSchema, ServiceReader
from countersign.rulebook.values import Connection, Rulebook
from countersign.schema_change import Change, SchemaDiff, compare, summarise
from countersign.strict_json import Json, dumps

_WITHHELD = "[masked]"


class Assessor:
    """`clock` gives microseconds UTC."""

    def __init__(
        self, rules: Rulebook, reader: ServiceReader, masker: Masker, digest: KeyedDigest, clock: Callable[[], int]
    ) -> None:
        self._rules = rules
        self._reader = reader
        self._masker = masker
        self._digest = digest
        self._clock = clock

    async def assess(self, exchange: Exchange) -> Assessment:
        """What the exchange's operation would do now. Raises SchemaUnavailable, BadInput."""
        connection, operation, caller = exchange.connection, exchange.operation, exchange.caller
        language = None if exchange.dialect is None else exchange.dialect.schema_language
        assert connection is not None
        assert operation is not None
        assert caller is not None
        current = CurrentSchema(False, None, {}, None)
        if operation.current is not None:
            current = await self._reader.current(connection, operation.current)
        bundle = await self._reader.bundle(connection, operation.references)
        now = self._clock() / 1_000_000
        # a proof can take its time, and nothing here is written by anybody else
        return await aside(lambda: self._compare(connection, operation, caller, current, bundle, language, now))

    def _compare(
        self,
        connection: Connection,
        operation: Operation,
        caller: Caller,
        current: CurrentSchema,
        bundle: dict[str, Json],
        language: str | None,
        now: float,
    ) -> Assessment:
        diff: SchemaDiff | None = None
        if operation.has_proposed:
            old = current.document if current.exists else None
            diff = compare(
                old,
                operation.proposed,
                old_bundle=current.bundle,
                new_bundle=bundle,
                default_dialect=language,
                masked_names=masked_names(self._rules.masking, connection=connection.name, subject=operation.subject),
            )
        verdict = decide(caller, connection.name, operation, diff, self._rules, now)
        return self._describe(connection, operation, current, bundle, diff, verdict)

    @staticmethod
    def by_access(verdict: Allow) -> Assessment:
        """For what access alone decides: nothing is compared."""
        return Assessment("-", "-", False, None, None, verdict, (), (), None, None)

    def digest_of(self, current: CurrentSchema) -> str:
        """The keyed digest of a schema as the service holds it, or of there being none."""
        held: Json = [current.document, dict(current.bundle)] if current.exists else []
        return self._digest.of(dumps(held), label="current-schema")

    def _describe(
        self,
        connection: Connection,
        operation: Operation,
        current: CurrentSchema,
        bundle: dict[str, Json],
        diff: SchemaDiff | None,
        verdict: Verdict,
    ) -> Assessment:
        before = self._masker.schema(connection=connection.name, subject=operation.subject, document=current.document)
        after = self._masker.schema(connection=connection.name, subject=operation.subject, document=operation.proposed)
        masked = before.pointers | after.pointers
        referred = [*current.bundle.values(), *bundle.values()]
        for document in referred:  # whose subject is not known here: every rule holds
            masked |= self._masker.schema(connection=connection.name, subject=None, document=document).pointers
        if referred or _has_parts_of_their_own(current.document) or _has_parts_of_their_own(operation.proposed):
            masked = _wherever_they_start(masked)
        changes = tuple(_withhold(change, masked) for change in diff.changes) if diff else ()
        summary = summarise(changes) if diff else (_plain(operation),)
        return Assessment(
            self.digest_of(current),
            self._digest.of(dumps(dict(bundle)), label="references"),
            current.exists,
            current.etag,
            diff,
            verdict,
            summary,
            tuple(change.as_json() for change in changes),
            before.document,
            after.document,
            tuple(each.as_json() for each in diff.counterexamples) if diff and not masked else (),
            withholds_examples=diff is not None and bool(diff.counterexamples) and bool(masked),
        )


def _plain(operation: Operation) -> str:
    subject = "the service as a whole" if operation.subject is None else operation.subject
    return f"{operation.name} ({operation.effect}) on {subject}"


def _withhold(change: Change, masked: frozenset[str]) -> Change:
    """The change without its values where it lies at, above or below a masked place, or where its place is not sure.

    A pointer through `$ref`, or with an escape of a URI in it, does not say where in a document the value stands. A made-up
    value may hold one of any masked place.
    """
    pointers = {pointer for pointer in (change.pointer, change.old_pointer, change.new_pointer) if pointer is not None}
    if not masked:
        return change
    change = replace(change, counterexample=None)
    if not any("/$ref" in each or "%" in each or touches(each, masked) for each in pointers):
        return change
    return replace(
        change,
        before=None if change.before is None else _WITHHELD,
        after=None if change.after is None else _WITHHELD,
        may_be_quoted=False,
    )


def _has_parts_of_their_own(document: Json) -> bool:
    """Whether a part has an identifier: a pointer inside it starts there, not at the root."""
    waiting = list(document.values()) if isinstance(document, dict) else []
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get("$id"), str) or isinstance(value.get("id"), str):
                return True
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return False


def _wherever_they_start(pointers: frozenset[str]) -> frozenset[str]:
    """The pointers as they are, and as seen from every place above them."""
    found: set[str] = set()
    for pointer in pointers:
        found.add(pointer)
        while (start := pointer.find("/", 1)) > 0:
            pointer = pointer[start:]
            found.add(pointer)
    return frozenset(found)
