"""`countersign evidence check-proof`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from countersign.cli import main
from countersign.evidence import LogSettings, StatePlaces
from tests.evidence import logs
from tests.evidence.cosigning import FIRST, SECOND, THIRD, beside, notes_of


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a log's vkey file, and the proof of a record that two witnesses cosigned, beside its leaf."""
    root = tmp_path_factory.mktemp("proofs")
    places = StatePlaces(root / "state")
    with logs.opened(places, settings=LogSettings(anchor_files=(root / "kept",))) as log:
        logs.tell_story(log)
    beside(places, FIRST, notes_of(root / "kept", 4, 7))
    beside(places, SECOND, notes_of(root / "kept", 4, 7, 8))
    for seq in (3, 7):
        options = ["--state", str(places.root), "--unrecorded", "-o", str(root / f"{seq}.tlog-proof")]
        done = CliRunner().invoke(main, ["evidence", "prove", f"{seq}", *options])
        assert done.exit_code == 0, done.output
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may break."""
    return Path(shutil.copytree(made, tmp_path / "proofs"))


def check(root: Path, *options: str | Path, seq: int = 3) -> Result:
    """The command on a proof, with the vkey file of the log."""
    command = ["evidence", "check-proof", root / f"{seq}.tlog-proof", "--vkey", root / "state" / "keys" / "log.vkey"]
    return CliRunner().invoke(main, [str(word) for word in (*command, *options)])


def test_what_it_shows(root: Path) -> None:
    """One line: which record of which log, up to which size, and who cosigned that when."""
    result = check(root, "--witness", FIRST.verifier.vkey(), "--witness", SECOND.verifier.vkey())
    assert result.exit_code == 0, result.output
    seen = "at 2027-01-15 08:01:40 UTC"
    assert result.output == (
        f"{root / '3.tlog-proof'}: record 3 (decision, 2027-01-15 08:00:00 UTC) is one of the first 7 of the log "
        f"{logs.ORIGIN}, cosigned by witness.example/w1 {seen} and witness.example/w2 {seen}.\n"
    )


def test_without_witnesses(root: Path) -> None:
    """Nobody is named who was not asked about."""
    result = check(root)
    assert (result.exit_code, "as the log's own key says" in result.output) == (0, True)
    assert "witness.example" not in result.output


def test_quorum(root: Path) -> None:
    """All witnesses that are named must have cosigned, or the quorum: else it is 3, and said."""
    named = ["--witness", SECOND.verifier.vkey(), "--witness", THIRD.verifier.vkey()]
    result = check(root, *named)
    assert (result.exit_code, "2 of the 2 named witnesses were asked for: NOT ANCHORED" in result.output) == (3, True)
    assert check(root, *named, "--quorum", "1").exit_code == 0
    assert check(root, *named[2:]).exit_code == 3
    assert check(root, *named[:2], seq=7).exit_code == 0
    assert check(root, "--witness", FIRST.verifier.vkey(), seq=7).exit_code == 3


@pytest.mark.parametrize("what", ["3.tlog-proof", "3.leaf"])
def test_a_false_proof(root: Path, what: str) -> None:
    """Any byte of the proof or the record that is not what it was: false."""
    path = root / what
    content = path.read_bytes()
    named = ["--witness", FIRST.verifier.vkey(), "--witness", SECOND.verifier.vkey()]
    for place in range(0, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        result = check(root, *named)
        assert result.exit_code in (1, 3), (place, result.output)
        assert result.exit_code == 1 or what == "3.tlog-proof", "a witness's name that was changed is another witness"
    path.write_bytes(content)
    assert check(root, *named).exit_code == 0


def test_another_record(root: Path) -> None:
    """The proof of one record proves no other."""
    shutil.copy(root / "7.leaf", root / "3.leaf")
    result = check(root)
    assert (result.exit_code, "FALSE" in result.output) == (1, True)
    assert check(root, "--leaf", root / "7.leaf", seq=7).exit_code == 0


def test_another_log(root: Path) -> None:
    """Another log's key proves nothing."""
    other = StatePlaces(root / "other")
    logs.open_log(other, origin="example.com/other").close()
    assert check(root, "--vkey", other.vkey).exit_code == 1


@pytest.mark.parametrize(
    ("options", "told_as"),
    [
        (["--vkey", "nowhere"], "nowhere"),
        (["--leaf", "nowhere"], "nowhere"),
        (["--witness", "nonsense"], "the vkey"),
        (["--quorum", "1"], "no quorum"),
    ],
)
def test_what_cannot_be_checked(root: Path, options: list[str], told_as: str) -> None:
    """Without the record, the keys, or a quorum that can be, the answer is 2."""
    result = check(root, *options)
    assert (result.exit_code, told_as in result.output) == (2, True), result.output
    (root / "3.tlog-proof").unlink()
    assert check(root).exit_code == 2
