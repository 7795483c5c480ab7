"""Objects that describe a value that is in them: a marked subschema, `{"name": "password", "value": ...}`, an operation of a
JSON Patch (RFC 6902). Who masks that value?

Does not look at the objects around: that a property with a secret name is defined here, the walk knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from countersign import limits
from countersign.masking.fields.field_rules import FieldRules
from countersign.masking.fields.mark_rules import MarkRules
from countersign.masking.schemas.schema_keywords import DEFINITIONS, INSTANCE_VALUES, KEYWORDS, looks_like_subschema
from countersign.rulebook.values import MaskingRule
from countersign.strict_json import Json

# Members whose text names a field, and members that hold its value then: in lower case, without `_`, `-`, `@` and `#`.
_LABELS: Final = frozenset(
    """
    name key field path parameter param property attribute variable header label fieldname parametername parameterkey k
    id type kind question
    """.split()
)
_VALUES: Final = frozenset(
    """
    value values val v newvalue oldvalue new old before after from to current previous stringvalue defaultvalue
    parametervalue data content text answer
    """.split()
)
_SPELLING: Final = str.maketrans("", "", "_-@#")
_LONGEST: Final = 24  # characters; none of these is longer in any usual spelling


class Description(NamedTuple):
    """Who masks the values that an object describes."""

    rule: MaskingRule
    is_explicit: bool  #: a rule or a mark says so, and no built-in name
    is_subschema: bool  #: what stands behind unknown keywords may be such a value, too
    is_definition: bool = False  #: the described value is itself a subschema, of a field with a secret name

    def holds(self, name: str) -> bool:
        """Whether the member `name` of the object is made for a described value."""
        return _holds_value(name)

    def masks(self, name: str, value: Json) -> bool:
        """Whether the member `name` of the object is masked."""
        if value is None or value == "" or value == [] or value == {}:
            return False
        if isinstance(value, bool):
            return self.is_explicit and _holds_value(name)
        return _holds_value(name) or (self.is_subschema and name not in KEYWORDS)


class Descriptions:
    """Finds who masks what an object describes."""

    __slots__ = ("_fields", "_finds_schemas", "_marks")

    def __init__(self, fields: FieldRules, marks: MarkRules, *, finds_schemas: bool = True) -> None:
        """`finds_schemas`: False: no object is a subschema."""
        self._fields = fields
        self._marks = marks
        self._finds_schemas = finds_schemas

    def tells(self, name: str) -> bool:
        """Whether an object with a member of this name may describe a value; one without any describes none."""
        return _holds_value(name) or (self._finds_schemas and self._marks.marks.is_keyword(name))

    def is_mark(self, keyword: str) -> bool:
        """Whether this keyword can be a mark: what stands behind it is one then, and no value."""
        return self._marks.marks.is_keyword(keyword)

    def of(self, members: Mapping[str, Json], *, is_schema: bool = False) -> Description | None:
        """Who masks the values that `members` describe; None: they describe none. `is_schema`: they are, whatever they look like."""
        described = self._by_label(members)
        if described is not None and described.is_explicit:
            return described
        if self._finds_schemas and (is_schema or looks_like_subschema(members)):
            mark = self._marks.marks.of(members)
            if mark is not None:
                return Description(self._marks.rule_of(mark), True, True)
        return described

    def _by_label(self, members: Mapping[str, Json]) -> Description | None:
        for label, text in members.items():
            if isinstance(text, str) and text and _is_label(label):
                names = _names_in(text)
                found = self._fields.of_path(names)
                if found is not None:
                    is_definition = len(names) > 1 and names[-2] in DEFINITIONS
                    return Description(found.rule, found.is_explicit, False, is_definition)
        return None


def _is_label(name: str) -> bool:
    return len(name) <= _LONGEST and _plain(name) in _LABELS


def _holds_value(name: str) -> bool:
    return name in INSTANCE_VALUES or (len(name) <= _LONGEST and _plain(name) in _VALUES)


@lru_cache(maxsize=1024)
def _plain(name: str) -> str:
    return name.translate(_SPELLING).lower()


def _names_in(label: str) -> list[str]:
    """The names in a path, or the one name; too long a text is one, and so a secret one."""
    if len(label) > limits.MAX_LABEL_CHARACTERS:
        return [label]
    return [name.replace("~1", "/").replace("~0", "~") for name in label.split("/")]
