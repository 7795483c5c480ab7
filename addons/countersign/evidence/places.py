"""Where a gateway keeps its evidence and its keys, below one state directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DATABASE_NAME = "evidence.db"
VKEY_NAME = "log.vkey"
COSIGNED_PREFIX = "cosigned-checkpoints-"


def cosigned_name(key_id: bytes) -> str:
    """The file, beside the database, of the checkpoints that the witness with this key cosigned."""
    return f"{COSIGNED_PREFIX}{key_id.hex()}"


@dataclass(frozen=True, slots=True)
class StatePlaces:
    """The files below a state directory. Nothing is created or checked here."""

    root: Path

    @classmethod
    def default(cls, home: Path) -> StatePlaces:
        """The places of a person who configured nothing: `.countersign` in the home directory."""
        return cls(home / ".countersign")

    @property
    def evidence(self) -> Path:
        """The directory of the evidence database and its lock."""
        return self.root / "evidence"

    @property
    def database(self) -> Path:
        """The evidence database."""
        return self.evidence / DATABASE_NAME

    @property
    def keys(self) -> Path:
        """The directory of the log's keys: beside the evidence, so that it can be on another volume."""
        return self.root / "keys"

    @property
    def vkey(self) -> Path:
        """The public key of the log, which auditors get."""
        return self.keys / VKEY_NAME
