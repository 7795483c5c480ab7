"""Compares two schemas: the changes, and what they mean for readers and writers.

Does not check that either is a valid schema: `validity.check_schema` does.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from countersign import limits
from countersign.errors import TooLarge
from countersign.schema_change import keywords
from countersign.schema_change.ambiguity import is_ambiguous, is_read_alike, is_written_alike
from countersign.schema_change.counterexamples import Counterexamples, Question
from countersign.schema_change.dialect import DIALECTS, DRAFT_2020_12, Dialect, named, readings, stated
from countersign.schema_change.inclusion import INCLUSIONS, Inclusion, Outcome, Prover
from countersign.schema_change.item_rules import compare_items
from countersign.schema_change.json_values import canonical, is_same
from countersign.schema_change.logic_rules import compare_logic
from countersign.schema_change.member_rules import compare_members
from countersign.schema_change.reader import Reader
from countersign.schema_change.reference_rules import compare_definitions, compare_references, follow
from countersign.schema_change.references import Bundle
from countersign.schema_change.sensitive_names import Quotes
from countersign.schema_change.value_rules import compare_annotations, compare_values
from countersign.schema_change.values import Change, Counterexample, Direction, SchemaDiff, Verdict
from countersign.schema_change.walk import Pair, Walk, kebab
from countersign.strict_json import Json

_NO_SCHEMAS: Mapping[str, Json] = MappingProxyType({})
_VERDICTS: dict[Inclusion, Verdict] = {"proved": "compatible", "refuted": "breaking", "unknown": "unknown"}
#: Kinds after which nothing is called compatible: what they do to the keywords beside them is not known.
_UNFATHOMABLE = (
    *("unknown-keyword-", "dialect-", "schema-too-large"),
    *(f"{kebab(keyword)}-" for keyword in sorted(keywords.SERVICE_OPAQUE)),
)


def compare(
    old: Json | None,
    new: Json,
    *,
    old_bundle: Mapping[str, Json] = _NO_SCHEMAS,
    new_bundle: Mapping[str, Json] = _NO_SCHEMAS,
    default_dialect: str | None = None,
    masked_names: Container[str] = (),
) -> SchemaDiff:
    """Compare the current schema with the proposed one.

    `old` None: there is no schema yet, everything was accepted. The bundles hold the schemas that references name,
    by the name used in `$ref`; nothing is ever fetched. `default_dialect` is the `$schema`, or the name, of the dialect
    of documents that state none; `openapi-3.0` and `kubernetes` hold whatever a document states. Without it they are
    read as the keywords that they use suggest, and where several readings fit, a verdict is what all of them say.
    `masked_names`: members that masking hides; that one is declared or no longer declared is a change of its mark.
    Raises nothing on hostile schemas: past a limit the verdict is `unknown`.
    """
    if old is None:
        return _created(new, new_bundle, default_dialect)
    try:
        before, after = Bundle(old, old_bundle), Bundle(new, new_bundle)
        known = _default(default_dialect)
        found = [_Comparison(before, after, *pair, masked_names, known) for pair in _dialects(before, after, known)]
        if is_same(old, new) and is_same(dict(old_bundle), dict(new_bundle)):
            alike = is_written_alike([old, dict(old_bundle)], [new, dict(new_bundle)])
            if alike or not any(each.is_ambiguous for each in found):
                return SchemaDiff((), "compatible", "compatible", ())
        documents = (old, new, dict(old_bundle), dict(new_bundle))
        return _compared(found, Quotes(documents, before.names | after.names, masked_names))
    except (TooLarge, RecursionError):  # the caller's own stack counts: no depth limit of ours is sure to come first
        return _too_large()


def _compared(found: Sequence[_Comparison], quotes: Quotes) -> SchemaDiff:
    """The changes of all readings, and what all of them say."""
    merged = _merged(found)
    changes = [change for change, _ in merged]
    if any(each.is_ambiguous for each in found) and all(change.effect != "unknown" for change in changes):
        changes.append(Change("schema-ambiguous", "", "", "", None, None, None, "unknown"))
    capped = any(each.is_ambiguous for each in found) or any(_is_unfathomable(change) for change in changes)
    backward = _agreed([each.verdict("backward") for each in found], capped)
    forward = _agreed([each.verdict("forward") for each in found], capped)
    if (backward, forward) == ("compatible", "compatible"):  # the same put differently: together they do nothing
        same = (replace(change, effect="none", may_be_quoted=quotes.may_quote(change)) for change in changes)
        return SchemaDiff(tuple(same), backward, forward, ())
    if all(change.effect == "none" for change in changes):
        # the rules of each family saw nothing: what the proof saw is said all the same
        changes.append(Change("schema-changed", "", "", "", None, None, None, "unknown"))
    unresolved = tuple(dict.fromkeys(where for each in found for where in each.walk.unresolved))
    reasons = _reasons(changes, backward, forward, unresolved)
    # last, so that what is looked for here changes nothing above
    whole = _whole_documents(found, backward, forward)
    for index, (change, questions) in enumerate(merged):
        shown = (each.counterexamples.of_change(asked) for each, asked in questions)
        counterexample = next((one for one in shown if one is not None), None)
        quoted = quotes.may_quote(change)
        if counterexample is not None or quoted:
            changes[index] = replace(change, counterexample=counterexample, may_be_quoted=quoted)
    return SchemaDiff(tuple(changes), backward, forward, reasons, whole)


type _Asked = list[tuple[_Comparison, Question]]  #: of the readings that found a change, what would show it


def _merged(found: Sequence[_Comparison]) -> list[tuple[Change, _Asked]]:
    """The changes of all readings, each once, as the first reading has it; a reading says nothing twice."""
    if len(found) == 1:
        (only,) = found
        return [(change, [(only, asked)] if asked is not None else []) for change, asked in only.changes()]
    merged: dict[object, tuple[Change, _Asked]] = {}
    for each in reversed(found):
        for change, asked in each.changes():
            key = _identity(change)
            earlier = merged[key][1] if key in merged else []
            merged[key] = (change, [(each, asked), *earlier] if asked is not None else earlier)
    return list(merged.values())


def _whole_documents(found: Sequence[_Comparison], backward: Verdict, forward: Verdict) -> tuple[Counterexample, ...]:
    """One counterexample for each direction that breaks, of the first reading that has one."""
    verdicts: tuple[tuple[Direction, Verdict], ...] = (("backward", backward), ("forward", forward))
    breaking = [direction for direction, verdict in verdicts if verdict == "breaking"]
    shown = (next(filter(None, (each.counterexample(direction) for each in found)), None) for direction in breaking)
    return tuple(one for one in shown if one is not None)


class _Comparison:
    """One reading of both documents."""

    def __init__(
        self,
        before: Bundle,
        after: Bundle,
        old_dialect: Dialect,
        new_dialect: Dialect,
        masked_names: Container[str] = (),
        default: Dialect | None = None,
    ) -> None:
        self._default = default
        self.is_ambiguous = is_ambiguous(before, old_dialect) or is_ambiguous(after, new_dialect)
        reader = Reader()
        self.prover = Prover(reader, float_integers=old_dialect.float_integers and new_dialect.float_integers)
        self.walk = Walk(reader, self.prover, masked_names)
        self.counterexamples = Counterexamples(self.prover)
        self._outcomes: dict[Direction, Outcome] = {}
        self._pair = Pair(before.root(old_dialect), after.root(new_dialect), "", "")
        self.old, self.new = reader.read(self._pair.old), reader.read(self._pair.new)

    def verdict(self, direction: Direction) -> Verdict:
        small, large = (self.old, self.new) if direction == "backward" else (self.new, self.old)
        outcome = self._outcomes[direction] = self.prover.look((small,), (large,), limits.MAX_PROOF_STEPS)
        return _VERDICTS[INCLUSIONS[outcome.state]]

    def counterexample(self, direction: Direction) -> Counterexample | None:
        """The document that made the verdict `breaking`, where it can be shown."""
        outcome = self._outcomes[direction]
        if outcome.state != "found":
            return None
        return self.counterexamples.checked(direction, outcome.value, self._pair.old, self._pair.new)

    def changes(self) -> list[tuple[Change, Question | None]]:
        """Each change, and what would show it."""
        walk = self.walk
        _compare_dialects(walk, self._pair, self._default)
        walk.visit(self._pair)
        while (waiting := walk.next()) is not None:
            pair = follow(walk, waiting)
            if pair is None or pair.old.schema is pair.new.schema is True:
                continue
            for rules in _RULES if _asserts(pair) else (compare_references, compare_annotations):
                rules(walk, pair)
        compare_definitions(walk, self._pair)
        return [(change, walk.questions.get(index)) for index, change in enumerate(walk.changes)]


_RULES = (compare_references, compare_values, compare_members, compare_items, compare_logic, compare_annotations)


def _asserts(pair: Pair) -> bool:
    """False where a reference without siblings is all that counts (draft-07 and earlier)."""
    return not any(
        "$ref" in schema and not place.dialect.ref_has_siblings
        for place, schema in ((pair.old, pair.old_schema), (pair.new, pair.new_schema))
    )


def _compare_dialects(walk: Walk, pair: Pair, default: Dialect | None) -> None:
    """A dialect that is stated on one side only does nothing where the other side says the same in it all along."""
    old, new = stated(pair.old.schema), stated(pair.new.schema)
    if old == new and (new is None or new in DIALECTS):
        return
    is_said = False
    if (old is None) is not (new is None) and (old or new) in DIALECTS:
        place, other = (pair.old, pair.new) if old is None else (pair.new, pair.old)
        possible = readings(place.schema, *place.bundle.schemas.values()) if default is None else (default,)
        is_said = other.dialect.is_stated and is_read_alike(place.bundle, (other.dialect, *possible))
    walk.keyword(pair, "$schema", "none" if is_said else "unknown", name="dialect")


def _default(name: str | None) -> Dialect | None:
    return None if name is None else named(name) or DRAFT_2020_12


def _dialects(before: Bundle, after: Bundle, known: Dialect | None) -> Sequence[tuple[Dialect, Dialect]]:
    old, new = stated(before.document), stated(after.document)
    if known is not None and not known.is_stated:
        return [(known, known)]
    if old is None and new is None:
        if known is not None:
            return [(known, known)]
        documents = (before.document, after.document, *before.schemas.values(), *after.schemas.values())
        return [(each, each) for each in readings(*documents)]
    if known is not None:
        old, new = old or known.uri, new or known.uri
    old, new = old or new, new or old
    assert old is not None
    assert new is not None
    return [(DIALECTS.get(old, DRAFT_2020_12), DIALECTS.get(new, DRAFT_2020_12))]


def _created(new: Json, bundle: Mapping[str, Json], default: str | None) -> SchemaDiff:
    """There was no schema: everything was accepted, so that a new one is compatible only if it accepts everything."""
    change = Change("schema-created", "", None, "", None, None, new, "narrows")
    backward: Verdict = "unknown"
    whole: tuple[Counterexample, ...] = ()
    try:
        after = Bundle(new, bundle)
        found = [_Comparison(Bundle(True, {}), after, *pair) for pair in _dialects(after, after, _default(default))]
        backward = _agreed([each.verdict("backward") for each in found], any(each.is_ambiguous for each in found))
        whole = _whole_documents(found, backward, "compatible")
    except (TooLarge, RecursionError):
        backward = "unknown"
    reasons = () if backward == "compatible" else (f"backward {backward}: schema-created at the root (narrows)",)
    change = replace(change, counterexample=whole[0] if whole else None)
    return SchemaDiff((change,), backward, "compatible", reasons, whole)


def _identity(change: Change) -> object:
    """What makes two readings' changes one."""
    values = (canonical(change.before), canonical(change.after))
    return (change.kind, change.old_pointer, change.new_pointer, change.property, values)


def _is_unfathomable(change: Change) -> bool:
    """`writeOnly` is a mark, and where a message's direction counts, more than that."""
    if change.kind.startswith("dialect-") and change.effect == "none":
        return False
    return change.kind.startswith(_UNFATHOMABLE) or (change.effect == "unknown" and change.property == "writeOnly")


def _agreed(verdicts: Sequence[Verdict], capped: bool) -> Verdict:
    """What every reading says; where they differ nothing is known."""
    verdict = verdicts[0] if len(set(verdicts)) == 1 else "unknown"
    return "unknown" if capped and verdict == "compatible" else verdict


def _reasons(
    changes: Sequence[Change], backward: Verdict, forward: Verdict, unresolved: Sequence[str]
) -> tuple[str, ...]:
    found: list[str] = []
    for name, verdict, effect in (("backward", backward, "narrows"), ("forward", forward, "widens")):
        if verdict == "compatible":
            continue
        said = [
            f"{name} {verdict}: {change.kind} at {change.pointer or 'the root'} ({change.effect})"
            for change in changes
            if change.effect in (effect, "narrows-and-widens", "unknown")
        ]
        said += [f"{name} {verdict}: the reference at {where} leads nowhere" for where in unresolved]
        if not said:
            known = "the changes together reject something" if verdict == "breaking" else "not proved within the limits"
            said = [f"{name} {verdict}: {known}"]
        found += said
    return tuple(dict.fromkeys(found))


def _too_large() -> SchemaDiff:
    limit = f"a schema holds more than {limits.MAX_SCHEMA_NODES} values, or is nested too deep"
    change = Change("schema-too-large", "", "", "", None, None, None, "unknown")
    return SchemaDiff((change,), "unknown", "unknown", (f"backward unknown: {limit}", f"forward unknown: {limit}"))
