"""Answers of the service -> the schema that is in force."""

from __future__ import annotations

from countersign.dialects import bodies
from countersign.dialects.operations import CurrentRead, Reference
from countersign.errors import BadInput, SchemaUnavailable
from countersign.strict_json import Json


def read_current(
    read_or_reference: CurrentRead | Reference, status: int, body: bytes
) -> tuple[Json | None, tuple[Reference, ...]]:
    """The schema in the answer to a GET on `read_or_reference.target`, and the references to read next.

    None: the service says that there is no such schema, which never counts for a Reference. `body` is the whole answer,
    Content-Encoding undone. A list of references and their depth are bounded; the caller bounds how many are read in
    all (limits.MAX_REFERENCES) and reads each target once.

    Raises SchemaUnavailable: another status, or an answer that does not hold a schema of the expected kind.
    """
    depth = 1
    if isinstance(read_or_reference, Reference):
        depth = read_or_reference.depth + 1
    elif status in read_or_reference.absent:
        return None, ()
    if status != 200:
        raise SchemaUnavailable(f"the service answered {status} when it was asked for the current schema")
    try:
        document = bodies.parse(body)
        bodies.check_members(document, (), read_or_reference.only_if)
        schema = bodies.schema_at(read_or_reference.schema, document)
        references = bodies.references_at(read_or_reference.references, document, depth)
    except BadInput as error:
        raise SchemaUnavailable(f"the service's answer cannot be used: {error.detail}") from None
    return schema, references
