"""The evidence log: what happened, durable before it matters, and provable afterwards.

log.py           the facade: open, submit, append, records, close
records.py       one record: the leaf, its columns and payloads        draft.py        an entry checked and frozen
writer.py        the thread: group commit, queue, latch                appender.py     one group commit
tree.py          RFC 6962 Merkle tree and proofs                       checkpoint.py   C2SP signed notes
schema.py        tables and migrations                                 store.py        connections, reading
recovery.py      what must hold before writing again                   lock.py         one writer, the same files
verification.py  the whole log against its public key                  examination.py  the checklist; report.py its result
keys.py          signing key and digest key                            places.py       where everything is
account.py       records in plain words                                directory.py    private directories
"""

from __future__ import annotations

from countersign.evidence.errors import BadEntry, EvidenceDamaged, KeyFileError, LogInUse
from countersign.evidence.log import EvidenceLog
from countersign.evidence.places import StatePlaces
from countersign.evidence.records import Entry, Payload, Receipt, Record
from countersign.evidence.verification import verify

__all__ = [
    "BadEntry",
    "Entry",
    "EvidenceDamaged",
    "EvidenceLog",
    "KeyFileError",
    "LogInUse",
    "Payload",
    "Receipt",
    "Record",
    "StatePlaces",
    "verify",
]
