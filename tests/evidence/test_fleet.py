"""All gateways that there must be."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from countersign.evidence import StatePlaces, store, tiles
from countersign.evidence.fleet import Fleet, Node, Verdict, strangers, verify_node
from countersign.evidence.settings import LogSettings
from tests.evidence import logs
from tests.evidence.cosigning import FIRST, SECOND, beside, notes_of

SECOND_US = 1_000_000
BEGIN_US = 1_800_000_000_000_000


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three gateways' state directories, and beside each its checkpoint file."""
    root = tmp_path_factory.mktemp("fleet")
    for number in range(3):
        settings = LogSettings(anchor_files=(root / f"anchor-{number}",))
        clock = logs.Clock(BEGIN_US)
        log = logs.open_log(StatePlaces(root / f"{number}"), clock=clock, origin=origin(number), settings=settings)
        logs.tell_story(log)
        log.close()
    return root


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may break."""
    return Path(shutil.copytree(original, tmp_path / "fleet"))


def origin(number: int) -> str:
    """The name of a gateway's log."""
    return f"example.com/audit/gateway-{number}"


def node(root: Path, number: int, **changes: object) -> Node:
    """What an auditor expects of it."""
    places = StatePlaces(root / f"{number}")
    made = Node(origin(number), places.vkey.read_text(), places.database, (root / f"anchor-{number}",))
    return replace(made, **changes)  # type: ignore[arg-type]


def verdicts(nodes: Sequence[Node], now_us: int = BEGIN_US) -> list[Verdict]:
    """The verdict on each."""
    return [verify_node(each, now_us).verdict for each in nodes]


def test_whole(root: Path) -> None:
    """Every node that is there is intact, and its report says up to where it is anchored."""
    found = [verify_node(node(root, number), BEGIN_US) for number in range(3)]
    assert [each.verdict for each in found] == [Verdict.INTACT] * 3
    for each in found:
        assert each.ok
        assert each.report is not None
        assert each.report.anchored_size == each.report.records == 8


def test_a_whole_node_is_missing(root: Path) -> None:
    """A log that is gone is a failure however well the others verify; its anchor tells how much is gone."""
    nodes = [node(root, number) for number in range(3)]
    assert verdicts(nodes) == [Verdict.INTACT] * 3
    shutil.rmtree(root / "1")
    found = [verify_node(each, BEGIN_US) for each in nodes]
    assert [each.verdict for each in found] == [Verdict.INTACT, Verdict.MISSING, Verdict.INTACT]
    assert f"nothing is at {nodes[1].log}" in found[1].why
    assert "a checkpoint of 8 records" in found[1].why
    for content in (b"", b"\x00\n"):
        (root / "anchor-1").write_bytes(content)
        assert "checkpoint" not in verify_node(nodes[1], BEGIN_US).why


def test_another_log_in_its_place(root: Path) -> None:
    """A node whose place holds a copy of another node's log is not there."""
    nodes = [node(root, number) for number in range(2)]
    shutil.copy(nodes[0].log, nodes[1].log)
    assert verdicts(nodes) == [Verdict.INTACT, Verdict.TAMPERED]


def test_tampered(root: Path) -> None:
    """One that was changed is told by its first problem, and how many more there are."""
    changed = node(root, 0)
    logs.execute(changed.log, "update records set verdict = 'allow'")
    found = verify_node(changed, BEGIN_US)
    assert (found.verdict, found.ok) == (Verdict.TAMPERED, False)
    assert "record 0: the column verdict" in found.why
    assert "more problems" in found.why
    logs.execute(node(root, 1).log, "update records set verdict = 'allow' where seq = 6")
    assert "more problems" not in verify_node(node(root, 1), BEGIN_US).why


def test_unreadable(root: Path) -> None:
    """An export that was not written to its end is neither missing nor tampered with."""
    (root / "export").mkdir()
    assert verdicts([node(root, 0, log=root / "export")]) == [Verdict.UNREADABLE]


def test_export(root: Path) -> None:
    """A node can be an export as well as a database."""
    with closing(store.open_for_reading(node(root, 0).log)) as db:
        tiles.export(db, root / "export", with_payloads=False, note_export=lambda _: None)
    assert verdicts([node(root, 0, log=root / "export")]) == [Verdict.INTACT]


def test_stale(root: Path) -> None:
    """A node that was heard of last longer ago than it may be is a failure; so is one from the future."""
    report = verify_node(node(root, 0), BEGIN_US).report
    assert report is not None
    newest_us = report.newest_us
    for changes in ({}, {"checkpoint_files": ()}):
        expected = node(root, 0, max_age_seconds=60, **changes)
        for now_us, verdict in (
            (newest_us, Verdict.INTACT),
            (newest_us + 59 * SECOND_US, Verdict.INTACT),
            (newest_us + 61 * SECOND_US, Verdict.STALE),
            (newest_us - 299 * SECOND_US, Verdict.INTACT),
            (newest_us - 301 * SECOND_US, Verdict.STALE),
        ):
            assert verdicts([expected], now_us) == [verdict], now_us - newest_us
        assert verdicts([replace(expected, max_age_seconds=None)], newest_us + 10**15) == [Verdict.INTACT]


def test_stale_anchor(root: Path) -> None:
    """A node with anchors is as recent as what they keep: going on without them is not enough."""
    places = StatePlaces(root / "0")
    kept = (root / "anchor-0").read_bytes()
    clock = logs.Clock(BEGIN_US + 3600 * SECOND_US)
    settings = LogSettings(anchor_files=(root / "anchor-0",))
    logs.open_log(places, clock=clock, origin=origin(0), settings=settings).close()
    expected = node(root, 0, max_age_seconds=60)
    assert verdicts([expected], clock.now_us) == [Verdict.INTACT]
    (root / "anchor-0").write_bytes(kept)
    found = verify_node(expected, clock.now_us)
    assert (found.verdict, "newest anchored record" in found.why) == (Verdict.STALE, True)


def test_witnesses(root: Path) -> None:
    """A quorum of the witnesses must vouch; their cosignatures are found beside the log."""
    expected = node(root, 0, checkpoint_files=(), witnesses=(FIRST.verifier, SECOND.verifier))
    assert verdicts([expected]) == [Verdict.UNANCHORED]
    beside(StatePlaces(root / "0"), FIRST, notes_of(root / "anchor-0", 4, 7))
    assert verdicts([expected, replace(expected, quorum=1)]) == [Verdict.UNANCHORED, Verdict.INTACT]
    beside(StatePlaces(root / "0"), SECOND, notes_of(root / "anchor-0", 4))
    report = verify_node(expected, BEGIN_US).report
    assert report is not None
    assert (report.anchored_size, report.ok) == (4, True)


def test_a_fleet_is_a_list_of_nodes(root: Path) -> None:
    """No nodes at all, or one twice, is no fleet: then whatever is missing would not be missed."""
    nodes = [node(root, number) for number in range(2)]
    assert Fleet(tuple(nodes)).nodes == tuple(nodes)
    with pytest.raises(ValueError, match="list the nodes"):
        Fleet(())
    with pytest.raises(ValueError, match="one origin"):
        Fleet((nodes[0], replace(nodes[1], origin=nodes[0].origin)))


def test_strangers(root: Path) -> None:
    """Logs where logs are collected that are no node's are named; files that are no logs are not."""
    nodes = tuple(node(root, number) for number in range(3))
    (root / "notes.txt").write_text("nothing")
    (root / "some.db").write_bytes(b"SQLite format 3\x00" + bytes(4000))
    assert list(strangers(Fleet(nodes))) == []
    assert list(strangers(Fleet(nodes, root))) == []
    assert list(strangers(Fleet(nodes[:2], root))) == [(nodes[2].log, origin(2))]
    with closing(store.open_for_reading(nodes[0].log)) as db:
        tiles.export(db, root / "export", with_payloads=False, note_export=lambda _: None)
    assert list(strangers(Fleet(nodes, root))) == [(root / "export", origin(0))]
    assert list(strangers(Fleet((*nodes[1:], replace(nodes[0], log=root / "export")), root))) == [
        (nodes[0].log, origin(0))
    ]


def test_strangers_where_there_is_no_directory(root: Path) -> None:
    """A directory that is not there is an error, and not one without strangers."""
    with pytest.raises(FileNotFoundError):
        list(strangers(Fleet((node(root, 0),), root / "nowhere")))
