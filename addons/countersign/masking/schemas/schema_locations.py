"""Where things stand in a schema document and in the documents it refers to, and where a reference leads. Fetches nothing.

Where drafts of JSON Schema disagree on what a reference means, it leads to all that one of them says.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote, urljoin

from countersign import limits
from countersign.errors import TooLarge
from countersign.masking.documents.pointers import pointer_to
from countersign.strict_json import Json

_DRAFT: Final = re.compile(r"draft-0?([3467])|draft/(2019-09|2020-12)")
_WITH_ID: Final = frozenset(("3", "4"))  # the identifier is `id`; in later drafts `$id`
_ALONE: Final = frozenset(("3", "4", "6", "7", ""))  # what stands beside `$ref` does not count, or may not
# The schemas of schemas: nothing in them is sensitive.
_META_SCHEMA: Final = re.compile(r"https?://json-schema\.org/(?:draft-0[3467]|draft/(?:2019-09|2020-12))/[a-z/-]+")
_INDEX: Final = re.compile(r"(?:0|[1-9][0-9]{0,6})")


class UnresolvedReference(Exception):
    """The reference leads nowhere that is known."""


class Location:
    """One value in a document, and what relative references in it are relative to."""

    __slots__ = ("_below", "bases", "draft", "resource", "root", "token", "up", "value")

    def __init__(self, value: Json, up: Location | None, token: str | int, base: str = "") -> None:
        """The value at `token` of `up`, or a whole document that was found at the URI `base`. Raises TooLarge."""
        self.value = value
        self.up = up
        self.token = token
        self.root: Location = self if up is None else up.root
        self.resource: Location = self if up is None else up.resource
        self.bases: tuple[str, ...] = (base,) if up is None else up.bases
        self.draft: str = "" if up is None else up.draft  # empty: not known
        self._below: dict[str | int, Location] = {}
        if isinstance(value, dict):
            self._read(value)

    def _read(self, value: dict[str, Json]) -> None:
        dialect = value.get("$schema")
        if isinstance(dialect, str):
            found = _DRAFT.search(dialect)
            self.draft = (found[1] or found[2]) if found else ""
        given = [uri for uri in (name.partition("#")[0] for name in _identifiers(value, self.draft)) if uri]
        if not given:
            return
        self.resource = self
        joined = [_join(base, uri) for base in self.bases for uri in given]
        is_certain = self.draft not in _ALONE or (self.draft != "" and "$ref" not in value)
        bases = tuple(dict.fromkeys(joined if is_certain else [*joined, *self.bases]))
        if len(bases) > limits.MAX_BASE_URIS:
            raise TooLarge(f"more than {limits.MAX_BASE_URIS} readings of one identifier")
        self.bases = bases

    def down(self, token: str | int) -> Location:
        """The location of the member or item `token`, which is there."""
        found = self._below.get(token)
        if found is None:
            found = self._below[token] = Location(self.value[token], self, token)  # type: ignore[index]
        return found

    def find(self, pointer: str) -> Location | None:
        """Where an RFC 6901 pointer leads from here; None: nowhere."""
        here = self
        for token in pointer.split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~")
            if isinstance(here.value, dict) and name in here.value:
                here = here.down(name)
            elif isinstance(here.value, list) and _INDEX.fullmatch(name) and int(name) < len(here.value):
                here = here.down(int(name))
            else:
                return None
        return here

    def pointer(self, *below: str | int) -> str:
        """The RFC 6901 pointer to here, or to what is `below`, from the root of the document."""
        tokens: list[str | int] = []
        here = self
        while here.up is not None:
            tokens.append(here.token)
            here = here.up
        return pointer_to([*reversed(tokens), *below])


class Locations:
    """A document, its bundle by the names that references use, and the identifiers in them that were made known."""

    def __init__(self, document: Json, bundle: Mapping[str, Json]) -> None:
        self.document = Location(document, None, "")
        self.others = tuple(Location(schema, None, "", name) for name, schema in bundle.items())
        self._by_name = dict(zip(bundle, self.others, strict=True))
        self._by_uri: defaultdict[str, list[Location]] = defaultdict(list)
        self._anchors: defaultdict[str, list[Location]] = defaultdict(list)
        self._dynamic: defaultdict[str, list[Location]] = defaultdict(list)
        self._recursive: list[Location] = []
        for name, other in self._by_name.items():
            self._by_uri[name].append(other)

    def know(self, location: Location) -> None:
        """Make known the identifiers of the schema at `location`, which is an object."""
        value = location.value
        assert isinstance(value, dict)
        if location.resource is location:
            for base in location.bases:
                self._by_uri[base].append(location)
        for identifier in _identifiers(value, location.draft):
            anchor = identifier.partition("#")[2]
            if anchor:
                self._anchors[anchor].append(location)
        for keyword in ("$anchor", "$dynamicAnchor"):
            name = value.get(keyword)
            if isinstance(name, str):
                self._anchors[name].append(location)
                if keyword == "$dynamicAnchor":
                    self._dynamic[name].append(location)
        if value.get("$recursiveAnchor") is True:
            self._recursive.append(location)

    def targets(self, location: Location, keyword: str, reference: Json) -> tuple[Location, ...]:
        """Where `reference` (the value of `$ref`, `$dynamicRef` or `$recursiveRef` at `location`) may lead.

        Empty where it leads to the schema of all schemas. Raises UnresolvedReference.
        """
        if not isinstance(reference, str):
            raise UnresolvedReference
        uri, _, fragment = reference.partition("#")
        found = [target for root in self._resources(location, uri) for target in self._inside(root, fragment)]
        if keyword == "$dynamicRef":
            found += self._dynamic.get(fragment, ())
        elif keyword == "$recursiveRef":
            found += self._recursive
        found = [target for target in dict.fromkeys(found) if isinstance(target.value, dict | bool)]
        if not found and not _META_SCHEMA.fullmatch(uri):
            raise UnresolvedReference
        return tuple(found)

    def _resources(self, location: Location, uri: str) -> Iterator[Location]:
        if not uri:
            yield location.resource
            yield location.root
            return
        if uri in self._by_name:
            yield self._by_name[uri]
        for base in location.bases:
            yield from self._by_uri.get(_join(base, uri), ())

    def _inside(self, root: Location, fragment: str) -> Iterator[Location]:
        if not fragment:
            yield root
        for text in dict.fromkeys((fragment, unquote(fragment))):
            if text.startswith("/"):
                found = root.find(text)
                if found is not None:
                    yield found
            elif text:
                yield from (each for each in self._anchors.get(text, ()) if each.root is root.root)


def _identifiers(schema: dict[str, Json], draft: str) -> list[str]:
    """What `$id` says, or `id`: of the schema, or with a fragment of an anchor."""
    keywords = ("id",) if draft in _WITH_ID else ("$id",) if draft else ("$id", "id")
    return [given for given in map(schema.get, keywords) if isinstance(given, str)]


def _join(base: str, uri: str) -> str:
    """RFC 3986, 5.2; `uri` alone where it makes no URI with `base`."""
    if len(base) > limits.MAX_REFERENCE_CHARACTERS or len(uri) > limits.MAX_REFERENCE_CHARACTERS:
        return uri
    try:
        return urljoin(base, uri)
    except ValueError:
        return uri
