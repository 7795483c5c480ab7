"""Which operation of a dialect a request is. Does not check who may do it."""

from __future__ import annotations

from fnmatch import fnmatchcase

from countersign import limits
from countersign.dialects import bodies, targets
from countersign.dialects.operations import CurrentRead, Operation, RequestView, UnknownOperation
from countersign.dialects.quotation import quoted
from countersign.errors import BadInput
from countersign.rulebook.values import Dialect, LookUp, OperationRule
from countersign.strict_json import Json

_READ_METHODS = frozenset({"GET", "HEAD"})
_NO_BODY_METHODS = frozenset({"GET", "HEAD", "DELETE"})
_HARMLESS = frozenset({"read", "data"})


def recognise(dialect: Dialect, request: RequestView) -> Operation:
    """What `request` asks for in `dialect`.

    A GET or HEAD without a body that the dialect does not list is a plain read of the service as a whole (subject
    None), which only rules for the subject `*` cover. Everything else that is not listed is refused. HEAD is read as GET.

    Raises UnknownOperation (403), BadInput (400), TooLarge (413), UnsupportedMedia (415).
    """
    segments, query = targets.split(request.target)
    if request.method in _NO_BODY_METHODS and request.body:
        raise BadInput(f"a {request.method} with a body, which services read in different ways; send none")
    rule, values = _match(dialect, request.method, segments)
    if rule is None:
        if request.method in _READ_METHODS:
            return Operation(dialect.name, "plain read", "read", None, None, False, (), None, dialect.source)
        raise UnknownOperation(
            f"{quoted(request.method)} on this path is no operation of the dialect {dialect.name!r}; "
            "only the operations it lists and plain reads pass"
        )
    if query is not None and not (request.method in _READ_METHODS and rule.effect in _HARMLESS):
        _check_query(rule, query)
    subject = _subject(dialect, rule, values)
    document = _document(rule, request)
    bodies.check_members(document, rule.members, rule.only_if)
    look_up = _current(rule.current, values) if rule.current is not None else None
    return Operation(
        dialect=dialect.name,
        name=rule.name,
        effect=rule.effect,
        subject=subject,
        proposed=bodies.schema_at(rule.schema, document, max_values=limits.MAX_SCHEMA_NODES)
        if rule.schema is not None
        else None,
        has_proposed=rule.schema is not None,
        references=bodies.references_at(rule.references, document),
        current=None if rule.effect == "data" else look_up,
        rule=rule.source,
        path_names=_path_names(rule.path),
        data_schema=look_up if rule.effect == "data" else None,
    )


def _match(dialect: Dialect, method: str, segments: tuple[str, ...]) -> tuple[OperationRule | None, dict[str, str]]:
    """The most literal rule that fits; the rulebook made sure that there is only one."""
    wanted = "GET" if method == "HEAD" else method
    best: OperationRule | None = None
    found: dict[str, str] = {}
    for rule in dialect.operations:
        if wanted not in rule.methods:
            continue
        values = _values(rule.path, segments)
        if values is not None and (best is None or len(values) < len(found)):
            best, found = rule, values
    return best, found


def _values(template: str, segments: tuple[str, ...]) -> dict[str, str] | None:
    """The values of the placeholders of `template`, or None where the path is another one."""
    parts = _parts(template)
    if len(parts) != len(segments):
        return None
    values: dict[str, str] = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{"):
            values[part[1:-1]] = segment
        elif part != segment:
            return None
    return values


def _path_names(template: str) -> tuple[str, ...]:
    return tuple(part[1:-1] if part.startswith("{") else "" for part in _parts(template))


def _parts(template: str) -> list[str]:
    return template[1:].split("/") if template != "/" else []


def _check_query(rule: OperationRule, query: str) -> None:
    for name in targets.query_names(query):
        if name not in rule.query:
            raise UnknownOperation(
                f"the query parameter {quoted(name)} is not known for the operation {rule.name!r}, and could be a switch; "
                "leave it out or list it in the dialect"
            )


def _subject(dialect: Dialect, rule: OperationRule, values: dict[str, str]) -> str | None:
    if rule.subject is None:
        return None
    subject = targets.name(rule.subject, values)
    if any(fnmatchcase(subject, glob) for glob in dialect.refused_subjects):
        raise UnknownOperation(
            f"the dialect {dialect.name!r} refuses this form of a subject: it could be a second name of another one"
        )
    return subject


def _document(rule: OperationRule, request: RequestView) -> Json:
    """The body where the operation has one that counts: a change, or a rule that speaks of the body."""
    speaks_of_body = rule.schema is not None or rule.references is not None or bool(rule.members) or bool(rule.only_if)
    if not speaks_of_body and (rule.effect in _HARMLESS or not request.body):
        return None
    bodies.check_media_type(request.media_type)
    return bodies.parse(request.body, max_values=limits.MAX_SCHEMA_NODES)


def _current(look_up: LookUp, values: dict[str, str]) -> CurrentRead:
    return CurrentRead(
        target=targets.fill(look_up.path, values),
        schema=look_up.schema,
        absent=look_up.absent,
        references=look_up.references,
        etag=look_up.etag,
        only_if=look_up.only_if,
    )
