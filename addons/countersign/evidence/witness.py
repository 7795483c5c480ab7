"""A witness: it cosigns a log's checkpoints as long as each appends to the one before (C2SP tlog-witness).

Its whole state is one file per log: the note it cosigned last. A witness that is restored from an older backup can be
led to cosign a fork; such a one must begin anew with another key. Does not look at records, and authenticates nobody
but the log's keys: whoever has a signed checkpoint may offer it. Checkpoints with extension lines are refused.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from countersign import limits
from countersign.evidence import directory as directories
from countersign.evidence import tree
from countersign.evidence.checkpoint import Checkpoint, Verifier, parse, split_note
from countersign.evidence.cosignature import Cosigner
from countersign.evidence.errors import BadNote, BadProof, EvidenceDamaged
from countersign.evidence.lock import DirectoryLock
from countersign.evidence.witness_protocol import SIZE_TYPE, TEXT_TYPE, Offer


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request to add a checkpoint is answered with."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class _Latest:
    """What was cosigned last. Before the first time: the empty tree, at no time."""

    size: int = 0
    root: bytes = tree.EMPTY_ROOT
    time: int = 0  #: seconds since the epoch
    line: str = ""  #: the cosignature, where this process made it


class _Refusal(Exception):
    def __init__(self, status: int, detail: str, size: int | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.size = status, detail, size


class Witness:
    """Cosigns for the logs it was told of. Safe to use from several threads; one process at a time."""

    def __init__(
        self,
        directory: Path,
        lock: DirectoryLock,
        cosigner: Cosigner,
        logs: Mapping[str, Sequence[Verifier]],
        clock: Callable[[], int],
    ) -> None:
        self._directory = directory
        self._directory_lock = lock
        self._cosigner = cosigner
        self._logs = logs
        self._clock = clock
        self._one_at_a_time = Lock()
        self._broken = False
        self._kept = sum(1 for _ in directory.glob("*.refused-*"))
        self._latest = {origin: self._read(origin) for origin in logs}

    @classmethod
    def open(
        cls, directory: Path, cosigner: Cosigner, logs: Mapping[str, Sequence[Verifier]], clock: Callable[[], int]
    ) -> Witness:
        """A witness whose state is in a directory of its own. `clock` gives seconds since the epoch.

        `logs` has the keys of each origin, as they are at each look; any one of them may sign for it, so a key that a
        log no longer uses does not belong there. Raises LogInUse when another process has the directory, EvidenceDamaged when what is there
        was not written by this witness, ValueError for an origin without keys, OSError.
        """
        if not all(logs.values()):
            raise ValueError("a log without a public key cannot be witnessed")
        directories.make_private(directory)
        lock = DirectoryLock.acquire(directory)
        try:
            return cls(directory, lock, cosigner, logs, clock)
        except BaseException:
            lock.release()
            raise

    def close(self) -> None:
        """Let go of the directory."""
        self._directory_lock.release()

    def latest_size(self, origin: str) -> int:
        """How many records the log had when it was cosigned last. Raises KeyError for a log that is not witnessed."""
        return self._latest[origin].size

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one request of tlog-witness. What is cosigned is durable before this returns.

        The status is 200 with a cosignature; 400 (malformed), 403 (no log key signed), 404 (unknown log), 409 (another
        size was cosigned last, or the old one), 422 (not consistent with it), or 503 (this witness cannot cosign now).
        """
        try:
            text, checkpoint, offer = self._opened(body)
            with self._one_at_a_time:  # from the look at the latest size to the new one: the race in tlog-witness
                return self._cosigned(text, checkpoint, offer)
        except _Refusal as refusal:
            if refusal.size is not None:
                return Answer(refusal.status, SIZE_TYPE, f"{refusal.size}\n".encode())
            return Answer(refusal.status, TEXT_TYPE, f"{refusal.detail}\n".encode())

    def _opened(self, body: bytes) -> tuple[str, Checkpoint, Offer]:
        try:
            offer = Offer.parse(body)
            text, signatures = split_note(offer.note)
        except BadNote as error:
            raise _Refusal(400, str(error)) from None
        origin = text.partition("\n")[0]
        if origin not in self._logs:
            raise _Refusal(404, "this witness does not know the log")
        try:
            checkpoint = parse(text)
        except BadNote as error:
            raise _Refusal(400, str(error)) from None
        lines = {(name, blob[:4]) for name, blob in signatures}
        signers = [key for key in self._logs[origin] if (key.name, key.key_id) in lines]
        if not signers:
            raise _Refusal(403, "no key of the log that this witness knows signed the checkpoint")
        try:
            for key in signers:
                key.open(offer.note)
        except BadNote as error:
            raise _Refusal(403, str(error)) from None
        if offer.old_size > checkpoint.size:
            raise _Refusal(400, "the old size is larger than the checkpoint's")
        return text, checkpoint, offer

    def _cosigned(self, text: str, checkpoint: Checkpoint, offer: Offer) -> Answer:
        latest = self._latest[checkpoint.origin]
        if offer.old_size != latest.size:
            if checkpoint.size == latest.size and checkpoint.root != latest.root:
                self._keep(checkpoint.origin, offer)
            raise _Refusal(409, "", size=latest.size)
        try:
            _check_growth(latest, checkpoint, offer.proof)
        except BadProof as error:
            self._keep(checkpoint.origin, offer)
            raise _Refusal(422, f"not consistent with the {latest.size} records cosigned before: {error}") from None
        now = self._clock()
        if self._broken:
            raise _Refusal(503, "this witness could not write its state; its operator must restart it")
        if now < latest.time:
            raise _Refusal(503, "the clock of this witness is behind its last cosignature")
        line = latest.line
        if not line or (now, checkpoint.size) != (latest.time, latest.size):  # who repeats a request costs no write
            line = self._cosigner.line(text, now)
            self._write(checkpoint.origin, f"{text}\n{line}".encode())
            self._latest[checkpoint.origin] = _Latest(checkpoint.size, checkpoint.root, now, line)
        return Answer(200, TEXT_TYPE, line.encode())

    def _keep(self, origin: str, offer: Offer) -> None:
        """Keep what the log signed and could not prove, so far as it fits: it may be the proof of a fork."""
        if self._kept < limits.MAX_REFUSED_CHECKPOINTS:
            self._kept += 1
            name = hashlib.sha256(offer.note).hexdigest()[:16]
            with suppress(OSError):  # the refusal stands without it
                self._path(origin).with_suffix(f".refused-{name}").write_bytes(offer.body())

    def _read(self, origin: str) -> _Latest:
        path = self._path(origin)
        try:
            with path.open("rb") as file:
                note = file.read(limits.MAX_NOTE_BYTES + 1)
        except FileNotFoundError:
            return _Latest()
        try:
            time = self._cosigner.verifier.verify(note)
            checkpoint = parse(split_note(note)[0])
        except BadNote as error:
            raise EvidenceDamaged(f"{path}: not what this witness cosigned last: {error}") from None
        if checkpoint.origin != origin:
            raise EvidenceDamaged(f"{path}: the state of another log")
        return _Latest(checkpoint.size, checkpoint.root, time)

    def _write(self, origin: str, note: bytes) -> None:
        """Whole or not at all, and durable: a rename needs no journal to replay, and the state can be read by anybody.

        After a failure nothing is cosigned any more, since what reached the disk is unknown until it is read again.
        """
        path = self._path(origin)
        draft = path.with_suffix(".new")
        self._broken = True
        try:
            with draft.open("wb") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            directories.sync(self._directory)
        except OSError as error:
            raise _Refusal(503, f"this witness could not write its state ({error.strerror})") from None
        self._broken = False

    def _path(self, origin: str) -> Path:
        return self._directory / f"{hashlib.sha256(origin.encode()).hexdigest()}.cosigned"


def _check_growth(latest: _Latest, checkpoint: Checkpoint, proof: Sequence[bytes]) -> None:
    """Raises BadProof."""
    if checkpoint.size == 0 and checkpoint.root != tree.EMPTY_ROOT:
        raise BadProof("that is not the root of the empty tree")
    if latest.size:
        tree.verify_consistency(latest.size, latest.root, checkpoint.size, checkpoint.root, proof)
    elif proof:
        raise BadProof("every tree follows the empty one, so there is nothing to prove")
