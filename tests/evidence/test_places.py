"""Where everything is."""

from __future__ import annotations

from pathlib import Path

from countersign.evidence.places import StatePlaces, cosigned_name


def test_places() -> None:
    """The database and the keys are in different directories below one state directory."""
    places = StatePlaces(Path("/srv/countersign"))
    assert places.database == Path("/srv/countersign/evidence/evidence.db")
    assert places.vkey == Path("/srv/countersign/keys/log.vkey")
    assert places.keys not in places.database.parents


def test_default() -> None:
    """Without a configuration it is a hidden directory of the person."""
    assert StatePlaces.default(Path("/home/ann")).root == Path("/home/ann/.countersign")


def test_cosigned() -> None:
    """Each witness has a file of its own beside the database, found by the id of its key."""
    assert cosigned_name(bytes.fromhex("0a1b2c3d")) == "cosigned-checkpoints-0a1b2c3d"
