"""Old schema and new schema -> changes and verdicts. Knows nothing of people, services or rules.

`compare` walks both (`walk` with the rules of each family) and lists every difference; `inclusion` proves or refutes
that one accepts what the other accepts, on what `reader` made of them; `summary` words the list for people;
`validity` says whether a document is a schema at all. The kinds of changes are listed in README.md.
"""

from countersign.schema_change.compare import compare
from countersign.schema_change.dialect import DIALECT_NAMES
from countersign.schema_change.summary import summarise
from countersign.schema_change.validity import InvalidSchema, check_schema
from countersign.schema_change.values import Change, ChangeEffect, Counterexample, SchemaDiff, Verdict

__all__ = [
    "DIALECT_NAMES",
    "Change",
    "ChangeEffect",
    "Counterexample",
    "InvalidSchema",
    "SchemaDiff",
    "Verdict",
    "check_schema",
    "compare",
    "summarise",
]
