from __future__ import annotations

from countersign.rulebook import values
from countersign.rulebook.places import SecretPlace, Source


def test_a_source_reads_as_file_and_line() -> None:
    """Explanations and errors print it."""
    assert str(Source("access.yaml", 12)) == "access.yaml:12"


def test_there_is_one_of_each() -> None:
    """The package imports them from `values`; they are the same classes."""
    assert (values.Source, values.SecretPlace) == (Source, SecretPlace)
