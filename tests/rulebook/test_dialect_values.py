from __future__ import annotations

from countersign.rulebook import dialect_values, values
from countersign.rulebook.dialect_values import OperationRule


def test_what_an_operation_does_not_say_is_closed() -> None:
    """Query parameters that are not listed are none."""
    assert OperationRule("a", ("PUT",), "/a", "settings", None, None, None, None).query == ()


def test_there_is_one_of_each() -> None:
    """The package imports them from `values`; they are the same classes."""
    for name in ("BundlePlace", "Dialect", "Effect", "LookUp", "OperationRule", "SchemaForm", "SchemaPlace"):
        assert getattr(values, name) is getattr(dialect_values, name)
