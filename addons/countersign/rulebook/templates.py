"""The small languages inside rule files: path templates, subject templates and JSONPath, checked once at load.

A path template is literal segments and whole `{placeholder}` segments; it is matched segment by segment.
"""

from __future__ import annotations

import re
from string import Formatter

from jsonpath_ng import Child, Descendants, Fields, Index, JSONPath, Root, Slice, Wildcard
from jsonpath_ng.ext.filter import Filter
from jsonpath_ng.ext.parser import parse as parse_json_path

from countersign.rulebook.problems import Unfit, did_you_mean

_LITERAL = re.compile(r"[A-Za-z0-9._~!$&'()*+,=:@-]+")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_MEMBER_PATH = re.compile(r"\$(?:\.[A-Za-z_][A-Za-z0-9_-]*)*")
_REFUSAL_WORDS = ("status", "detail", "code")


def path_template(text: str) -> tuple[str, ...]:
    """The placeholders of a path template, in order. Raises Unfit."""
    if not text.startswith("/"):
        raise Unfit(f"the path {text[:80]!r} does not start with /", f"write {'/' + text[:80]!r}")
    names: list[str] = []
    for segment in text[1:].split("/") if text != "/" else ():
        placeholder = _PLACEHOLDER.fullmatch(segment)
        if placeholder is not None:
            names.append(placeholder[1])
        elif not _LITERAL.fullmatch(segment) or segment in (".", ".."):
            raise Unfit(
                f"the path {text[:80]!r} has the segment {segment[:40]!r}",
                "a segment is plain text or one whole {placeholder}; no empty one, no query",
            )
    if len(set(names)) != len(names):
        raise Unfit(f"the path {text[:80]!r} has a placeholder twice", "give each its own name")
    return tuple(names)


def subject_template(text: str) -> tuple[str, ...]:
    """The placeholders of a subject template; two of them have a `/` between, which no value holds. Raises Unfit."""
    names = tuple(_PLACEHOLDER.findall(text))
    rest = _PLACEHOLDER.sub("\0", text)
    if "{" in rest or "}" in rest:
        raise Unfit(f"the subject {text[:80]!r} has a brace that is no placeholder", "write {name} after the path's")
    if any("/" not in between for between in rest.split("\0")[1:-1]):
        raise Unfit(f"two subjects could be written the same way by {text[:80]!r}", "put a / between placeholders")
    return names


def known_placeholders(names: tuple[str, ...], known: tuple[str, ...]) -> None:
    """Raise Unfit where one of `names` is not in `known`."""
    for name in names:
        if name not in known:
            raise Unfit(f"the placeholder {{{name}}} is not in the operation's path", did_you_mean(name, known))


def overlap(one: str, other: str) -> bool:
    """Whether two path templates could match the same path and neither is the more literal one at every place."""
    left, right = one.split("/"), other.split("/")
    if len(left) != len(right):
        return False
    left_leads = right_leads = False
    for mine, theirs in zip(left, right, strict=True):
        mine_open, theirs_open = mine.startswith("{"), theirs.startswith("{")
        if not mine_open and not theirs_open and mine != theirs:
            return False
        left_leads |= theirs_open and not mine_open
        right_leads |= mine_open and not theirs_open
    return left_leads == right_leads


def member_path(text: str) -> str:
    """`text`, a JSONPath (RFC 9535) of member names only, such as `$` or `$.a.b`. Raises Unfit."""
    if not _MEMBER_PATH.fullmatch(text):
        raise Unfit(f"{text[:80]!r} does not name one place", "write $ for the whole body, or members: $.a.b")
    return text


def json_path(text: str) -> str:
    """`text`, a JSONPath that starts at the root and names places, as masking/ follows it. Raises Unfit."""
    try:
        query = parse_json_path(text)
    except Exception as error:  # noqa: BLE001  some of the parser's errors have no base of their own
        raise Unfit(f"{text[:80]!r} is not JSONPath", f"write it like $.customer.iban; {str(error)[:100]}") from None
    if not text.startswith("$"):
        raise Unfit(f"the JSONPath {text[:80]!r} does not start at the root", f"write {'$.' + text[:80]!r}")
    if not _names_places(query):
        raise Unfit(f"the JSONPath {text[:80]!r} computes something", "name members, indexes, slices and filters only")
    if "=~" in text:
        raise Unfit(
            f"the JSONPath {text[:80]!r} has a regular expression", "it would run on hostile text; compare with =="
        )
    return text


def _names_places(query: JSONPath) -> bool:
    if isinstance(query, Child | Descendants):
        return _names_places(query.left) and _names_places(query.right)
    return isinstance(query, Root | Fields | Index | Slice | Wildcard | Filter)


def refusal_template(text: str) -> str:
    """`text`, a template of {status}, {detail} and {code}. Raises Unfit."""
    try:
        fields = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(text) if name is not None]
    except ValueError:
        raise Unfit(f"{text[:80]!r} has a brace that is no placeholder", "use {status}, {detail} or {code}") from None
    for name, spec, conversion in fields:
        if name not in _REFUSAL_WORDS or spec or conversion:
            raise Unfit(f"{text[:80]!r} has an unknown placeholder", did_you_mean(name, _REFUSAL_WORDS))
    return text
