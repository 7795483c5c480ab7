"""Checks exports and proofs of the evidence log with PyPI `aics-tlog`, which is not ours. Run by a Python that has it.

foreign_verifier.py checkpoint VKEY NOTE        a signed checkpoint
foreign_verifier.py tiles VKEY DIRECTORY        every record against every tile against the signed checkpoint
foreign_verifier.py proof VKEY PROOF LEAF       one record against a .tlog-proof
foreign_verifier.py grown VKEY NOTE DIRECTORY   that the log of an earlier signed checkpoint only grew
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aics_tlog as tlog  # type: ignore[import-not-found, unused-ignore]


def opened(vkey: str, note: bytes) -> Any:
    """The checkpoint in a note that the key signed."""
    key = tlog.parse_vkey(vkey)
    result = tlog.verify_checkpoint(tlog.parse_note(note), key, expected_origin=key.name)
    if not result.ok:
        raise ValueError(result.error)
    return result


def checkpoint(vkey: str, note: Path) -> None:
    """A signed checkpoint alone."""
    opened(vkey, note.read_bytes())


def tiles(vkey: str, directory: Path) -> None:
    """Every tile and every bundle of entries."""
    last = opened(vkey, (directory / "checkpoint").read_bytes())
    tlog.audit_tiles(tlog.FileSystemTileReader(directory), last.size, last.root)


def proof(vkey: str, proof_file: Path, leaf: Path) -> None:
    """One record; the file has the lines of C2SP tlog-proof, which aics-tlog leaves to its caller."""
    head, _, note = proof_file.read_bytes().partition(b"\n\n")
    header, index, *path = head.decode().split("\n")
    if header != "c2sp.org/tlog-proof@v1" or not index.startswith("index "):
        raise ValueError("not a tlog-proof")
    last = opened(vkey, note)
    hashes = [base64.b64decode(line, validate=True) for line in path]
    number = int(index.removeprefix("index "))
    if not tlog.verify_inclusion(tlog.leaf_hash(leaf.read_bytes()), number, last.size, hashes, last.root):
        raise ValueError("the record is not in the tree")


def grown(vkey: str, note: Path, directory: Path) -> None:
    """The consistency of an earlier checkpoint with the last one, by a proof that aics-tlog makes of the tiles."""
    old = opened(vkey, note.read_bytes())
    last = opened(vkey, (directory / "checkpoint").read_bytes())
    reader = tlog.VerifiedTileReader(tlog.FileSystemTileReader(directory), last.size, last.root)
    path = tlog.consistency_proof_from_tiles(reader, old.size, last.size)
    if not tlog.verify_consistency(old.size, last.size, old.root, last.root, path):
        raise ValueError("the log did not only grow")


if __name__ == "__main__":
    commands: dict[str, Callable[..., None]] = {
        "checkpoint": checkpoint,
        "tiles": tiles,
        "proof": proof,
        "grown": grown,
    }
    command, key, *paths = sys.argv[1:]
    commands[command](key, *map(Path, paths))
    print("ok")
