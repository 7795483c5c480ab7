"""Changes whose schemas are full of secrets, held, shown, told of, decided: nobody sees one, and what passes is what was sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.story import rules
from scripts.story.hook import Hook
from scripts.story.stage import Stage
from tests.end_to_end import traces
from tests.end_to_end.approver import Approver
from tests.end_to_end.leaks import Leak, Scanner
from tests.end_to_end.planted import cores, corpus
from tests.end_to_end.secret_schemas import schema_with
from tests.end_to_end.wire import Headers, Reply, Wire, bearer

pytestmark = pytest.mark.timeout(300)
KINDS = ("requested", "approved", "denied", "break_glass", "reviewed")
SUBJECT = "orders-"  # and a secret


@dataclass(frozen=True)
class Played:
    """What was shown and told, and what there is to search."""

    shown: list[tuple[str, bytes]]
    told: list[tuple[str, bytes]]
    leaks: list[Leak]
    sent: list[bytes]
    arrived: list[bytes]


def send(stage: Stage, token: str, method: str, target: str, body: bytes, headers: Headers = ()) -> Reply:
    """One request on a connection of its own."""
    host = f"localhost:{stage.service.port}"
    with Wire(stage.port) as wire:
        assert wire.connect(host, bearer(token)).status == 200
        wire.start_tls(stage.gateway_ca)
        return wire.send(method, target, [("Host", host), ("Content-Type", "application/json"), *headers], body)


def reasons() -> list[str]:
    """Sentences with every secret that can be told by its look, each as long as a reason may be."""
    found: list[str] = []
    text = ""
    for secret in corpus():
        if secret.has_form and secret.is_ascii_line and len(secret.text) < 300:
            if len(text) + len(secret.text) > 1900:
                found, text = [*found, text], ""
            text += f"I saw {secret.text} in it. "
    return [*found, text]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Held and approved, held and denied, passed at once and reviewed; each looked at in every way there is."""
    folder = tmp_path_factory.mktemp("shown")
    hook_folder = folder / "hook"
    hook_folder.mkdir()
    secrets = corpus()
    named = next(secret for secret in secrets if secret.name == "iban DE")
    with Hook(hook_folder) as hook:
        approval = rules.approval_with_news(hook.url, hook.key_file)
        with Stage(folder / "stage", "store", hold_seconds=1, approval=approval) as stage:
            yield _play(stage, hook, f"{SUBJECT}{named.text}", hook_folder)


def _play(stage: Stage, hook: Hook, held: str, hook_folder: Path) -> Played:
    secrets, said = corpus(), reasons()
    bob, token, shown = Approver(stage, "bob"), stage.pipeline_token(), []
    before = json.dumps(schema_with(secrets)).encode()
    after = json.dumps(schema_with(secrets, "id", shift=1)).encode()
    for subject in (held, "orders-denied", "orders-broken"):
        stage.ask_service("PUT", f"/schemas/{subject}", before)
    because = [("Countersign-Justification", said[0])]
    assert send(stage, token, "PUT", f"/schemas/{held}", after, because).status == 503
    assert send(stage, token, "PUT", "/schemas/orders-denied", after).status == 503
    pending = [entry["id"] for entry in bob.ask("GET", "/api/approvals")[1]["approvals"]]
    assert len(pending) == 2
    shown += [*traces.console(bob, pending), *_commands(stage, bob, pending)]
    by_subject = {entry["subject"]: entry["id"] for entry in bob.ask("GET", "/api/approvals")[1]["approvals"]}
    denied = by_subject.pop("orders-denied")
    (approved,) = by_subject.values()
    assert bob.decide(approved, "approve", said[1])[0] == 200
    assert send(stage, token, "PUT", f"/schemas/{held}", after).status == 200
    assert bob.decide(denied, "deny", said[-1])[0] == 200
    assert send(stage, token, "PUT", "/schemas/orders-denied", after).status in (403, 503)
    carol = stage.provider.token_for_person("carol")
    glass = [("Countersign-Break-Glass", said[0])]
    assert send(stage, carol, "PUT", "/schemas/orders-broken", after, glass).status == 200
    broken = [
        entry["id"] for entry in bob.ask("GET", "/api/approvals")[1]["approvals"] if entry["state"] == "unreviewed"
    ]
    assert len(broken) == 1
    assert bob.decide(broken[0], "accept", said[0])[0] == 200
    for kind in KINDS:
        hook.wait_for(f"approval.{kind}")
    everything = [approved, denied, *broken]
    shown += [
        *traces.console(bob, everything[1:]),
        *_commands(stage, bob, everything),
        *traces.commands(stage, bob.token),
    ]
    told = [("the webhook", hook.log.read_bytes())]
    scanner = Scanner(cores(secrets))
    leaks = scanner.in_all([*shown, *told]) + scanner.in_files(traces.files(stage))
    stage.gateway.stop()
    leaks += scanner.in_files(traces.files(stage))
    arrived = [seen.body for seen in stage.service.seen if seen.method == "PUT" and seen.body == after]
    return Played(shown, told, leaks, [after, after], arrived)


def _commands(stage: Stage, person: Approver, approvals: list[str]) -> Iterator[tuple[str, bytes]]:
    for approval in approvals:
        for more in ((), ("--json",)):
            child = stage.countersign("approvals", "show", approval, *more, token=person.token)
            yield f"countersign approvals show {' '.join(more)}", child.output.encode()


def test_nobody_is_shown_or_told_a_secret(played: Played) -> None:
    """Not on a page, not in the API, not in mitmweb's flows, not by the command, not in a notification, not in the evidence."""
    assert [str(leak) for leak in played.leaks] == []


def test_the_change_is_shown_all_the_same(played: Played) -> None:
    """An approver sees what it does: `id` becomes required, of whom, why; and the news say so, too."""
    for what in ("/approvals/", "/api/approvals/", "/flows/", "countersign approvals show"):
        assert any(b"required" in said for place, said in played.shown if what in place), what
    assert any(b"I saw [masked] in it" in said for _, said in played.shown)
    assert all(kind.encode() in played.told[0][1] for kind in KINDS)


def test_what_was_approved_arrived_as_it_was(played: Played) -> None:
    """Secrets and all, byte for byte: the held change after its approval, and the one that broke the glass."""
    assert played.arrived == played.sent
