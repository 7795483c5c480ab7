"""What a verification found, in words, in a table of who vouches for how much, and as JSON.

Tells what a report says, and nothing that it does not. The text is not escaped: whoever prints it does.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from countersign.evidence.account import moment
from countersign.evidence.fleet import Node, NodeReport, Verdict
from countersign.evidence.report import Report
from countersign.strict_json import Json

_NO_ANCHOR = (
    "Nothing that was kept elsewhere was compared (--anchor, --witness). So all of it rests on the log's signing key alone:",
    "who holds it could have written the log anew, and who may write the database could have cut off its end.",
)
_NO_PAYLOADS = "This export holds no payloads: of the messages only what the records commit to was verified."


def lines(report: Report, *, needs_anchor: bool) -> Iterator[str]:
    """A report for people, the verdict first."""
    if report.unreadable is not None:
        yield f"cannot be read: {report.unreadable}"
        return
    yield f"{report.origin}: {_verdict(report, needs_anchor=needs_anchor)}"
    for problem in report.problems:
        yield f"problem: {problem}"
    if report.problem_count > len(report.problems):
        yield f"... and {count(report.problem_count - len(report.problems), 'more problem')}"
    payloads = f", {count(report.payloads, 'payload')}" if report.holds_payloads else ""
    read = f"{count(report.records, 'record')}{payloads} and {count(report.checkpoints, 'checkpoint')}"
    yield f"{read} were read, none skipped."
    if report.records:
        yield f"The newest record is of {second(report.newest_us)}."
    if not report.holds_payloads:
        yield _NO_PAYLOADS
    if report.erased:
        yield f"{count(report.erased, 'payload')} {_was(report.erased)} erased by rule; the records of what happened are whole."
    yield "Vouched for:"
    rows = [*_vouched(report)]
    width = max(len(what) for what, _ in rows)
    yield from (f"  {what.ljust(width)}  {whom}" for what, whom in rows)
    if report.ok:
        yield from _conclusion(report)
    for remark in report.remarks:
        yield f"remark: {remark}"
    if report.open_intents:
        number = len(report.open_intents)
        yield f"{count(number, 'request')} {'is' if number == 1 else 'are'} still open (no outcome is recorded yet)."


def as_json(report: Report) -> dict[str, Json]:
    """The whole report. Members are added to it, and never change their meaning."""
    return {
        "ok": report.ok,
        "origin": report.origin,
        "records": report.records,
        "payloads": report.payloads,
        "holds_payloads": report.holds_payloads,
        "checkpoints": report.checkpoints,
        "newest": moment(report.newest_us) if report.records else None,
        "vouched_size": report.vouched_size,
        "vouched_root": base64.b64encode(report.vouched_root).decode(),
        "anchored": report.is_anchored,
        "anchored_size": report.anchored_size,
        "anchored_newest": moment(report.anchored_us) if report.anchored_size else None,
        "anchors": [{"name": each.name, "size": each.size, "checkpoints": each.checkpoints} for each in report.anchors],
        "witnesses": [
            {
                "name": each.verifier.name,
                "vkey": each.verifier.vkey(),
                "size": each.size,
                "checkpoints": each.checkpoints,
                "seen": moment(each.seconds * 1_000_000) if each.size else None,
            }
            for each in report.witnesses
        ],
        "quorum": report.quorum,
        "witnessed_size": report.witnessed_size,
        "epochs": [{"vkey": each.vkey, "begin": each.begin, "end": each.end} for each in report.epochs],
        "erased": report.erased,
        "problem_count": report.problem_count,
        "problems": [{"seq": problem.seq, "what": problem.what} for problem in report.problems],
        "remarks": [{"seq": remark.seq, "what": remark.what} for remark in report.remarks],
        "open_intents": list(report.open_intents),
        "unreadable": report.unreadable,
    }


def fleet_lines(found: Sequence[NodeReport], remarks: Sequence[str]) -> Iterator[str]:
    """The verdict on each node, failures first, and the whole report where one line does not say it."""
    failed = [each for each in found if not each.ok]
    yield f"{count(len(found), 'node')}: " + (f"{len(failed)} FAILED" if failed else "all intact")
    shown = [*failed, *(each for each in found if each.ok)]
    width = max(len(each.verdict) for each in shown)
    for each in shown:
        verdict = each.verdict if each.ok else each.verdict.upper()
        yield f"  {verdict.ljust(width)}  {each.node.origin}: {each.why if each.report is None else _summary(each)}"
    for remark in remarks:
        yield f"remark: {remark}"
    for each in failed:
        if each.report is not None and each.verdict in (Verdict.TAMPERED, Verdict.UNANCHORED):
            yield ""
            yield from lines(each.report, needs_anchor=_needs_anchor(each.node))


def fleet_as_json(found: Sequence[NodeReport], remarks: Sequence[str]) -> dict[str, Json]:
    """The same for programs."""
    return {
        "ok": all(each.ok for each in found),
        "nodes": [
            {
                "origin": each.node.origin,
                "log": str(each.node.log),
                "verdict": each.verdict.value,
                "why": each.why,
                "report": None if each.report is None else as_json(each.report),
            }
            for each in found
        ],
        "remarks": list(remarks),
    }


def count(number: int, what: str) -> str:
    """`1 record`, `2 records`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _verdict(report: Report, *, needs_anchor: bool) -> str:
    if not report.ok:
        return "TAMPERED WITH OR DAMAGED"
    return "intact, but NOT ANCHORED" if needs_anchor and not report.is_anchored else "intact"


def _vouched(report: Report) -> Iterator[tuple[str, str]]:
    """How much, and by whom."""
    root = base64.b64encode(report.vouched_root).decode()
    keys = f", the last of {len(report.epochs)} keys" if len(report.epochs) > 1 else ""
    yield _first(report.vouched_size), f"the log's own key{keys}; their root is {root}"
    for anchor in report.anchors:
        yield _first(anchor.size), f"{anchor.name}, with {count(anchor.checkpoints, 'checkpoint')}"
    for witness in report.witnesses:
        seen = f", which saw them at {second(witness.seconds * 1_000_000)}" if witness.size else ""
        yield _first(witness.size), f"the witness {witness.verifier.name}{seen}"
    if len(report.witnesses) > 1 and report.ok:
        asked = "all" if report.quorum == len(report.witnesses) else f"{report.quorum}"
        yield _first(report.witnessed_size), f"{asked} of these witnesses, as asked"


def _conclusion(report: Report) -> Iterator[str]:
    if not report.anchors and not report.witnesses:
        yield from _NO_ANCHOR
    elif report.anchored_size == report.records:
        yield f"Anchored: all of the {count(report.records, 'record')}."
    else:
        rest = report.records - report.anchored_size
        yield (
            f"Anchored: the first {count(report.anchored_size, 'record')}. The other {rest} rest on the log's signing "
            "key alone: who holds it could have written them anew, or cut off more of them."
        )
    if report.anchored_size and not report.is_anchored:
        yield "That is without the witnesses: fewer of them than asked vouch for anything."


def _summary(found: NodeReport) -> str:
    report = found.report
    if report is None or not found.ok:
        return found.why
    anchored = f", anchored up to {report.anchored_size}" if _needs_anchor(found.node) else ""
    return f"{count(report.records, 'record')}, the newest of {second(report.newest_us)}{anchored}"


def _needs_anchor(node: Node) -> bool:
    return bool(node.checkpoint_files or node.witnesses)


def _first(size: int) -> str:
    return f"the first {count(size, 'record')}" if size else "nothing"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def second(time_us: int) -> str:
    """Microseconds since 1970 as people write a time; a number that is no time stays a number."""
    try:
        return f"{datetime.fromtimestamp(time_us // 1_000_000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return str(time_us)
