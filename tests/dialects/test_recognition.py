from __future__ import annotations

import json
from contextlib import nullcontext
from typing import Any

import pytest

from countersign import limits
from countersign.dialects.operations import RequestView, UnknownOperation
from countersign.dialects.recognition import recognise
from countersign.errors import BadInput, CountersignError, TooLarge, UnsupportedMedia
from countersign.rulebook.values import Dialect

MEDIA = "application/vnd.schemaregistry.v1+json"
REGISTER = "/subjects/orders-value/versions?normalize=False"
SCHEMA = {"type": "object", "required": ["id"]}


def _body(**members: Any) -> bytes:
    return json.dumps({"schema": json.dumps(SCHEMA), "schemaType": "JSON", "references": []} | members).encode()


def _view(method: str, target: str, body: bytes = b"", media_type: str | None = None) -> RequestView:
    return RequestView(method, target, body, media_type or (MEDIA if body else None))


def test_a_registration_is_understood_whole(confluent: Dialect) -> None:
    """As confluent-kafka sends it: subject, proposed schema, references, and how to read the current one."""
    references = [{"name": "item.json", "subject": "items", "version": 2}]
    operation = recognise(confluent, _view("POST", REGISTER, _body(references=references)))
    assert (operation.name, operation.effect, operation.subject) == ("register schema", "register", "orders-value")
    assert (operation.proposed, operation.has_proposed) == (SCHEMA, True)
    assert [(one.name, one.target) for one in operation.references] == [("item.json", "/subjects/items/versions/2")]
    assert operation.current is not None
    assert operation.current.target == "/subjects/orders-value/versions/latest"
    assert operation.current.absent == (404,)
    assert operation.current.only_if == {"schemaType": "JSON"}
    assert operation.rule.file == "dialects/confluent.yaml"


def test_a_rest_replacement_is_understood_whole(rest: Dialect) -> None:
    """The body is the schema; If-Match goes with the change."""
    operation = recognise(rest, _view("PUT", "/schemas/orders", b"false", "application/json"))
    assert (operation.name, operation.effect, operation.subject) == ("replace schema", "update", "orders")
    assert (operation.proposed, operation.has_proposed) == (False, True)
    assert operation.current is not None
    assert (operation.current.target, operation.current.etag) == ("/schemas/orders", True)


@pytest.mark.parametrize(
    ("method", "target", "body", "effect", "subject"),
    [
        ("GET", "/subjects", b"", "read", None),
        ("GET", "/subjects/a/versions?deleted=true&unknown=1&unknown=2", b"", "read", "a"),
        ("HEAD", "/subjects/a/versions", b"", "read", "a"),
        ("GET", "/subjects/a/versions/latest", b"", "read", "a"),
        ("GET", "/subjects/a/versions/3/schema", b"", "read", "a"),
        ("GET", "/subjects/a/versions/3/referencedby", b"", "read", "a"),
        ("GET", "/subjects/a/metadata?key=x&key=y", b"", "read", "a"),
        ("GET", "/schemas/ids/7?subject=a", b"", "read", None),
        ("GET", "/schemas/types", b"", "read", None),
        ("GET", "/config", b"", "read", None),
        ("GET", "/config/a?defaultToGlobal=true", b"", "read", "a"),
        ("GET", "/mode/a", b"", "read", "a"),
        ("GET", "/contexts?offset=0&limit=-1", b"", "read", None),
        ("GET", "/associations/resources/-/auto?resourceType=topic", b"", "read", None),
        ("GET", "/", b"", "read", None),
        ("POST", "/subjects/a?normalize=False&deleted=False", b"{}", "read", "a"),
        ("POST", "/compatibility/subjects/a/versions/latest?normalize=False&verbose=False", b"{}", "read", "a"),
        ("POST", "/compatibility/subjects/a/versions?normalize=False&verbose=False", b"{}", "read", "a"),
        ("DELETE", "/subjects/a?permanent=true", b"", "delete", "a"),
        ("DELETE", "/subjects/a/versions/3", b"", "delete", "a"),
        ("PUT", "/config", b'{"compatibility": "NONE"}', "settings", None),
        ("PUT", "/config/a", b'{"compatibility": "NONE"}', "settings", "a"),
        ("DELETE", "/config/a", b"", "settings", "a"),
        ("PUT", "/mode?force=True", b'{"mode": "IMPORT"}', "settings", None),
        ("PUT", "/mode/a?force=True", b'{"mode": "IMPORT"}', "settings", "a"),
        ("DELETE", "/mode/a", b"", "settings", "a"),
    ],
)
def test_what_confluent_clients_send_has_its_effect(
    confluent: Dialect, method: str, target: str, body: bytes, effect: str, subject: str | None
) -> None:
    """Every call of confluent-kafka 2.16 that names no context, import or association."""
    operation = recognise(confluent, _view(method, target, body))
    assert (operation.effect, operation.subject, operation.has_proposed) == (effect, subject, False)


@pytest.mark.parametrize("target", ["/subjects/a", *(f"/compatibility/subjects/a/versions{end}" for end in ("", "/1"))])
def test_what_a_read_makes_the_registry_open_is_told(confluent: Dialect, target: str) -> None:
    """It compares with what the body refers to, under the gateway's credential: the caller's right to that is asked for."""
    references = [{"name": "item.json", "subject": "items", "version": 2}]
    operation = recognise(confluent, _view("POST", target, _body(references=references)))
    assert (operation.effect, operation.current, operation.has_proposed) == ("read", None, False)
    assert [one.target for one in operation.references] == ["/subjects/items/versions/2"]
    assert recognise(confluent, _view("POST", target, _body())).references == ()


@pytest.mark.parametrize("target", ["/config", "/config/a"])
def test_a_setting_gives_no_subject_a_second_name(confluent: Dialect, target: str) -> None:
    """An alias would carry changes of one subject to another, past the rules that speak of that one."""
    with pytest.raises(BadInput, match="alias"):
        recognise(confluent, _view("PUT", target, b'{"alias": "b"}'))
    assert recognise(confluent, _view("PUT", target, b'{"compatibility": "FULL"}')).effect == "settings"


def test_a_delete_says_how_to_read_what_is_deleted(confluent: Dialect) -> None:
    """Approvers see it, and the approval holds for this version only."""
    subject = recognise(confluent, _view("DELETE", "/subjects/a%20b")).current
    version = recognise(confluent, _view("DELETE", "/subjects/a/versions/3")).current
    assert subject is not None
    assert version is not None
    assert (subject.target, version.target) == ("/subjects/a%20b/versions/latest", "/subjects/a/versions/3")


def test_data_is_not_looked_into(rest: Dialect) -> None:
    """It need not be JSON; masking looks at it."""
    operation = recognise(rest, _view("POST", "/data/orders", b"a,b\n1,2\n", "text/csv"))
    assert (operation.effect, operation.subject, operation.has_proposed) == ("data", "orders", False)


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/subjects/a/versions/3", b"{}"),
        ("POST", "/subjects", b"{}"),
        ("PATCH", "/subjects/a/versions", b"{}"),
        ("post", "/subjects/a/versions", b"{}"),
        ("POST", "/contexts/x/subjects/a/versions", b"{}"),
        ("POST", "/associations", b"{}"),
        ("DELETE", "/associations/resources/x", b""),
        ("POST", "/exporters", b"{}"),
        ("PUT", "/subjects/a", b"{}"),
        ("OPTIONS", "/subjects/a", b""),
        ("TRACE", "/", b""),
        ("DELETE", "/", b""),
        ("DELETE", "/subjects/a?permanent=true&force=true", b""),
        ("DELETE", "/subjects/a?perm%61nent=true", b""),
        ("DELETE", "/subjects/a?_method=PUT", b""),
        ("PUT", "/config/a?force=true", b"{}"),
        ("POST", "/subjects/a?switch=1", b"{}"),
        ("DELETE", "/subjects/:.:orders", b""),
        ("DELETE", "/subjects/%3A.team%3Aorders", b""),
        ("PUT", "/config/__GLOBAL", b"{}"),
        ("GET", "/config/__GLOBAL", b""),
    ],
)
def test_what_the_dialect_does_not_know_is_refused(confluent: Dialect, method: str, target: str, body: bytes) -> None:
    """Unknown methods and paths, switches in the query, second names of a subject: 403."""
    with pytest.raises(UnknownOperation):
        recognise(confluent, _view(method, target, body))


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/subjects", b"x"),
        ("HEAD", "/nowhere", b"x"),
        ("DELETE", "/subjects/a", b"{}"),
        ("POST", REGISTER, b""),
        ("POST", REGISTER, b"{"),
        ("POST", REGISTER, b"[]"),
        ("POST", REGISTER, _body(schemaType="AVRO")),
        ("POST", REGISTER, _body(schemaType=None)),
        ("POST", REGISTER, _body(schema={"type": "object"})),
        ("POST", REGISTER, _body(schema="[]")),
        ("POST", REGISTER, _body(references={})),
        ("POST", REGISTER, _body(metadata={})),
        ("POST", REGISTER, _body(ruleSet={})),
        ("POST", REGISTER, _body(id=7, version=1)),
        ("POST", REGISTER, b'{"schema": "{}", "schemaType": "JSON", "schema": "true"}'),
        ("POST", "/subjects/a/versions?normalize=true&normalize=false", _body()),
        ("POST", "/subjects/a/versions?normalize=true;permanent=true", _body()),
        ("PUT", "/config", b"not json"),
        ("POST", "/subjects//versions", _body()),
        ("POST", "/subjects/a/versions/", _body()),
        ("POST", "/x/../subjects/a/versions", _body()),
        ("POST", "/subjects/a%2Fb/versions", _body()),
        ("GET", "/subjects/..%2fconfig", b""),
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused(confluent: Dialect, method: str, target: str, body: bytes) -> None:
    """A body where none belongs, no schema where one belongs, a path with two readings: 400."""
    with pytest.raises(BadInput):
        recognise(confluent, _view(method, target, body))


@pytest.mark.parametrize("body", [_body(), b'{"schema": "true", "schemaType": "JSON"}', _body(references=None)])
def test_their_twins_pass(confluent: Dialect, body: bytes) -> None:
    """The same request without the mistake."""
    assert recognise(confluent, _view("POST", REGISTER, body)).effect == "register"


def test_a_change_that_is_not_sent_as_json_is_refused(confluent: Dialect) -> None:
    """The service could read a form where the gateway reads a schema."""
    with pytest.raises(UnsupportedMedia):
        recognise(confluent, _view("POST", REGISTER, _body(), "application/x-www-form-urlencoded"))
    assert recognise(confluent, _view("POST", REGISTER, _body(), "application/json")).effect == "register"


def test_the_most_literal_path_wins(rest: Dialect) -> None:
    """Wherever the operations stand in the file."""
    literal = rest.operations[0].__class__("types", ("GET",), "/schemas/types", "settings", None, None, None, None)
    for operations in ((literal, *rest.operations), (*rest.operations, literal)):
        dialect = Dialect("d", operations, {}, rest.source)
        assert recognise(dialect, _view("GET", "/schemas/types")).name == "types"
        assert recognise(dialect, _view("GET", "/schemas/other")).name == "read schema"
        with pytest.raises(UnknownOperation):  # a GET that changes something has no unknown switches either
            recognise(dialect, _view("GET", "/schemas/types?x=1"))


def test_no_subject_is_in_an_error(confluent: Dialect) -> None:
    """Errors are logged; a path may hold what somebody should not have put there."""
    for target in ("/hunter2", "/subjects/hunter2//", "/subjects/:hunter2", "/subjects/hunter2;"):
        with pytest.raises(CountersignError) as caught:
            recognise(confluent, _view("DELETE", target))
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("method", "target", "body", "names"),
    [
        ("GET", "/schemas/orders", b"", ("", "subject")),
        ("POST", "/data/orders", b"{}", ("", "subject")),
        ("GET", "/elsewhere/x", b"", ()),
    ],
)
def test_each_segment_of_the_path_has_its_name(
    rest: Dialect, method: str, target: str, body: bytes, names: tuple[str, ...]
) -> None:
    """The placeholder that it stands for, nothing for a literal one; of a path that nobody knows none."""
    assert recognise(rest, _view(method, target, body, "application/json")).path_names == names


def test_data_says_where_its_schema_is(rest: Dialect) -> None:
    """Beside what it would change, which is nothing: access alone decides about it."""
    data = recognise(rest, _view("POST", "/data/orders", b"not looked at", "text/plain"))
    change = recognise(rest, _view("PUT", "/schemas/orders", b"{}", "application/json"))
    assert (data.effect, data.subject, data.current) == ("data", "orders", None)
    assert data.data_schema == change.current
    assert change.data_schema is None


def test_a_body_of_very_many_values_is_refused_before_it_is_parsed(
    rest: Dialect, confluent: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the schema is a text in the body; one of few values is read."""
    monkeypatch.setattr(limits, "MAX_SCHEMA_NODES", 10)
    for count in (3, 30):
        schema = {"enum": [*range(count)]}
        views = [
            (rest, _view("PUT", "/schemas/orders", json.dumps(schema).encode(), "application/json")),
            (confluent, _view("POST", REGISTER, _body(schema=json.dumps(schema)))),
        ]
        for dialect, view in views:
            with pytest.raises(TooLarge, match="more than 10 values") if count > 10 else nullcontext():
                assert recognise(dialect, view).proposed == schema
