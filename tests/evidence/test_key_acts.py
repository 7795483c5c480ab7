"""Acts on the keys at the tail of the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from countersign.evidence import StatePlaces, values_key, verify
from countersign.evidence.errors import KeyFileError
from countersign.evidence.keys import NEXT_KEY_NAME
from tests.evidence import logs


def test_a_rotation_makes_the_next_key_at_once_and_uses_it_with_its_record(places: StatePlaces) -> None:
    """Afterwards no staged key is left, and both epochs verify."""
    with logs.opened(places) as log:
        logs.tell_story(log)
        log.rotate_key("ana")
        assert not (places.keys / NEXT_KEY_NAME).exists()
        assert len(log.vkey.splitlines()) == 2
        assert verify(places.database, log.vkey).ok


def test_the_key_of_masked_values_is_gone_once_that_is_on_record(places: StatePlaces) -> None:
    """In the files and in memory; the signing key and the digest key stay."""
    with logs.opened(places) as log:
        before = (log.values_key, log.digest_key, log.vkey)
        log.erase_values_key("ana", None)
        assert (log.values_key == before[0], log.digest_key, log.vkey) == (False, *before[1:])
        assert before[0].hex() not in "".join(file.read_text() for file in places.keys.iterdir())
        (record,) = log.records(types={"key_erasure"})
        assert record.fields == {"key": "values.key", "actor": "ana", "reason": None}
        after = log.values_key
    with logs.opened(places) as log:
        assert log.values_key == after


def test_what_cannot_be_staged_is_not_recorded(places: StatePlaces, tmp_path: Path) -> None:
    """A file in the way that is no key: nothing is said to be erased, and the key stays; without it the same act passes."""
    with logs.opened(places) as log:
        before = log.values_key
        (places.keys / values_key.NEXT_KEY_NAME).write_text("nonsense")
        (places.keys / values_key.NEXT_KEY_NAME).chmod(0o600)
        with pytest.raises(KeyFileError):
            log.erase_values_key("ana", None)
        assert log.values_key == before
        assert not list(log.records(types={"key_erasure"}))
        (places.keys / values_key.NEXT_KEY_NAME).unlink()
        log.erase_values_key("ana", None)
        assert log.values_key != before
