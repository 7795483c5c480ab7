"""The evidence log: what happened, durable before it matters, and provable afterwards.

log.py           the facade: open, submit, append, records, prune   opening.py     from a directory to a log
records.py       one record: the leaf, its columns and payloads     draft.py       an entry checked and frozen
writer.py        the thread: group commit, queue, latch             appender.py    one group commit
keeper.py        heartbeats, key epochs                             timeline.py    the times of records
settings.py      what the operator chose                            places.py      where everything is
space.py         room for the outcomes of what is in flight         directory.py   private directories
tree.py          RFC 6962 Merkle tree and proofs                    stored_tree.py the same from the database
checkpoint.py    C2SP signed notes                                  epochs.py      the keys, one after the other
keys.py          the log's keys       key_files.py   their files       lock.py        one writer, the same files
values_key.py    of masked values that stay comparable              key_acts.py      what the writer does to keys
schema.py        tables and migrations                              store.py       connections, reading
erasures.py      what was erased by rule                            pruning.py     the erasing
anchors.py       checkpoints kept elsewhere                         checkpoint_file.py  a file of them
recovery.py      what must hold before writing again                verification.py  the whole log
examination.py   the checklist                                      story.py       what records say to each other
stored_log.py    what it reads: a database                          exported_log.py    or an export
report.py        its result                                         account.py     records in plain words
fleet.py         every gateway that there must be                   cosigned_checkpoints.py  what most witnesses saw
tiles.py         the log as a tlog-tiles directory                  tiling.py      the tiles of a tree
proof_file.py    one record's inclusion proof
anchoring.py     the log's witnesses: fed, and not too late         witness_feed.py    one of them
control.py       what operators do to an open log            control_room.py  at a running gateway, on
control_socket.py             a Unix socket that serves      control_client.py  those who ask there
witness*.py, cosignature.py   another party that signs checkpoints of logs it watches (witnessed_logs.py: which ones)
standalone_verifier.py        for strangers: one file, nothing of this package
"""

from __future__ import annotations

from countersign.evidence.errors import BadEntry, EvidenceDamaged, KeyFileError, LogInUse
from countersign.evidence.log import EvidenceLog
from countersign.evidence.places import StatePlaces
from countersign.evidence.records import Entry, Payload, Receipt, Record
from countersign.evidence.settings import LogSettings
from countersign.evidence.verification import verify

__all__ = [
    "BadEntry",
    "Entry",
    "EvidenceDamaged",
    "EvidenceLog",
    "KeyFileError",
    "LogInUse",
    "LogSettings",
    "Payload",
    "Receipt",
    "Record",
    "StatePlaces",
    "verify",
]
