"""Ways to name the same schemas: anchors, nested `$id` with relative references, bundles, and dynamic references.

Both validators follow all of these. What neither has to agree on is left out: a JSON pointer that goes on below an embedded
`$id` (JSON Schema core 2020-12, 9.2.1), one name for two schemas, and a reference from a bundle back to the document.
`jsonschema-rs` looks a relative name of a bundle up under `json-schema:///`, so that it is registered there.
"""

from __future__ import annotations

import copy
import posixpath
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import urljoin, urlsplit

from tests.schema_change.oracle_schemas import Maker
from tests.schema_change.oracle_targets import Side, places, subschemas

_HOST = "https://a.test"
_ROOT = f"{_HOST}/dir/root.json"

type Spelling = Callable[[Maker, dict[str, Any]], Side]


def plain(maker: Maker, document: dict[str, Any]) -> Side:
    """As it is made: pointers within one document."""
    return Side(document)


def anchored(maker: Maker, document: dict[str, Any]) -> Side:
    """Definitions are named, and most references go by the name."""
    if maker.is_new and maker.random.random() < 0.5:
        _name(maker, document, "top")
        _refer(document, {"#": "#top"})
    for name, schema in _named(maker, document).items():
        _name(maker, schema, f"the-{name}")
        _refer(document, {f"#/{maker.definitions}/{name}": f"#the-{name}"}, maker.random)
    return Side(document)


def nested(maker: Maker, document: dict[str, Any]) -> Side:
    """Schemas have identifiers of their own; what `#/…` would lead to from the wrong one is something else."""
    random, keyword, where = maker.random, _identifier(maker), maker.definitions
    definitions, named = document[where], _named(maker, document)
    files = ("{}.json", "sub/{}.json", "/{}.json", "../up/{}", "https://b.test/{}")
    resources = dict(named)
    with_references = [each for each in _used(maker, document) if _refers(each)]
    if with_references and random.random() < 0.7:  # one that stands where it is used
        resources["here"] = random.choice(with_references)
    uris = {name: urljoin(_ROOT, random.choice(files).format(name)) for name in resources}
    bases = {id(schema): uris[name] for name, schema in resources.items()}
    inner = outer = ""  # a definition that moves into another schema
    if len(resources) > 1 and named and random.random() < 0.6:
        inner = random.choice(list(named))
        outer = random.choice([name for name in resources if name != inner])
        del resources[inner]
        bases[id(named[inner])] = uris[outer]
        uris[inner] = f"{uris[outer]}#/{where}/{inner}"
    leads = {"#": _ROOT, **{f"#/{where}/{name}": uris.get(name, f"{_ROOT}#/{where}/{name}") for name in definitions}}

    def visit(schema: dict[str, Any], base: str) -> None:
        base = bases.get(id(schema), base)
        if isinstance(schema.get("$ref"), str):
            schema["$ref"] = _relative(random, base, leads[schema["$ref"]])
        for _, _, each in places(schema):
            visit(each, base)

    visit(document, _ROOT)
    document[keyword] = _ROOT
    for name, schema in resources.items():
        schema[keyword] = _relative(random, _ROOT, uris[name])
        decoys = {each: copy.deepcopy(random.choice(maker.leaves())) for each in definitions if random.random() < 0.7}
        for each in decoys.values():
            each.pop("$ref", None)
        if decoys:
            schema[where] = decoys
    if inner:
        resources[outer].setdefault(where, {})[inner] = named[inner]
        definitions[inner] = {"enum": ["decoy"]}
    return Side(document)


def bundled(maker: Maker, document: dict[str, Any]) -> Side:
    """The definitions are schemas of the bundle, or all of it is where they lead back to the document."""
    random, where = maker.random, maker.definitions
    definitions = document[where]
    is_far = random.random() < 0.5
    names = {name: f"{_HOST}/dir/{name}.json" if is_far else f"{name}.json" for name in (*definitions, "main")}
    if any(each.get("$ref") == "#" for schema in definitions.values() for each in subschemas(schema)):
        main = {key: value for key, value in document.items() if key != "$schema" or random.random() < 0.5}
        return Side({"$schema": document["$schema"], "$ref": names["main"]}, {names["main"]: main})
    del document[where]
    based = {names[name]: schema for name, schema in definitions.items()}
    if is_far and random.random() < 0.5:
        document[_identifier(maker)] = _ROOT
        based[_ROOT] = document
    for base, schema in (*based.items(), ("", {} if _ROOT in based else document)):
        for each in subschemas(schema):
            name = str(each.get("$ref")).rpartition("/")[2]
            if each.get("$ref") == f"#/{where}/{name}":
                each["$ref"] = _relative(random, base, names[name]) if is_far and base else names[name]
    for schema in definitions.values():
        if random.random() < 0.3 and isinstance(schema, dict):
            schema["$schema"] = document["$schema"]
    return Side(document, {names[name]: schema for name, schema in definitions.items()})


def dynamic(maker: Maker, document: dict[str, Any]) -> Side:
    """References that lead where the way to them says; in other dialects than 2019-09 and 2020-12, identifiers."""
    random = maker.random
    side = nested(maker, document) if random.random() < 0.6 or not maker.is_new else Side(document)
    definitions = _named(maker, document).values()
    for schema in [document, *definitions] if maker.is_new else []:
        if random.random() < 0.7:
            schema.update({"$dynamicAnchor": "top"} if maker.dialect == "2020-12" else {"$recursiveAnchor": True})
    for each in subschemas(document) if maker.is_new else ():
        if "$ref" in each and random.random() < 0.6:
            reference = each.pop("$ref")
            if maker.dialect == "2020-12":
                each["$dynamicRef"] = random.choice(("#top", f"{reference.partition('#')[0]}#top"))
            else:
                each["$recursiveRef"] = "#"
    return side


#: These keep the meaning of a schema.
SPELLINGS: tuple[Spelling, ...] = (plain, anchored, nested, bundled)


def spelled(maker: Maker, document: dict[str, Any], spelling: Spelling) -> Side:
    """A copy of `document`, whose references are pointers, with its schemas named in another way."""
    return spelling(maker, copy.deepcopy(document))


def _named(maker: Maker, document: dict[str, Any]) -> dict[str, Any]:
    """The definitions that can have a name of their own: beside `$ref` an old dialect knows none."""
    found: dict[str, Any] = document[maker.definitions]
    return {
        name: schema
        for name, schema in found.items()
        if isinstance(schema, dict) and (maker.is_new or "$ref" not in schema)
    }


def _used(maker: Maker, document: dict[str, Any]) -> list[dict[str, Any]]:
    """The schemas outside the definitions that can have an identifier."""
    found = [
        each
        for schema in places(document)
        if schema[0] is not document[maker.definitions]
        for each in subschemas(schema[2])
    ]
    return [each for each in found if maker.is_new or "$ref" not in each]


def _refers(schema: dict[str, Any]) -> bool:
    return any("$ref" in each for each in subschemas(schema))


def _identifier(maker: Maker) -> str:
    return "id" if maker.dialect == "draft-04" else "$id"


def _name(maker: Maker, schema: dict[str, Any], name: str) -> None:
    if maker.dialect == "2020-12":
        schema[maker.random.choice(("$anchor", "$dynamicAnchor"))] = name
    elif maker.is_new:
        schema["$anchor"] = name
    else:
        schema[_identifier(maker)] = f"#{name}"


def _refer(document: dict[str, Any], names: dict[str, str], random: Random | None = None) -> None:
    for each in subschemas(document):
        if each.get("$ref") in names and (random is None or random.random() < 0.8):
            each["$ref"] = names[each["$ref"]]


def _relative(random: Random, base: str, target: str) -> str:
    """One of the ways to write `target` where `base` holds."""
    ways = [target]
    here, there = urlsplit(base), urlsplit(target)
    rest = f"#{there.fragment}" if there.fragment else ""
    if (here.scheme, here.netloc) == (there.scheme, there.netloc):
        ways.append(there.path + rest)
        ways += 2 * [posixpath.relpath(there.path, posixpath.dirname(here.path)) + rest]
        if here.path == there.path:
            ways = [rest or "#"]
    way = random.choice(ways)
    assert urljoin(base, way).removesuffix("#") == target
    return way
