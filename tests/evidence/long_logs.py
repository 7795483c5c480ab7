"""A log long enough for full tiles, with two key epochs, payloads erased by rule, and an anchor file."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from countersign.evidence import EvidenceLog, StatePlaces
from countersign.evidence.checkpoint import Signer
from countersign.evidence.erasures import Selection
from countersign.evidence.keys import SIGNING_KEY_NAME
from countersign.evidence.settings import LogSettings
from tests.evidence import logs

TWO_DAYS_US = 2 * 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class LongLog:
    """A closed log."""

    places: StatePlaces
    anchor: Path  #: its checkpoints, kept outside
    vkeys: str  #: of both epochs, one line each
    size: int

    @property
    def database(self) -> Path:
        """Its database."""
        return self.places.database


def written(directory: Path) -> LongLog:
    """Some 620 records in some 60 commits."""
    places, anchor, clock = StatePlaces(directory / "state"), directory / "elsewhere" / "checkpoints", logs.Clock()
    anchor.parent.mkdir(parents=True)
    log = EvidenceLog.open(
        places.evidence,
        places.keys,
        logs.ORIGIN,
        clock=clock,
        randomness=secrets.token_bytes,
        software={},
        settings=LogSettings(anchor_files=(anchor,)),
    )
    try:
        for number in range(30):
            names = [f"x{number}-{place}" for place in range(5)]
            for made in (logs.intent, logs.outcome):
                log.submit(*(made(name) for name in names)).result(5)
            if number == 15:
                clock.now_us += TWO_DAYS_US
                selection = Selection(clock.now_us - TWO_DAYS_US // 2, "registry", ("intent",), ("request",))
                assert log.prune(selection, logs.nothing_needed, rule="retention.yaml:1", actor="tests").payloads == 80
        log.rotate_key("tests")
        for number in range(30):
            log.submit(*(logs.intent(f"y{number}-{place}") for place in range(5))).result(5)
            log.submit(*(logs.outcome(f"y{number}-{place}") for place in range(5))).result(5)
    finally:
        log.close()
    return LongLog(places, anchor, places.vkey.read_text(), log.size)


def key_of(log: LongLog) -> Signer:
    """The log's present key, as a thief has it."""
    key = load_pem_private_key((log.places.keys / SIGNING_KEY_NAME).read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return Signer.of(logs.ORIGIN, key)
