"""The witness's state machine, with every status of the specification."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign import limits
from countersign.evidence import tree
from countersign.evidence.checkpoint import Verifier, encode
from countersign.evidence.cosignature import Cosigner
from countersign.evidence.errors import EvidenceDamaged, LogInUse
from countersign.evidence.lock import LOCK_NAME
from countersign.evidence.witness import Answer, Witness
from countersign.evidence.witness_protocol import SIZE_TYPE, Offer
from tests.evidence.growth import ORIGIN, Growth, signer

COSIGNER = Cosigner.of("witness.example.com/1", Ed25519PrivateKey.from_private_bytes(bytes(32)))
LOG = Growth()
FORKED = Growth(story="another", fork_at=2)
REWRITTEN = Growth(story="another", fork_at=0)
KEYS = {ORIGIN: (signer(1).verifier,)}


class Clock:
    """Seconds since the epoch, as set."""

    def __init__(self) -> None:
        self.now = 1_800_000_000

    def __call__(self) -> int:
        return self.now


@contextmanager
def witness(
    directory: Path, *, logs: Mapping[str, Sequence[Verifier]] | None = None, clock: Clock | None = None
) -> Iterator[Witness]:
    found = Witness.open(directory, COSIGNER, KEYS if logs is None else logs, clock or Clock())
    with closing(found):
        yield found


def offer(found: Witness, old_size: int, size: int, log: Growth = LOG, proof_of: Growth | None = None) -> Answer:
    proof = (proof_of or log).proof(old_size, size) if old_size <= size else ()
    return found.add_checkpoint(Offer(old_size, proof, log.note(size)).body())


def cosigned_at(answer: Answer, note: bytes) -> int:
    assert answer.status == 200, answer
    return COSIGNER.verifier.verify(note + answer.body)


def size_of(answer: Answer) -> int:
    assert (answer.status, answer.content_type) == (409, SIZE_TYPE)
    return int(answer.body)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Witness]:
    with witness(tmp_path / "witness") as found:
        yield found


def test_growth_is_cosigned(running: Witness) -> None:
    """The first checkpoint, any that appends to it, and the same once more each get a cosignature of now."""
    for old_size, size in ((0, 3), (3, 3), (3, 7), (7, 8)):
        assert cosigned_at(offer(running, old_size, size), LOG.note(size)) == 1_800_000_000
    assert running.latest_size(ORIGIN) == 8


def test_every_size(tmp_path: Path) -> None:
    """Whatever the two sizes are, an honest proof passes and that of another log does not."""
    for old_size in range(1, 18):
        for size in range(old_size + 1, 18):
            with witness(tmp_path / f"{old_size}-{size}") as found:
                assert offer(found, 0, old_size).status == 200
                assert offer(found, old_size, size, REWRITTEN).status == 422
                assert offer(found, old_size, size).status == 200


def test_the_empty_tree(running: Witness) -> None:
    """A log that holds nothing has one root only."""
    assert offer(running, 0, 0).status == 200
    note = signer(1).sign(0, bytes(32))
    assert running.add_checkpoint(Offer(0, (), note).body()).status == 422


@pytest.mark.parametrize("body", [b"", b"old 0\n\n", b"old 0\n\nno note\n", b"old x\n\n" + LOG.note(3)])
def test_400_malformed(running: Witness, body: bytes) -> None:
    """What is no request gets 400, and changes nothing."""
    assert running.add_checkpoint(body).status == 400
    assert offer(running, 0, 3).status == 200


def test_400_too_long(running: Witness) -> None:
    """A note, or a request, beyond its limit is refused unread."""
    note = LOG.note(3)
    line = b"\xe2\x80\x94 other.example/key " + encode(bytes(72)).encode() + b"\n"
    fits, many = (limits.MAX_NOTE_BYTES - len(note)) // len(line), limits.MAX_NOTE_BYTES // len(line) + 1
    assert running.add_checkpoint(Offer(0, (), note + many * line).body()).status == 400
    assert running.add_checkpoint(b"old 0\n\n" + b"x" * limits.MAX_WITNESS_BODY_BYTES).status == 400
    assert running.add_checkpoint(Offer(0, (), note + fits * line).body()).status == 200


def test_400_extension_lines(running: Witness) -> None:
    """A line that nobody could audit is not cosigned."""
    text = LOG.checkpoint(3).text() + "extension\n"
    note = f"{text}\n{signer(1).line(text)}".encode()
    assert running.add_checkpoint(Offer(0, (), note).body()).status == 400


def test_400_old_size(running: Witness) -> None:
    """A log does not shrink."""
    assert offer(running, 0, 3).status == 200
    assert offer(running, 4, 3).status == 400
    assert offer(running, 3, 3).status == 200


def test_403_unknown_key(running: Witness) -> None:
    """A checkpoint that no known key of the log signed."""
    stranger = Growth(signers=(signer(2),))
    assert offer(running, 0, 3, stranger).status == 403
    assert offer(running, 0, 3).status == 200


def test_403_bad_signature(running: Witness) -> None:
    """A known key's line that does not verify, alone or beside a good one of another known key."""
    text = LOG.checkpoint(3).text()
    bad = signer(1).line(LOG.checkpoint(4).text())
    assert running.add_checkpoint(Offer(0, (), f"{text}\n{bad}".encode()).body()).status == 403


def test_several_keys_of_one_log(tmp_path: Path) -> None:
    """Over a rotation a checkpoint carries two signatures; each known key may sign, each known line must verify."""
    first, second = signer(1), signer(2)
    both = {ORIGIN: (first.verifier, second.verifier)}
    with witness(tmp_path / "both", logs=both) as found:
        assert offer(found, 0, 3, Growth(signers=(first,))).status == 200
        assert offer(found, 3, 4, Growth(signers=(first, second))).status == 200
        assert offer(found, 4, 5, Growth(signers=(second,))).status == 200
        text = LOG.checkpoint(5).text()
        half = f"{text}\n{first.line(text)}{second.line(LOG.checkpoint(6).text())}".encode()
        assert found.add_checkpoint(Offer(5, (), half).body()).status == 403
    with witness(tmp_path / "first") as found:
        assert offer(found, 0, 4, Growth(signers=(first, second))).status == 200
        assert offer(found, 4, 5, Growth(signers=(second,))).status == 403


def test_403_two_lines_of_one_key(running: Witness) -> None:
    """One key signs a note once."""
    line = signer(1).line(LOG.checkpoint(3).text()).encode()
    assert running.add_checkpoint(Offer(0, (), LOG.note(3) + line).body()).status == 403


def test_404(running: Witness) -> None:
    """A log that the witness was not told of, whatever its name looks like."""
    other = Growth(signers=(signer(1, "example.com/other"),))
    assert offer(running, 0, 3, other).status == 404
    assert running.add_checkpoint(b"old 0\n\n" + LOG.note(3).replace(ORIGIN.encode(), b"my log", 1)).status == 404


def test_409_tells_the_size(running: Witness) -> None:
    """Another old size than the one cosigned last is answered with that, below and above, the first time too."""
    assert size_of(offer(running, 1, 3)) == 0
    assert offer(running, 0, 3).status == 200
    assert size_of(offer(running, 0, 5)) == 3
    assert size_of(offer(running, 2, 5)) == 3
    assert size_of(offer(running, 4, 5)) == 3
    assert offer(running, 3, 5).status == 200


def test_409_rollback(running: Witness) -> None:
    """A log that was cut back cannot be offered, not even with the real key."""
    assert offer(running, 0, 7).status == 200
    assert size_of(offer(running, 0, 5)) == 7
    assert size_of(offer(running, 5, 5)) == 7
    assert offer(running, 7, 7).status == 200


def test_422_fork(running: Witness) -> None:
    """Another tree of the same size, signed with the real key."""
    assert offer(running, 0, 7).status == 200
    assert offer(running, 7, 7, FORKED).status == 422
    assert offer(running, 7, 7).status == 200


@pytest.mark.parametrize("proof_of", [LOG, REWRITTEN], ids=["the old proof", "a proof of its own"])
def test_422_rewritten_and_grown(running: Witness, proof_of: Growth) -> None:
    """A larger tree over other records, signed with the real key, whichever proof comes with it."""
    assert offer(running, 0, 7).status == 200
    assert offer(running, 7, 9, REWRITTEN, proof_of).status == 422
    assert offer(running, 7, 9).status == 200


def test_422_bad_proof(running: Witness) -> None:
    """A proof that is empty, cut, too long, or not empty where it must be."""
    note, proof = LOG.note(9), LOG.proof(7, 9)
    assert running.add_checkpoint(Offer(0, (bytes(32),), LOG.note(7)).body()).status == 422
    assert offer(running, 0, 7).status == 200
    for bad in ((), proof[:-1], (*proof, bytes(32)), proof[::-1]):
        assert running.add_checkpoint(Offer(7, bad, note).body()).status == 422
    assert running.add_checkpoint(Offer(7, (bytes(32),), LOG.note(7)).body()).status == 422
    assert running.add_checkpoint(Offer(7, proof, note).body()).status == 200


def test_refused_forks_are_kept(tmp_path: Path) -> None:
    """What a log signed and cannot have been is kept for whoever asks, and only so much of it."""
    directory = tmp_path / "witness"
    with witness(directory) as found:
        offer(found, 0, 7)
        offer(found, 7, 7, FORKED)
        offer(found, 0, 7, REWRITTEN)
        offer(found, 0, 7)  # an honest one, with another old size
        kept = sorted(path.read_bytes() for path in directory.glob("*.refused-*"))
        assert [Offer.parse(body).note for body in kept] == [REWRITTEN.note(7), FORKED.note(7)]
        for number in range(limits.MAX_REFUSED_CHECKPOINTS + 5):
            offer(found, 7, 7, replace(FORKED, story=str(number)))
    with witness(directory) as found:
        offer(found, 7, 7, replace(FORKED, story="one more"))
    assert len(list(directory.glob("*.refused-*"))) == limits.MAX_REFUSED_CHECKPOINTS


def test_state_outlives_the_process(tmp_path: Path) -> None:
    """A witness that starts again knows what it cosigned, and refuses what it would have refused."""
    with witness(tmp_path) as found:
        offer(found, 0, 7)
    with witness(tmp_path) as found:
        assert found.latest_size(ORIGIN) == 7
        assert size_of(offer(found, 0, 5)) == 7
        assert offer(found, 7, 9, REWRITTEN).status == 422
        assert offer(found, 7, 9).status == 200


def test_durable_before_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the answer comes, the file was synced, then renamed, then its directory synced."""
    steps: list[str] = []
    fsync, path_replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        steps.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).suffix or "directory")
        fsync(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        steps.append("rename")
        return path_replace(self, target)

    with witness(tmp_path / "witness") as found:
        monkeypatch.setattr(os, "fsync", synced)
        monkeypatch.setattr(Path, "replace", renamed)
        assert offer(found, 0, 7).status == 200
    assert steps == [".new", "rename", "directory"]


@pytest.mark.parametrize("step", ["file", "directory"])
def test_503_after_a_failed_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """What reached the disk is unknown: nothing more is cosigned until the state was read again."""
    fsync, calls = os.fsync, []

    def failing(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == (1 if step == "file" else 2):
            raise OSError(5, "Input/output error")
        fsync(descriptor)

    with witness(tmp_path) as found:
        offer(found, 0, 3)
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", failing)
            assert offer(found, 3, 7).status == 503
        assert offer(found, 3, 7).status == 503
        assert found.latest_size(ORIGIN) == 3
    with witness(tmp_path) as found:
        assert found.latest_size(ORIGIN) == (3 if step == "file" else 7)
        assert offer(found, found.latest_size(ORIGIN), 8).status == 200


def test_503_clock(tmp_path: Path) -> None:
    """A larger tree is never seen earlier than a smaller one; once the clock is right again it is cosigned."""
    clock = Clock()
    with witness(tmp_path, clock=clock) as found:
        assert offer(found, 0, 3).status == 200
        clock.now -= 1
        assert offer(found, 3, 7).status == 503
        clock.now += 1
        assert offer(found, 3, 7).status == 200
        clock.now += 60
        assert cosigned_at(offer(found, 7, 7), LOG.note(7)) == clock.now


def test_repeating_costs_no_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may send a signed checkpoint again: within a second the answer is the same, and the disk is left alone."""
    with witness(tmp_path) as found:
        first = offer(found, 0, 7)
        monkeypatch.setattr(os, "fsync", None)
        assert offer(found, 7, 7) == first


def test_the_race(running: Witness) -> None:
    """Of many checkpoints over the same old size at once one is cosigned; the others learn which it was."""
    assert offer(running, 0, 1).status == 200
    bodies = [Offer(1, LOG.proof(1, size), LOG.note(size)).body() for size in range(2, 34)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(running.add_checkpoint, bodies))
    winners = [size for size, answer in enumerate(answers, start=2) if answer.status == 200]
    assert len(winners) == 1
    assert {size_of(answer) for answer in answers if answer.status != 200} == set(winners)
    assert running.latest_size(ORIGIN) == winners[0]


def test_logs_are_apart(tmp_path: Path) -> None:
    """Each log has its own latest checkpoint."""
    other = Growth(signers=(signer(2, "example.com/other"),))
    logs = {**KEYS, "example.com/other": (signer(2, "example.com/other").verifier,)}
    with witness(tmp_path, logs=logs) as found:
        assert offer(found, 0, 7).status == 200
        assert offer(found, 0, 3, other).status == 200
        assert (found.latest_size(ORIGIN), found.latest_size("example.com/other")) == (7, 3)


def test_one_process(tmp_path: Path) -> None:
    """Two witnesses over one state could cosign two trees."""
    with witness(tmp_path), pytest.raises(LogInUse):
        Witness.open(tmp_path, COSIGNER, KEYS, Clock())
    with witness(tmp_path) as found:
        assert offer(found, 0, 3).status == 200


def test_altered_state(tmp_path: Path) -> None:
    """The state is signed: another size in it, or another log's, is not believed, and the lock is let go."""
    with witness(tmp_path) as found:
        offer(found, 0, 7)
    (state,) = tmp_path.glob("*.cosigned")
    good = state.read_bytes()
    state.write_bytes(good.replace(b"\n7\n", b"\n5\n"))
    with pytest.raises(EvidenceDamaged, match="does not verify"):
        Witness.open(tmp_path, COSIGNER, KEYS, Clock())
    state.write_bytes(good)
    with witness(tmp_path) as found:
        assert found.latest_size(ORIGIN) == 7
    logs = {"example.com/other": KEYS[ORIGIN]}
    with witness(tmp_path, logs=logs):
        pass
    state.rename(_state_of(tmp_path, "example.com/other"))
    with pytest.raises(EvidenceDamaged, match="another log"):
        Witness.open(tmp_path, COSIGNER, logs, Clock())


def test_a_log_needs_a_key(tmp_path: Path) -> None:
    """An empty list of keys would be a log that nobody can sign for, by mistake."""
    with pytest.raises(ValueError, match="public key"):
        Witness.open(tmp_path, COSIGNER, {ORIGIN: ()}, Clock())
    assert not (tmp_path / LOCK_NAME).exists()


def _state_of(directory: Path, origin: str) -> Path:
    return directory / f"{hashlib.sha256(origin.encode()).hexdigest()}.cosigned"


def test_roots_differ() -> None:
    """The logs of these tests are what they are called."""
    assert LOG.checkpoint(2).root == FORKED.checkpoint(2).root != REWRITTEN.checkpoint(2).root
    assert LOG.checkpoint(7).root != FORKED.checkpoint(7).root
    assert LOG.checkpoint(0).root == tree.EMPTY_ROOT
