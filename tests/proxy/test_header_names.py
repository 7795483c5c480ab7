"""The sets of header names."""

from __future__ import annotations

from countersign.proxy import header_names as names


def test_every_name_is_written_as_it_is_compared() -> None:
    """All names are lower case: they are compared with lower-case names."""
    every = [*names.KNOWN, *names.CONNECTION_OPTIONS]
    assert every == [name.lower() for name in every]


def test_no_header_is_both_transport_and_something_that_counts() -> None:
    """What is left out of an approval as transport is neither a credential nor an override."""
    assert names.TRANSPORT.isdisjoint([*names.GATEWAY_CREDENTIALS, *names.CALLER_CREDENTIALS, *names.OVERRIDES])
    assert names.TRANSPORT.isdisjoint([names.JUSTIFICATION, names.BREAK_GLASS])
    assert {names.JUSTIFICATION, names.BREAK_GLASS} <= names.KNOWN


def test_what_a_service_acts_upon_is_not_transport() -> None:
    """Conditions, types and encodings of the body are part of what gets approved."""
    meaning = {*names.MEANINGS, "accept", "prefer", "x-api-key", "range"}
    assert names.TRANSPORT.isdisjoint(meaning)
