"""Two witnesses, ours and PyPI `aics-witness`, answer the same offers of the same logs with the same status."""

from __future__ import annotations

import http.client
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign.evidence import StatePlaces, store
from countersign.evidence.checkpoint import Verifier, parse_vkeys
from countersign.evidence.cosignature import Cosigner
from countersign.evidence.stored_tree import StoredTree
from countersign.evidence.witness import Witness
from countersign.evidence.witness_protocol import PATH, Offer
from tests.evidence import logs
from tests.evidence.foreign import foreign_witness
from tests.evidence.growth import Growth, signer

#: Status and body of the answer to a request.
type Ask = Callable[[bytes], tuple[int, bytes]]

LOG = Growth()
FORKED = Growth(story="another", fork_at=15)
REWRITTEN = Growth(story="another")


def offer(log: Growth, old: int, size: int) -> Offer:
    """What a log offers to a witness that has seen `old` records."""
    return Offer(old, log.proof(old, size) if old < size else (), log.note(size))


GROWTH = offer(LOG, 20, 33)
REFUSED: dict[str, tuple[bytes, int]] = {
    "rolled back": (offer(LOG, 12, 12).body(), 409),
    "rolled back to nothing": (offer(LOG, 0, 0).body(), 409),
    "rolled back, and grown again": (offer(LOG, 12, 33).body(), 409),
    "begun anew": (offer(REWRITTEN, 0, 3).body(), 409),
    "grown less than was seen": (offer(LOG, 20, 20).body().replace(LOG.note(20), LOG.note(12)), 400),
    "as if more had been seen": (offer(LOG, 30, 33).body(), 409),
    "a fork of the same size": (offer(FORKED, 20, 20).body(), 422),
    "a fork that has grown": (offer(FORKED, 20, 33).body(), 422),
    "a fork with the proof of the log": (Offer(20, GROWTH.proof, FORKED.note(33)).body(), 422),
    "rewritten": (offer(REWRITTEN, 20, 20).body(), 422),
    "rewritten and grown": (offer(REWRITTEN, 20, 33).body(), 422),
    "without a proof": (Offer(20, (), GROWTH.note).body(), 422),
    "a proof without its first hash": (Offer(20, GROWTH.proof[1:], GROWTH.note).body(), 422),
    "a proof without its last hash": (Offer(20, GROWTH.proof[:-1], GROWTH.note).body(), 422),
    "a proof with a hash more": (Offer(20, (*GROWTH.proof, bytes(32)), GROWTH.note).body(), 422),
    "a proof of something else": (Offer(20, (bytes(32),) * len(GROWTH.proof), GROWTH.note).body(), 422),
    "a proof where there is nothing to prove": (Offer(20, (bytes(32),), LOG.note(20)).body(), 422),
    "a proof of too many hashes": (Offer(20, (bytes(32),) * 64, GROWTH.note).body(), 400),
    "signed by another key": (offer(Growth(signers=(signer(2),)), 20, 33).body(), 403),
    "not signed": (Offer(20, GROWTH.proof, GROWTH.note.partition(b"\n\n")[0] + b"\n\n").body(), 400),
    "altered after signing": (GROWTH.body().replace(b"\n33\n", b"\n34\n"), 403),
    "of another log": (offer(Growth(signers=(signer(1, "example.com/other"),)), 20, 33).body(), 404),
    "no old size": (GROWTH.body().replace(b"old 20", b"20"), 400),
    "a proof that is not base64": (GROWTH.body().replace(b"old 20\n", b"old 20\n!\n"), 400),
    "nothing": (b"", 400),
}


@contextmanager
def ours(directory: Path, key: Verifier) -> Iterator[Ask]:
    """Our witness."""
    cosigner = Cosigner.of("witness.example/ours", Ed25519PrivateKey.generate())
    witness = Witness.open(directory / "witness", cosigner, {key.name: [key]}, lambda: time.time_ns() // 10**9)

    def ask(body: bytes) -> tuple[int, bytes]:
        answer = witness.add_checkpoint(body)
        return answer.status, answer.body

    with closing(witness):
        yield ask


@contextmanager
def theirs(directory: Path, key: Verifier) -> Iterator[Ask]:
    """The other one, over HTTP."""
    with foreign_witness(directory, "witness.example/theirs", [key.vkey()]) as running:
        parts = urlsplit(running.url)

        def ask(body: bytes) -> tuple[int, bytes]:
            with closing(http.client.HTTPConnection(parts.netloc, timeout=10)) as connection:
                connection.request("POST", f"/{PATH}", body)
                answer = connection.getresponse()
                return answer.status, answer.read()

        yield ask


WITNESSES = pytest.mark.parametrize("witness", [ours, theirs])


@pytest.fixture(scope="module", params=[ours, theirs], ids=lambda each: each.__name__)
def ask(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """A witness that has seen 20 records."""
    with request.param(tmp_path_factory.mktemp("witness"), signer(1).verifier) as asked:
        assert asked(offer(LOG, 0, 20).body())[0] == 200
        yield asked


@pytest.mark.parametrize("name", REFUSED)
def test_refused(ask: Ask, name: str) -> None:
    """What is not the log as it was seen, grown, is refused with the same status; the log as it was goes on."""
    body, expected = REFUSED[name]
    status, answer = ask(body)
    assert status == expected
    assert status != 409 or answer == b"20\n"
    assert ask(offer(LOG, 20, 20).body())[0] == 200


@WITNESSES
def test_grown(witness: Callable[[Path, Verifier], AbstractContextManager[Ask]], tmp_path: Path) -> None:
    """The log as it was seen is cosigned, grown by nothing, by one or by many."""
    with witness(tmp_path, signer(1).verifier) as ask:
        assert ask(Offer(0, (bytes(32),), LOG.note(1)).body())[0] == 422  # from nothing there is nothing to prove
        for old, size in ((0, 1), (1, 1), (1, 2), (2, 20), (20, 33), (33, 256), (256, 300)):
            status, answer = ask(offer(LOG, old, size).body())
            assert status == 200, (old, size)
            assert answer.startswith("— witness.example/".encode())


def newest(database: Path, old: int) -> tuple[int, bytes]:
    """The size of a real log, and what it offers to a witness that has seen `old` records."""
    with closing(store.open_for_reading(database)) as db:
        size, note = db.execute("select size, note from checkpoints order by size desc limit 1").fetchone()
        return size, Offer(old, StoredTree(db).consistency_proof(old, size) if 0 < old < size else (), note).body()


@WITNESSES
def test_real_log(witness: Callable[[Path, Verifier], AbstractContextManager[Ask]], tmp_path: Path) -> None:
    """The gateway's log is cosigned as it grows; restored from a backup, written on from there, or written anew with its

    own key, it is refused.
    """
    places = StatePlaces(tmp_path / "state")
    backup = tmp_path / "backup.db"

    def run(exchanges: int) -> None:
        with logs.opened(places) as log:
            for number in range(exchanges):
                log.submit(logs.intent(f"{number}"), logs.outcome(f"{number}")).result(5)

    run(3)
    with witness(tmp_path, parse_vkeys(places.vkey.read_text())[0]) as ask:
        known, body = newest(places.database, 0)
        assert ask(body)[0] == 200
        shutil.copy(places.database, backup)
        run(5)
        known, body = newest(places.database, known)
        assert ask(body)[0] == 200
        genuine = Path(shutil.copy(places.database, tmp_path / "genuine.db"))

        shutil.copy(backup, places.database)
        assert ask(newest(places.database, newest(backup, 0)[0])[1]) == (409, b"%d\n" % known)
        for begin in (backup, None):  # what the forger has besides the key
            places.database.unlink()
            if begin is None:
                places.vkey.unlink()
            else:
                shutil.copy(begin, places.database)
            run(12)
            size, body = newest(places.database, known)
            assert size > known
            assert ask(body)[0] == 422
        assert ask(newest(genuine, known)[1])[0] == 200
