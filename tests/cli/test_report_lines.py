"""What a verification found, in words and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from countersign.cli import report_lines
from countersign.cli.report_lines import count, second
from countersign.evidence.anchors import Vouched, Witnessed
from countersign.evidence.fleet import Node, NodeReport, Verdict
from countersign.evidence.report import Epoch, Finding, Report
from tests.evidence.cosigning import FIRST, SECOND, SECONDS

WHOLE = Report("example.com/log", 5, 3, 4, 5, bytes(32), (), 0, (), (), newest_us=1_800_000_000_000_000)
FILE = Vouched("the checkpoint file /mnt/kept", 5, 4, 1_800_000_000_000_000)
SEEN = Witnessed(FIRST.verifier, 3, 2, SECONDS, 1_799_999_999_000_000)
NOTHING = Witnessed(SECOND.verifier)


def text(report: Report, *, needs_anchor: bool = False) -> str:
    """All lines."""
    return "\n".join(report_lines.lines(report, needs_anchor=needs_anchor))


def test_intact() -> None:
    """The verdict first, then what was read, up to where who vouches, and what is not shown."""
    assert text(WHOLE).splitlines() == [
        "example.com/log: intact",
        "5 records, 3 payloads and 4 checkpoints were read, none skipped.",
        "The newest record is of 2027-01-15 08:00:00 UTC.",
        "Vouched for:",
        f"  the first 5 records  the log's own key; their root is {'A' * 43}=",
        "Nothing that was kept elsewhere was compared (--anchor, --witness). So all of it rests on the log's signing key alone:",
        "who holds it could have written the log anew, and who may write the database could have cut off its end.",
    ]


def test_anchored() -> None:
    """Each anchor and each witness has its line: up to where, and a witness since when; the total comes last."""
    report = replace(WHOLE, anchors=(FILE,), witnesses=(SEEN, NOTHING), quorum=1)
    assert text(report).splitlines()[3:] == [
        "Vouched for:",
        f"  the first 5 records  the log's own key; their root is {'A' * 43}=",
        "  the first 5 records  the checkpoint file /mnt/kept, with 4 checkpoints",
        "  the first 3 records  the witness witness.example/w1, which saw them at 2027-01-15 08:01:40 UTC",
        "  nothing              the witness witness.example/w2",
        "  the first 3 records  1 of these witnesses, as asked",
        "Anchored: all of the 5 records.",
    ]


def test_anchored_in_part() -> None:
    """What comes after the last anchor is said to rest on the log's key."""
    report = replace(WHOLE, witnesses=(SEEN,), quorum=1)
    assert "Anchored: the first 3 records. The other 2 rest on the log's signing key alone" in text(report)
    assert "all of the" not in text(report)


def test_not_anchored() -> None:
    """Asked for anchors, one that has none is intact and not anchored; nobody is told so who did not ask."""
    for report in (WHOLE, replace(WHOLE, witnesses=(NOTHING,), quorum=1)):
        assert "intact, but NOT ANCHORED" in text(report, needs_anchor=True)
        assert "NOT ANCHORED" not in text(report)
    short = replace(WHOLE, anchors=(FILE,), witnesses=(SEEN, NOTHING), quorum=2)
    assert "intact, but NOT ANCHORED" in text(short, needs_anchor=True)
    assert "without the witnesses" in text(short)
    assert "  nothing              all of these witnesses, as asked" in text(short)


def test_tampered() -> None:
    """Problems come right after the verdict; nothing is called anchored."""
    problems = (Finding(3, "odd"), Finding(None, "odder"))
    report = replace(WHOLE, problems=problems, problem_count=7, vouched_size=2, anchors=(FILE,))
    assert text(report).splitlines()[:4] == [
        "example.com/log: TAMPERED WITH OR DAMAGED",
        "problem: record 3: odd",
        "problem: odder",
        "... and 5 more problems",
    ]
    assert "the first 2 records" in text(report)
    assert "Anchored" not in text(report)


@pytest.mark.parametrize(
    ("changes", "told_as"),
    [
        ({"unreadable": "gone"}, "cannot be read: gone"),
        ({"holds_payloads": False, "payloads": 0}, "5 records and 4 checkpoints were read"),
        ({"holds_payloads": False, "payloads": 0}, "This export holds no payloads"),
        ({"erased": 1}, "1 payload was erased by rule"),
        ({"erased": 2}, "2 payloads were erased by rule"),
        ({"epochs": (Epoch("a", 0, 3), Epoch("b", 3, 5))}, "the log's own key, the last of 2 keys"),
        ({"remarks": (Finding(2, "odd"),)}, "remark: record 2: odd"),
        ({"open_intents": ("x",)}, "1 request is still open"),
        ({"open_intents": ("x", "y")}, "2 requests are still open"),
    ],
)
def test_details(changes: dict[str, object], told_as: str) -> None:
    """What is there is told, and only what is there."""
    assert told_as in text(replace(WHOLE, **changes))  # type: ignore[arg-type]
    assert told_as not in text(WHOLE)


def test_json() -> None:
    """The JSON says all of it, in members that stay."""
    report = replace(WHOLE, anchors=(FILE,), witnesses=(SEEN, NOTHING), quorum=1, epochs=(Epoch("a", 0, 5),))
    document = json.loads(json.dumps(report_lines.as_json(report)))
    assert document == {
        "ok": True,
        "origin": "example.com/log",
        "records": 5,
        "payloads": 3,
        "holds_payloads": True,
        "checkpoints": 4,
        "newest": "2027-01-15T08:00:00.000000Z",
        "vouched_size": 5,
        "vouched_root": "A" * 43 + "=",
        "anchored": True,
        "anchored_size": 5,
        "anchored_newest": "2027-01-15T08:00:00.000000Z",
        "anchors": [{"name": FILE.name, "size": 5, "checkpoints": 4}],
        "witnesses": [
            {
                "name": "witness.example/w1",
                "vkey": FIRST.verifier.vkey(),
                "size": 3,
                "checkpoints": 2,
                "seen": "2027-01-15T08:01:40.000000Z",
            },
            {"name": "witness.example/w2", "vkey": SECOND.verifier.vkey(), "size": 0, "checkpoints": 0, "seen": None},
        ],
        "quorum": 1,
        "witnessed_size": 3,
        "epochs": [{"vkey": "a", "begin": 0, "end": 5}],
        "erased": 0,
        "problem_count": 0,
        "problems": [],
        "remarks": [],
        "open_intents": [],
        "unreadable": None,
    }


def node(number: int, verdict: Verdict, report: Report | None = WHOLE, why: str = "why") -> NodeReport:
    """What was found of a node with an anchor."""
    expected = Node(f"example.com/{number}", "", Path(f"/logs/{number}"), (Path("/mnt/kept"),))
    return NodeReport(expected, verdict, "" if verdict is Verdict.INTACT else why, report)


def test_fleet() -> None:
    """Failures come first, in capitals; each node has one line, and what needs more than that has its report below."""
    damaged = replace(WHOLE, problems=(Finding(3, "odd"),), problem_count=1)
    found = [
        node(1, Verdict.INTACT, replace(WHOLE, anchors=(FILE,))),
        node(2, Verdict.MISSING, None),
        node(3, Verdict.TAMPERED, damaged, "record 3: odd"),
        node(4, Verdict.STALE),
    ]
    lines = list(report_lines.fleet_lines(found, ["a stranger"]))
    assert lines[:8] == [
        "4 nodes: 3 FAILED",
        "  MISSING   example.com/2: why",
        "  TAMPERED  example.com/3: record 3: odd",
        "  STALE     example.com/4: why",
        "  intact    example.com/1: 5 records, the newest of 2027-01-15 08:00:00 UTC, anchored up to 5",
        "remark: a stranger",
        "",
        "example.com/log: TAMPERED WITH OR DAMAGED",
    ]
    assert [line for line in lines if "example.com/log" in line] == [lines[7]]
    assert next(report_lines.fleet_lines(found[:1], [])) == "1 node: all intact"


def test_fleet_as_json() -> None:
    """One that is not intact makes all of it not so."""
    found = [node(1, Verdict.INTACT), node(2, Verdict.MISSING, None)]
    assert report_lines.fleet_as_json(found[:1], [])["ok"] is True
    document = json.loads(json.dumps(report_lines.fleet_as_json(found, ["x"])))
    assert (document["ok"], document["remarks"]) == (False, ["x"])
    assert [(each["origin"], each["verdict"], each["why"]) for each in document["nodes"]] == [
        ("example.com/1", "intact", ""),
        ("example.com/2", "missing", "why"),
    ]
    assert document["nodes"][0]["report"]["records"] == 5
    assert (document["nodes"][1]["report"], document["nodes"][1]["log"]) == (None, "/logs/2")


def test_words() -> None:
    """One is one; a number that is no time stays a number."""
    assert [count(number, "record") for number in (0, 1, 2)] == ["0 records", "1 record", "2 records"]
    assert (second(0), second(10**30)) == ("1970-01-01 00:00:00 UTC", str(10**30))
