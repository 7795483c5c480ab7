"""What a registry remembers."""

from __future__ import annotations

import pytest

from scripts.story.subjects import GLOBAL, Reference, RegistryError, Schema, Subjects, read_schema

OPEN = Schema('{"type":"object"}')
CLOSED = Schema('{"type":"object","additionalProperties":false}')


@pytest.fixture
def subjects() -> Subjects:
    """Holds two versions of `order`."""
    subjects = Subjects()
    subjects.register("order", OPEN)
    subjects.register("order", CLOSED)
    return subjects


def code(error: pytest.ExceptionInfo[RegistryError]) -> int:
    return error.value.code


def test_versions_count_within_a_subject_and_ids_over_all(subjects: Subjects) -> None:
    """The same schema has one id, wherever it is registered."""
    version = subjects.register("invoice", CLOSED)
    assert (version.number, version.id) == (1, 2)
    assert [v.number for v in subjects.versions("order")] == [1, 2]
    assert {v.subject for v in subjects.uses(2)} == {"order", "invoice"}
    assert subjects.by_id(2) == CLOSED


def test_registering_again_changes_nothing(subjects: Subjects) -> None:
    """The version that it already is comes back, also when it is not the latest."""
    assert subjects.register("order", OPEN).number == 1
    assert len(subjects.versions("order")) == 2


@pytest.mark.parametrize(("number", "found"), [("latest", 2), ("-1", 2), ("1", 1), ("2", 2)])
def test_a_version_is_found(subjects: Subjects, number: str, found: int) -> None:
    """By its number, or as the latest."""
    assert subjects.version("order", number).number == found


@pytest.mark.parametrize(
    ("subject", "number", "expected"),
    [("none", "1", 40401), ("order", "3", 40402), ("order", "0", 42202), ("order", "x", 42202), ("order", "-2", 42202)],
)
def test_a_version_that_is_not_there(subjects: Subjects, subject: str, number: str, expected: int) -> None:
    """Each kind of absence has its code, and the status is its first three digits."""
    with pytest.raises(RegistryError) as error:
        subjects.version(subject, number)
    assert (code(error), error.value.status) == (expected, expected // 100)


def test_a_version_is_deleted_softly_then_for_good(subjects: Subjects) -> None:
    """The number never comes back."""
    first = subjects.version("order", "2")
    with pytest.raises(RegistryError) as error:
        subjects.delete_version(first, permanent=True)
    assert code(error) == 40407
    subjects.delete_version(first, permanent=False)
    assert subjects.version("order", "latest").number == 1
    hidden = subjects.version("order", "2", deleted=True)
    with pytest.raises(RegistryError) as error:
        subjects.delete_version(hidden, permanent=False)
    assert code(error) == 40406
    subjects.delete_version(hidden, permanent=True)
    with pytest.raises(RegistryError) as error:
        subjects.version("order", "2", deleted=True)
    assert code(error) == 40402
    assert subjects.register("order", CLOSED).number == 3


def test_a_subject_is_deleted_softly_then_for_good(subjects: Subjects) -> None:
    """In that order only."""
    with pytest.raises(RegistryError) as error:
        subjects.delete_subject("order", permanent=True)
    assert code(error) == 40405
    assert subjects.delete_subject("order", permanent=False) == [1, 2]
    assert (subjects.names(), subjects.names(deleted=True)) == ([], ["order"])
    with pytest.raises(RegistryError) as error:
        subjects.delete_subject("order", permanent=False)
    assert code(error) == 40404
    assert subjects.delete_subject("order", permanent=True) == [1, 2]
    with pytest.raises(RegistryError) as error:
        subjects.delete_subject("order", permanent=True)
    assert code(error) == 40401


def test_a_reference_must_exist_and_protects_what_it_names(subjects: Subjects) -> None:
    """No schema refers to nothing, neither at first nor later."""
    schema = Schema('{"$ref":"o.json"}', (Reference("o.json", "order", 2),))
    with pytest.raises(RegistryError) as error:
        subjects.register("basket", Schema(schema.text, (Reference("o.json", "order", 3),)))
    assert code(error) == 42201
    subjects.register("basket", schema)
    assert [v.subject for v in subjects.referenced_by(subjects.version("order", "2"))] == ["basket"]
    with pytest.raises(RegistryError) as error:
        subjects.delete_subject("order", permanent=False)
    assert code(error) == 42206
    assert len(subjects.versions("order")) == 2
    subjects.delete_version(subjects.version("order", "1"), permanent=False)


def test_a_level_other_than_none_takes_only_what_is_equal(subjects: Subjects) -> None:
    """The subject's own level goes before the global one."""
    subjects.levels[GLOBAL] = "BACKWARD"
    with pytest.raises(RegistryError) as error:
        subjects.register("order", Schema("true"))
    assert (code(error), error.value.status) == (409, 409)
    assert subjects.register("order", CLOSED).number == 2
    assert subjects.register("new", Schema("true")).number == 1
    subjects.levels["order"] = "NONE"
    assert subjects.register("order", Schema("true")).number == 3


def test_a_read_only_subject_does_not_change(subjects: Subjects) -> None:
    """Neither by registering nor by deleting; the override holds against the subject's own mode."""
    subjects.modes["order"] = "READONLY"
    for change in (
        lambda: subjects.register("order", Schema("true")),
        lambda: subjects.delete_version(subjects.version("order", "1"), permanent=False),
    ):
        with pytest.raises(RegistryError) as error:
            change()
        assert code(error) == 42205
    subjects.register("other", OPEN)
    subjects.modes[GLOBAL] = "READONLY"
    subjects.modes["order"] = "READWRITE"
    assert subjects.is_writable("order")
    subjects.modes[GLOBAL] = "READONLY_OVERRIDE"
    assert not subjects.is_writable("order")


def test_a_schema_is_kept_without_white_space() -> None:
    """In its order of members, unless normalised."""
    text = ' { "b" : 1, "a" : [ ] } '
    assert read_schema({"schemaType": "JSON", "schema": text}, normalize=False).text == '{"b":1,"a":[]}'
    assert read_schema({"schemaType": "JSON", "schema": text}, normalize=True).text == '{"a":[],"b":1}'


@pytest.mark.parametrize(
    "document",
    [
        {"schema": "{}"},
        {"schema": "{}", "schemaType": "AVRO"},
        {"schemaType": "JSON"},
        {"schemaType": "JSON", "schema": {"type": "object"}},
        {"schemaType": "JSON", "schema": "{"},
        {"schemaType": "JSON", "schema": "[]"},
        {"schemaType": "JSON", "schema": "{}", "references": {}},
        {"schemaType": "JSON", "schema": "{}", "references": [{"name": "a", "subject": "b"}]},
    ],
)
def test_what_is_not_a_json_schema_is_refused(document: dict[str, object]) -> None:
    """42201, whatever is wrong with it."""
    with pytest.raises(RegistryError) as error:
        read_schema(document, normalize=False)
    assert code(error) == 42201
