"""One approval as text for people: the summary, who asks, what it needs, each change, both schemas; never truncated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from countersign.strict_json import Json
from countersign.visible_text import visible, visible_line

_LABEL_CHARACTERS = 14
_SAID = {"approve": "approved", "deny": "denied", "accept": "reviewed and accepted", "object": "reviewed and objected"}
_IN_THE_FIRST_LINE = ("kind", "pointer", "effect")

#: What becomes of a counterexample, by the direction of compatibility that it disproves.
_TURNS = {
    "backward": "valid today, refused by the new schema",
    "forward": "refused today, valid under the new one",
}

#: Said instead of examples.
WITHHELD = "examples are withheld: some values of these schemas are masked, and an example could hold one"


def approval_text(approval: dict[str, Json]) -> str:
    """`approval` as the API shows it, as lines of text. Safe to print: whatever is in it, only visible text comes out."""
    values: dict[str, Any] = approval
    lines = [
        "Summary",
        *[f"  * {visible_line(line)}" for line in values["summary"]],
        "",
        *_facts(values),
        "",
        f"Changes ({len(values['changes'])})",
        *[line for number, change in enumerate(values["changes"], 1) for line in _change(number, change)],
        *_counterexamples(values["counterexamples"], are_withheld=values["withholds_examples"]),
        "",
        "Schema now",
        _document(values["before"], "there is none"),
        "",
        "Schema proposed",
        _document(values["after"], "none is proposed"),
        "",
        "Request",
        f"{visible_line(str(values['message'].get('method')))} {visible_line(str(values['message'].get('url')))}",
        *[visible_line(f"{name}: {value}") for name, value in values["message"].get("headers") or []],
        "",
        visible(values["message"].get("body") or "(no body)"),
    ]
    return "\n".join(lines) + "\n"


def moment(microseconds: int) -> str:
    """A time in microseconds UTC, to the second."""
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _facts(values: dict[str, Any]) -> Iterator[str]:
    caller = values["caller"]
    subject = values["subject"]
    of_what = "the service as a whole" if subject is None else json.dumps(subject, ensure_ascii=False)
    people = ", ".join(values["caller_people"]) or "nobody known"
    yield _fact("Approval", f"{values['id']} ({values['state']})")
    yield _fact("What", f"{values['effect']} of {of_what} at {values['connection']} ({values['operation']})")
    yield _fact("Asked for by", f"{people} (token of {caller.get('iss')}, subject {caller.get('sub')})")
    yield _fact("Asked at", moment(values["requested_at"]))
    if values["justification"]:
        yield _fact("They say", values["justification"])
    yield _fact("Risk", f"{values['risk']['level']}: {values['risk']['why']}")
    yield _fact("Rule", f"{values['rule']}: {values['why']}")
    if values["access"]:
        yield _fact("Allowed by", values["access"])
    if values["break_glass"]:
        yield _fact("Broke glass", "it has passed without approval, and is to be reviewed afterwards")
    needs = "Reviewed by" if values["break_glass"] else "Needs"
    for number, requirements in enumerate(values["alternatives"]):
        yield _fact("or" if number else needs, " and ".join(map(requirement_text, requirements)))
    for signature in values["signatures"]:
        reason = f": {signature['reason']}" if signature["reason"] else ""
        yield _fact(
            "Signed", f"{signature['person']} {_SAID[signature['verdict']]} at {moment(signature['at'])}{reason}"
        )
    if values["why_ended"]:
        yield _fact("Ended", values["why_ended"])
    if values["reason"]:
        yield _fact("Reason", f"this rule asks for one to {' and to '.join(values['reason'])}")
    if values["state"] in ("pending", "approved"):
        yield _fact("Ends", f"{moment(values['deadline'])}, by itself")
    yield _fact("Backward", f"{values['backward']} (does the new schema accept all that the old one accepts?)")
    yield _fact("Forward", f"{values['forward']} (does the old schema accept all that the new one accepts?)")
    for reason in _other_reasons(values):
        yield _fact("", reason)


def _fact(label: str, text: str) -> str:
    return f"{label:<{_LABEL_CHARACTERS}}{visible_line(text)}"


def _other_reasons(values: dict[str, Any]) -> list[str]:
    """The reasons that say more than that there is a change, which has its own lines."""
    changes = {
        f"{each.get('kind')} at {each.get('pointer') or 'the root'} ({each.get('effect')})"
        for each in values["changes"]
    }
    return [reason for reason in values["reasons"] if reason.partition(": ")[2] not in changes]


def requirement_text(requirement: dict[str, Any]) -> str:
    """One requirement of an approval as the API shows it: `2 people of the group leads (1 missing)`."""
    number, missing = requirement["quorum"], requirement["missing"]
    approvers = [str(each) for each in requirement["approvers"]]
    names = " or ".join(map(approver_text, approvers))
    if any(not each.startswith("person:") for each in approvers):
        names = f"{'1 person' if number == 1 else f'{number} people'} of {names}"
    elif number > 1:
        names = f"{number} of {names}"
    return names + (f" ({missing} missing)" if missing else "")


def approver_text(approver: str) -> str:
    """An approver that a rule names, as people say it: `the group leads` for `group:leads`, `carol` for `person:carol`."""
    sort, _, name = approver.partition(":")
    return {"group": f"the group {name}", "person": name}.get(sort, approver) if name else approver


def _change(number: int, change: dict[str, Any]) -> Iterator[str]:
    rest = {name: value for name, value in change.items() if name not in (*_IN_THE_FIRST_LINE, "counterexample")}
    for name in ("old_pointer", "new_pointer"):
        if rest.get(name) == change.get("pointer"):
            rest.pop(name, None)  # said in the first line
    place = visible_line(str(change.get("pointer"))) or "the whole schema"
    yield f"  {number}. {visible_line(str(change.get('kind')))} at {place} [{visible_line(str(change.get('effect')))}]"
    for name, value in rest.items():
        if name in ("before", "after") or value is not None:
            yield f"       {visible_line(name) + ':':<13}{visible_line(json.dumps(value, ensure_ascii=False))}"
    if change.get("counterexample") is not None:
        yield f"       {counterexample_text(change['counterexample'])}"


def _counterexamples(counterexamples: list[dict[str, Any]], *, are_withheld: bool) -> Iterator[str]:
    if counterexamples or are_withheld:
        yield ""
        yield "Documents that show it"
    if are_withheld:
        yield f"  * {WITHHELD}"
    for counterexample in counterexamples:
        yield f"  * {counterexample_text(counterexample)}"


def counterexample_text(counterexample: dict[str, Any]) -> str:
    """What the change does to one value, on one line: `valid today, refused by the new schema: {"age": 130}`."""
    value = json.dumps(counterexample["value"], ensure_ascii=False)
    return visible_line(f"{_TURNS[counterexample['direction']]}: {value}")


def _document(value: Json, absent: str) -> str:
    return f"({absent})" if value is None else visible(json.dumps(value, indent=2, ensure_ascii=False))
