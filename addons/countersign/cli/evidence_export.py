"""`countersign evidence prove` and `evidence export`: evidence for strangers, who verify it with software of their own.

Reads the database directly, beside a running gateway or without one; that it was read is a record of the log.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import click
from sqlite_utils import Database

from countersign.cli.evidence_acts import acting
from countersign.cli.evidence_places import places_of, source_options
from countersign.cli.rules import rules_option
from countersign.errors import CountersignError
from countersign.evidence import checkpoint, cosigned_checkpoints, keys, proof_file, store, tiles
from countersign.evidence.checkpoint import Checkpoint, Verifier
from countersign.evidence.control import Refused, export_of
from countersign.evidence.errors import BadNote, BadProof, EvidenceDamaged, KeyFileError
from countersign.evidence.places import COSIGNED_PREFIX, StatePlaces
from countersign.evidence.proof_file import ProofFile
from countersign.evidence.stored_tree import StoredTree
from countersign.evidence.tiles import ExportRefused
from countersign.rulebook.loading import load
from countersign.strict_json import Json
from countersign.visible_text import visible_line

_TAMPERED = 1
_UNREADABLE = 2

#: Puts an export into the log, given what it is of; called before a byte of it is written, and what it raises ends it.
type RecordExport = Callable[[StatePlaces, dict[str, Json]], None]


def not_recorded(places: StatePlaces, fields: dict[str, Json]) -> None:
    """Nobody is told: the place where an export becomes a record of the log."""


def _export_options[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    unrecorded = click.option(
        "--unrecorded", is_flag=True, help="Go on although no log can tell of it, as with a copy of the database."
    )
    return source_options(rules_option(unrecorded(command)))


@contextmanager
def _recording(places: StatePlaces, db: Path | None, rules: Path, *, unrecorded: bool) -> Iterator[RecordExport]:
    """What puts an export into the log of the gateway, which runs or does not; not even with `unrecorded` when it can be.

    Raises ExportRefused, with the way out.
    """

    def go_on(error: Exception) -> None:
        if not unrecorded:
            if isinstance(error, EvidenceDamaged):
                raise error
            raise ExportRefused(f"this cannot be recorded in the log: {error}; --unrecorded goes on without") from None
        click.echo(visible_line(f"not recorded in any log: {error}"), err=True)

    def record(of: StatePlaces, what: dict[str, Json]) -> None:
        try:
            act(export_of(what), lambda erased: None)
        except CountersignError as error:
            go_on(error)

    with ExitStack() as stack:
        try:
            if db is not None:
                raise Refused(f"{db} is read by itself")
            act = stack.enter_context(acting(places, lambda: load(rules).evidence))
        except (CountersignError, OSError) as error:
            go_on(error)
            yield not_recorded
        else:
            yield record


@click.command("prove")
@_export_options
@click.argument("seq", type=click.IntRange(min=0))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The proof.  [default: record-SEQ.tlog-proof]")
@click.option(
    "--vkey", type=click.Path(path_type=Path), help="File with the log's public keys.  [default: the state's]"
)
def prove(
    state: Path | None,
    db: Path | None,
    directory: Path,
    unrecorded: bool,
    seq: int,
    output: Path | None,
    vkey: Path | None,
) -> None:
    """Write a proof that record SEQ is in the log, and the record itself beside it (the same name, ending in .leaf).

    The proof is of the newest checkpoint that most of the witnesses cosigned, with the cosignatures of all of them; where
    none did, of the first checkpoint that covers the record. It is in the form of C2SP tlog-proof, and is checked offline
    with `evidence check-proof` or other software, given the record and the public keys. The log tells who took it.
    """
    places = places_of(state)
    path = output or Path(f"record-{seq}.tlog-proof")
    leaf_path = path.with_suffix(".leaf")
    if leaf_path == path:
        raise click.BadParameter("the name of the proof must not end in .leaf", param_hint="--output")
    with _exits(db or places.database), _recording(places, db, directory, unrecorded=unrecorded) as record:
        verifiers = keys.read_vkeys(vkey or places.vkey)
        with closing(store.open_for_reading(db or places.database)) as connection:
            made = _proof(connection, seq, verifiers, [] if db is not None else _cosigned(places))
        record(places, _as_export("proof", seq, seq, made.covered_by, with_payloads=False))
        _write_new(leaf_path, made.leaf)
        _write_new(path, made.text)
    click.echo(f"{path}: record {seq} is in the log of the first {made.covered_by.size} records, {made.cosigned}.")
    click.echo(f"{leaf_path}: the record, byte for byte as it was signed.")


@click.command("export")
@_export_options
@click.option(
    "--tiles",
    "tiles_directory",
    type=click.Path(path_type=Path),
    required=True,
    help="New directory, in C2SP tlog-tiles form.",
)
@click.option("--with-payloads", is_flag=True, help="The masked messages too, not only their commitments.")
def export(
    state: Path | None, db: Path | None, directory: Path, unrecorded: bool, tiles_directory: Path, with_payloads: bool
) -> None:
    """Write the whole log to a directory that strangers can verify, in a public form. The log tells who took it."""
    places = places_of(state)
    with _exits(tiles_directory), _recording(places, db, directory, unrecorded=unrecorded) as record:
        last = export_tiles(places, db, tiles_directory, with_payloads=with_payloads, record_export=record)
    click.echo(f"{tiles_directory}: {last.size} records of {last.origin}{', with payloads' if with_payloads else ''}.")
    click.echo(f"Verify it: countersign evidence verify {tiles_directory} --vkey LOG.VKEY, or without countersign:")
    click.echo(f"           python standalone_verifier.py --vkey LOG.VKEY {tiles_directory}")


def export_tiles(
    places: StatePlaces,
    db: Path | None,
    directory: Path,
    *,
    with_payloads: bool,
    record_export: RecordExport = not_recorded,
) -> Checkpoint:
    """Export the log of a state directory, or the database `db`, a copy, whose export no log can record.

    Raises as `tiles.export`, and what `record_export` raises.
    """

    def note_export(last: Checkpoint) -> None:
        if db is None:
            record_export(places, _as_export("tiles", 0, last.size - 1, last, with_payloads=with_payloads))

    with closing(store.open_for_reading(db or places.database)) as connection:
        return tiles.export(
            connection,
            directory,
            with_payloads=with_payloads,
            note_export=note_export,
            cosigned=[] if db is not None else _cosigned(places),
        )


@dataclass(frozen=True, slots=True)
class _Made:
    """A proof that was checked once."""

    leaf: bytes
    text: bytes
    covered_by: Checkpoint
    cosigned: str


def _as_export(form: str, first: int, last: int, read: Checkpoint, *, with_payloads: bool) -> dict[str, Json]:
    """What the log is told: in which form, which records, of a tree of which size and root."""
    return {
        "form": form,
        "first": first,
        "last": last,
        "size": read.size,
        "root": read.root.hex(),
        "with_payloads": with_payloads,
    }


def _proof(db: Database, seq: int, verifiers: tuple[Verifier, ...], cosigned: Sequence[Path]) -> _Made:
    db.execute("begin")
    row = db.execute("select leaf from records where seq = ?", [seq]).fetchone()
    if row is None:
        _fail(f"there is no record {seq}")
    (last,) = db.execute("select max(seq) + 1 from records").fetchone()
    note = cosigned_checkpoints.newest(cosigned, seq, last)
    if note is None:
        found = db.execute("select note from checkpoints where size > ? order by size limit 1", [seq]).fetchone()
        if found is None:
            raise EvidenceDamaged(f"there is no checkpoint that covers record {seq}")
        note = found[0]
    covered_by = checkpoint.parse(checkpoint.split_note(note)[0])
    try:
        text = ProofFile(seq, StoredTree(db).inclusion_proof(seq, covered_by.size), note).text()
    except ValueError as error:  # the note calls itself smaller or larger than its place
        raise EvidenceDamaged(str(error)) from None
    proof_file.verify_proof(text, row[0], verifiers)
    names = _names(note, covered_by.origin)
    said = f"as {names} cosigned it" if names else "as the log's key signed it; no witness saw it"
    return _Made(row[0], text, covered_by, said)


def _cosigned(places: StatePlaces) -> list[Path]:
    return sorted(places.evidence.glob(f"{COSIGNED_PREFIX}*"))


def _names(note: bytes, origin: str) -> str:
    """Who signed besides the log itself."""
    return " and ".join(dict.fromkeys(name for name, _ in checkpoint.split_note(note)[1] if name != origin))


@contextmanager
def _exits(path: Path) -> Iterator[None]:
    """Errors as exit codes, each with a line that says what to do."""
    try:
        yield
    except (EvidenceDamaged, BadNote, BadProof) as error:
        click.echo(f"{path}: {visible_line(str(error))}; run `countersign evidence verify`", err=True)
        sys.exit(_TAMPERED)
    except (ExportRefused, KeyFileError) as error:
        _fail(str(error))
    except FileExistsError as error:
        _fail(f"{error.filename}: is there already; name another file with -o")
    except (*store.UNREADABLE, OSError) as error:
        _fail(f"{path}: {error}")


def _fail(problem: str) -> NoReturn:
    click.echo(visible_line(problem), err=True)
    sys.exit(_UNREADABLE)


def _write_new(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
