"""The list of the gateways that there must be."""

from __future__ import annotations

from pathlib import Path

import pytest

from countersign.cli.evidence_nodes import read_fleet
from countersign.errors import CountersignError, RulesError
from countersign.evidence.fleet import Node
from tests.evidence.cosigning import FIRST, SECOND
from tests.evidence.growth import ORIGIN, signer

OTHER = "example.com/audit/other"
VKEYS = [signer(seed).verifier.vkey() for seed in (1, 2)]
WHOLE = f"""
max_age_seconds: 900
directory: logs
nodes:
  - origin: {ORIGIN}
    vkeys:
      - {VKEYS[0]}
      - {VKEYS[1]}
    log: one/evidence.db
    max_age_seconds: 60
    anchors:
      checkpoint_files: [kept/one, /mnt/one]
      witnesses:
        - {FIRST.verifier.vkey()}
        - {SECOND.verifier.vkey()}
      quorum: 1
  - origin: {OTHER}
    vkeys: [{signer(1, OTHER).verifier.vkey()}]
    log: /exports/other
"""


def written(directory: Path, text: str) -> Path:
    """The file."""
    path = directory / "nodes.yaml"
    path.write_text(text)
    return path


def test_read(tmp_path: Path) -> None:
    """Everything that is listed is there; places are below the file, and what a node does not say is said for all."""
    fleet = read_fleet(written(tmp_path, WHOLE))
    assert fleet.directory == tmp_path / "logs"
    assert fleet.nodes == (
        Node(
            ORIGIN,
            "\n".join(VKEYS),
            tmp_path / "one" / "evidence.db",
            (tmp_path / "kept" / "one", Path("/mnt/one")),
            (FIRST.verifier, SECOND.verifier),
            1,
            60,
        ),
        Node(OTHER, signer(1, OTHER).verifier.vkey(), Path("/exports/other"), max_age_seconds=900),
    )


def test_the_least(tmp_path: Path) -> None:
    """A node needs no anchors and no age."""
    text = f"nodes: [{{origin: {ORIGIN}, vkeys: [{VKEYS[0]}], log: x}}]"
    (node,) = read_fleet(written(tmp_path, text)).nodes
    assert node == Node(ORIGIN, VKEYS[0], tmp_path / "x")


@pytest.mark.parametrize(
    ("old", "new", "told_as"),
    [
        ("nodes:", "node:", "unknown key 'node'"),
        ("quorum: 1", "quorum: 3", "nodes.yaml:16: 3 witnesses are to vouch, and 2 are listed"),
        ("quorum: 1", "quorum: 0", "must be at least 1"),
        ("quorum: 1", "quorum: 1\n    extra: 1", "unknown key 'extra'"),
        (OTHER, ORIGIN, "nodes.yaml:17: a node with the origin"),
        ("log: /exports/other", "log: one/evidence.db", "is another node's log already"),
        ("    log: /exports/other\n", "", "needs the key 'log'"),
        (f"vkeys: [{signer(1, OTHER).verifier.vkey()}]", "vkeys: []", "vkeys is empty"),
        (signer(1, OTHER).verifier.vkey(), VKEYS[0], f"the key is of {ORIGIN}, not of {OTHER}"),
        (VKEYS[1], VKEYS[0], "has an entry twice"),
        (VKEYS[1], "nonsense", "nodes.yaml:8: "),
        (VKEYS[1], FIRST.verifier.vkey(), "does not hold an Ed25519 key"),
        (SECOND.verifier.vkey(), VKEYS[0], "does not hold a witness's Ed25519 key"),
        (SECOND.verifier.vkey(), FIRST.verifier.vkey(), "has an entry twice"),
        ("max_age_seconds: 60", "max_age_seconds: 0", "must be at least 1"),
        ("max_age_seconds: 60", "max_age_seconds: 60\n    max_age_seconds: 60", "is given twice"),
        ("checkpoint_files: [kept/one, /mnt/one]", "checkpoint_files: []", "is empty"),
    ],
)
def test_what_is_wrong(tmp_path: Path, old: str, new: str, told_as: str) -> None:
    """Anything that is not as it must be is an error that names the line and the remedy."""
    assert old in WHOLE
    with pytest.raises(CountersignError) as refused:
        read_fleet(written(tmp_path, WHOLE.replace(old, new)))
    assert told_as in str(refused.value)
    assert read_fleet(written(tmp_path, WHOLE)).nodes


@pytest.mark.parametrize("text", ["", "nodes: []", "nodes:", "- x", "nodes: [1]", "nodes: {a: b}"])
def test_no_nodes(tmp_path: Path, text: str) -> None:
    """A list without nodes would be whole whatever is missing: an error."""
    with pytest.raises(CountersignError):
        read_fleet(written(tmp_path, text))


def test_one_witness_under_two_names(tmp_path: Path) -> None:
    """One key is one witness, whatever it calls itself."""
    again = type(FIRST.verifier).of("witness.example/again", FIRST.verifier.public_key).vkey()
    with pytest.raises(CountersignError, match="a witness is listed twice"):
        read_fleet(written(tmp_path, WHOLE.replace(SECOND.verifier.vkey(), again)))


def test_no_file(tmp_path: Path) -> None:
    """A list that is not there is an error."""
    with pytest.raises(RulesError, match="cannot be read"):
        read_fleet(tmp_path / "nowhere.yaml")
