"""The classification of keywords."""

from __future__ import annotations

from countersign.schema_change import keywords


def test_each_dialect_has_its_keywords() -> None:
    """Keywords come and go with the dialects."""
    assert "const" not in keywords.ASSERTIONS["draft-04"]
    assert "const" in keywords.ASSERTIONS["draft-06"]
    assert "if" not in keywords.ASSERTIONS["draft-06"]
    assert "dependencies" in keywords.ASSERTIONS["draft-07"]
    assert "dependencies" not in keywords.ASSERTIONS["2019-09"]
    assert "prefixItems" not in keywords.ASSERTIONS["2019-09"]
    assert "additionalItems" not in keywords.ASSERTIONS["2020-12"]


def test_no_keyword_is_both_assertion_and_annotation() -> None:
    """What asserts something never passes for an annotation."""
    assert not [keyword for keyword in keywords.ANY_DIALECT if keywords.is_annotation(keyword)]
    assert keywords.is_annotation("title")
    assert keywords.is_annotation("connect.type")


def test_unknown_keywords_are_no_annotations() -> None:
    """`nullable` changes validation in OpenAPI 3.0: an unknown name is never taken for harmless."""
    assert not keywords.is_annotation("nullable")
    assert not keywords.is_annotation("x-kubernetes-int-or-string")


def test_every_keyword_that_holds_schemas_has_a_shape() -> None:
    """The walk to every subschema knows all of them."""
    assert {"allOf", "if", "$defs", "definitions", "dependentSchemas", "prefixItems"} <= keywords.SUBSCHEMAS.keys()
