from __future__ import annotations

import pytest

from countersign.rulebook.values import BundlePlace, LookUp, SchemaPlace
from tests.rulebook.conftest import RulesDirectory

READ = '  - name: read schema\n    methods: [GET]\n    path: /schemas/{subject}\n    effect: read\n    subject: "{subject}"\n'


def test_the_register_operation_of_confluent_is_read_whole(rules: RulesDirectory) -> None:
    """Every part of the file arrives in its place."""
    dialect = rules.load().dialects["confluent"]
    (register,) = (operation for operation in dialect.operations if operation.name == "register schema")
    place = SchemaPlace("$.schema", "json-string")
    json_only = {"schemaType": "JSON"}
    bundle = BundlePlace(
        "$.references",
        "name",
        LookUp("/subjects/{subject}/versions/{version}", place, (), only_if=json_only),
        nested=True,
    )
    assert register.schema == place
    assert register.references == bundle
    assert register.current == LookUp("/subjects/{subject}/versions/latest", place, (404,), bundle, only_if=json_only)
    assert (register.only_if, register.query) == (json_only, ("normalize",))
    assert register.members == ("schema", "schemaType", "references")
    assert dialect.refused_subjects == (":*", "__*")
    assert dialect.refusal_members == {"error_code": "{status}00", "message": "{detail}"}


def test_an_aliased_look_up_is_the_same_look_up(rules: RulesDirectory) -> None:
    """The REST dialect writes it once, and asks for If-Match."""
    operations = {operation.name: operation for operation in rules.load().dialects["rest"].operations}
    current = operations["register schema"].current
    assert current == LookUp("/schemas/{subject}", SchemaPlace("$", "json"), (404,), etag=True)
    assert operations["replace schema"].current == current
    assert operations["delete schema"].current == current


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        (READ + READ.replace("/schemas", "/other"), "a second operation is named 'read schema' (the first: dialects/rest.yaml:6)"),
        (READ + READ.replace("read schema", "again").replace("subject}\n    effect", "name}\n    effect").replace('"{subject}"', '"{name}"'),
         "'again' and 'read schema' can match the same request"),
        (READ.replace('"{subject}"', '"{subjct}"'), "the placeholder {subjct} is not in the operation's path (did you mean 'subject'?)"),
        (READ.replace('"{subject}"', '"{subject"'), "has a brace that is no placeholder"),
        (READ.replace("/schemas/{subject}", "schemas/{subject}"), "does not start with /"),
        (READ + "    schema: {path: $, form: json}\n", "'schema' has no meaning where the effect is read"),
        (READ + "    current: {path: '/x', schema: {path: $, form: json}, absent: [404]}\n", "'current' has no meaning where the effect is read"),
        (READ.replace("GET", "PATCH").replace("effect: read", "effect: data") + "    schema: {path: $, form: json}\n",
         "'schema' has no meaning where the effect is data"),
        (READ.replace("effect: read", "effect: delete").replace('    subject: "{subject}"\n', ""), "needs 'subject'"),
        (READ.replace("effect: read", "effect: delete") + "    members: [a]\n", "'members' speaks of a body"),
        (READ.replace("GET", "PATCH").replace("effect: read", "effect: update") + "    schema: {path: $, form: json}\n",
         "an operation that does update needs 'current'"),
        (READ.replace("GET", "PATCH").replace("effect: read", "effect: settings") + "    only_if: {a: b}\n    members: [c]\n",
         "'members' lacks 'a' of 'only_if'"),
        (READ.replace("GET", "PATCH").replace("effect: read", "effect: settings")
         + "    references: {path: $.r, name: n, lookup: {path: '/{s}', schema: {path: $, form: json}}}\n",
         "references without a schema"),
        (READ.replace("methods: [GET]", "methods: [GET, GET]"), "methods has an entry twice"),
        (READ.replace("methods: [GET]", "methods: [get]"), "methods[1] cannot be 'get'"),
        (READ.replace("effect: read", "effect: updtae"), "cannot be 'updtae' (did you mean 'update'?)"),
    ],
)  # fmt: skip
def test_an_operation_that_cannot_be_meant_is_refused(rules: RulesDirectory, new: str, problem: str) -> None:
    """Each mistake is found at load, with file and line."""
    rules.replace("dialects/rest.yaml", READ, new)
    found = rules.problems()
    assert all(one.startswith("dialects/rest.yaml:") for one in found)
    assert any(problem in one for one in found), found


@pytest.mark.parametrize(
    "new",
    [
        READ + READ.replace("read schema", "read one").replace("{subject}\n", "one\n").replace('"{subject}"', '"one"'),
        READ.replace("effect: read", "effect: settings"),
        READ.replace("GET", "PATCH").replace("effect: read", "effect: settings")
        + "    only_if: {a: b}\n    members: [a]\n",
    ],
)
def test_their_twins_pass(rules: RulesDirectory, new: str) -> None:
    """A literal path beside a placeholder; what is coherent."""
    rules.replace("dialects/rest.yaml", READ, new)
    assert rules.load().dialects["rest"].operations


def test_an_authorisation_failure_never_means_that_there_is_no_schema(rules: RulesDirectory) -> None:
    """Else a service that refuses the gateway would turn every change into a first registration."""
    rules.replace("dialects/rest.yaml", "absent: [404]", "absent: [404, 403]")
    assert "absent[2] is not well formed" in rules.problems()[0]
    rules.replace("dialects/rest.yaml", "403", "410")
    assert "rest" in rules.load().dialects


def test_a_schema_is_at_one_place(rules: RulesDirectory) -> None:
    """JSONPath that could name several places is refused."""
    rules.replace(
        "dialects/rest.yaml",
        "schema: { path: $, form: json }\n      absent",
        "schema: { path: $..x, form: json }\n      absent",
    )
    assert "'$..x' does not name one place" in rules.problems()[0]


def test_two_dialects_have_two_names(rules: RulesDirectory) -> None:
    """Otherwise the order of files would decide how a service is understood."""
    rules.replace("dialects/rest.yaml", "name: rest", "name: confluent")
    assert any("a second dialect is named 'confluent'" in problem for problem in rules.problems())


def test_a_refusal_template_is_checked(rules: RulesDirectory) -> None:
    """A misspelt word, and a member that RFC 9457 or the gateway itself sets."""
    rules.replace("dialects/confluent.yaml", "{detail}", "{detial}")
    assert "unknown placeholder (did you mean 'detail'?)" in rules.problems()[0]
    rules.replace("dialects/confluent.yaml", 'message: "{detial}"', 'status: "{detail}"')
    assert "refusal" in rules.problems()[0]


@pytest.mark.parametrize(
    ("said", "language"), [("json-schema", None), ("openapi-3.0", "openapi-3.0"), ("kubernetes", "kubernetes")]
)
def test_a_dialect_says_what_its_schemas_are_written_in(rules: RulesDirectory, said: str, language: str | None) -> None:
    """JSON Schema where nothing is said."""
    assert rules.load().dialects["rest"].schema_language is None
    rules.replace("dialects/rest.yaml", "name: rest\n", f"name: rest\nschema_language: {said}\n")
    assert rules.load().dialects["rest"].schema_language == language


def test_an_unknown_schema_language_is_refused(rules: RulesDirectory) -> None:
    """A gateway that reads schemas otherwise than their service does would judge something else."""
    rules.replace("dialects/rest.yaml", "name: rest\n", "name: rest\nschema_language: openapi-3.1\n")
    assert any("schema_language" in problem for problem in rules.problems())
