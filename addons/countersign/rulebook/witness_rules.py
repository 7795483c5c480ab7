"""evidence.yaml, `anchors` -> WitnessRule values, their quorum, and how late they may be. Asks no witness anything."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

from countersign import limits
from countersign.rulebook import hosts
from countersign.rulebook.documents import Document
from countersign.rulebook.evidence_values import WitnessRule
from countersign.rulebook.problems import Problems, Unfit

_VKEY = re.compile(r"([A-Za-z0-9][A-Za-z0-9._~/:@-]{0,199})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})")
_COSIGNATURE, _CHECKPOINT = b"\x04", b"\x01"  # kinds of keys, C2SP signed-note
_REMEDY = "copy the line that `countersign witness --show-vkey` prints"


def witnesses(document: Document, problems: Problems) -> tuple[WitnessRule, ...]:
    """The witnesses; the shape was checked; what is wrong goes to `problems`."""
    entries: Any = document.root.get("anchors", {}).get("witnesses", ())
    found: dict[str, WitnessRule] = {}
    for index, entry in enumerate(entries):
        url = problems.checked(document.file, entry.lines["url"], hosts.witness_url, entry["url"], "")
        vkey = problems.checked(document.file, entry.lines["vkey"], _vkey, entry["vkey"], "")
        if vkey and vkey in found:
            problems.add(document.file, entries.lines[index], "this witness is listed already", "list each once")
        found[vkey] = WitnessRule(url, vkey)
    return tuple(found.values())


def quorum(document: Document, problems: Problems) -> int:
    """How many of them make a checkpoint count as anchored; 0: they are asked, and nothing waits for them."""
    anchors: Any = document.root.get("anchors", {})
    count = len(anchors.get("witnesses", ()))
    if "quorum" in anchors:
        if anchors["quorum"] > count:
            problems.add(
                document.file,
                anchors.lines["quorum"],
                f"{anchors['quorum']} witnesses are to cosign, and {count} are listed",
                "list more, or ask for fewer",
            )
        return int(anchors["quorum"])
    if "checkpoint_files" not in anchors:
        return min(count, 1)
    for name in ("warn_after_seconds", "refuse_after_seconds"):
        if name in anchors:
            problems.add(
                document.file,
                anchors.lines[name],
                f"{name} has no effect: the checkpoint files are the anchor, and are never late",
                "add quorum, for the witnesses to count as well",
            )
    return 0


def ages(document: Document, problems: Problems) -> tuple[int, int]:
    """After how many seconds without the quorum operators are warned, and changes refused."""
    anchors: Any = document.root.get("anchors", {})
    warn, refuse = anchors.get("warn_after_seconds"), anchors.get("refuse_after_seconds")
    if warn is not None and refuse is not None and warn > refuse:
        problems.add(
            document.file,
            anchors.lines["warn_after_seconds"],
            f"operators are warned after {warn} seconds, and changes are refused after {refuse} already",
            "write a warn_after_seconds that comes first",
        )
    usual_warn, usual_refuse = limits.WARN_UNANCHORED_SECONDS, limits.REFUSE_UNANCHORED_SECONDS
    return warn or min(usual_warn, refuse or usual_warn), refuse or max(usual_refuse, warn or usual_refuse)


def _vkey(text: str) -> str:
    """`text`, a witness's Ed25519 key as C2SP tlog-cosignature has it. Raises Unfit."""
    match = _VKEY.fullmatch(text)
    try:
        key = base64.b64decode(match[3], validate=True) if match else b""
    except binascii.Error:
        key = b""
    if match is None or len(key) != 33:
        raise Unfit("the vkey is not name+id+key", _REMEDY)
    if key[:1] == _CHECKPOINT:
        raise Unfit("the vkey is that of a log, not of a witness", _REMEDY)
    if key[:1] != _COSIGNATURE:
        raise Unfit("the vkey does not hold a witness's Ed25519 key", "no other kind is supported")
    if hashlib.sha256(f"{match[1]}\n".encode() + key).hexdigest()[:8] != match[2]:
        raise Unfit("the vkey's id is not that of its name and key", _REMEDY)
    return text
