"""Where the best-known gateway of this kind falls short in its reviews: there `...`, here `...`, one test for each.

The name of each test is the shortcoming; its first line says what holds here instead.
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from scripts.story.stage import Stage
from tests.end_to_end.approver import Approver
from tests.end_to_end.records import listed
from tests.end_to_end.wire import Reply, Wire, bearer

_RULES = """\
windows:
  - { name: nights, timezone: Europe/Berlin, from: "22:00", until: "02:00" }
rules:
  - name: nights are frozen
    when: { subjects: ["orders-frozen*"], during: [nights] }
    verdict: deny
  - name: two groups
    when: { subjects: ["orders-two-*"] }
    verdict: hold
    all_of:
      - { approvers: ["group:schema-approvers"] }
      - { approvers: ["person:bob", "group:schema-owners"] }
  - name: every other change
    when: {}
    verdict: hold
    approvers: ["group:schema-approvers", "group:schema-owners"]
notify:
  - { name: chat, apprise: { from_file: CHAT }, events: [requested] }
"""
_OPEN = {"type": "object"}
_TIGHT = {"type": "object", "required": ["id"]}


class Chat:
    """A chat server that keeps the text of everything posted to it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.news = threading.Condition()
        chat = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with chat.news:
                    chat.texts.append(json.loads(body)["text"])
                    chat.news.notify_all()
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait_until(self, holds: Callable[[str], bool]) -> str:
        with self.news:
            assert self.news.wait_for(lambda: holds("".join(self.texts)), 30), self.texts
            return "".join(self.texts)


@pytest.fixture(scope="module")
def chat() -> Iterator[Chat]:
    running = Chat()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, chat: Chat) -> Iterator[Stage]:
    """The real gateway, in front of a schema store; held changes are answered after two seconds."""
    folder = tmp_path_factory.mktemp("peers")
    secret = folder / "chat-url"
    secret.write_text(f"mmost://127.0.0.1:{chat.server.server_port}/{'t' * 24}")
    approval = _RULES.replace("CHAT", str(secret))
    with Stage(folder, "store", mode="reverse:{service}", hold_seconds=2, approval=approval) as running:
        yield running


@pytest.fixture(scope="module")
def bob(stage: Stage) -> Approver:
    return Approver(stage, "bob")


@pytest.fixture(scope="module")
def carol(stage: Stage) -> Approver:
    return Approver(stage, "carol")


def put(stage: Stage, subject: str, schema: object, *, wire: Wire | None = None, token: str = "") -> Reply:
    """The pipeline's change; `wire` is a connection to send it on."""
    if wire is None:
        with Wire(stage.port) as own:
            return put(stage, subject, schema, wire=own, token=token)
    headers = [
        ("Host", f"127.0.0.1:{stage.port}"),
        ("Content-Type", "application/json"),
        bearer(token or stage.pipeline_token(), "Countersign-Authorization"),
    ]
    return wire.send("PUT", f"/schemas/{subject}", headers, json.dumps(schema).encode())


def current(stage: Stage, subject: str) -> Any:
    """What the service holds."""
    return json.loads(stage.ask_service("GET", f"/schemas/{subject}"))


def in_production(stage: Stage, subject: str) -> None:
    stage.ask_service("PUT", f"/schemas/{subject}", json.dumps(_OPEN).encode())


def test_a_held_http_request_is_forwarded_anyway(stage: Stage, bob: Approver) -> None:
    """Here it is held: nothing reaches the service until another person agreed, then the same request passes."""
    in_production(stage, "orders-held")
    assert put(stage, "orders-held", _TIGHT).status == 503
    assert current(stage, "orders-held") == _OPEN
    bob.decide(bob.wait_for("orders-held")["id"], "approve")
    assert put(stage, "orders-held", _TIGHT).status == 200
    assert current(stage, "orders-held") == _TIGHT


def test_one_person_in_two_groups_satisfies_all_groups(stage: Stage, bob: Approver, carol: Approver) -> None:
    """Here distinct people sign: Bob belongs to both groups and counts once; with Carol it is complete."""
    in_production(stage, "orders-two-groups")
    put(stage, "orders-two-groups", _TIGHT)
    asked = bob.wait_for("orders-two-groups")
    assert asked["missing"] == 2
    assert bob.decide(asked["id"], "approve")[1]["state"] == "pending"
    assert bob.decide(asked["id"], "approve")[0] == 409
    assert put(stage, "orders-two-groups", _TIGHT).status == 503
    assert carol.decide(asked["id"], "approve")[1]["state"] == "approved"
    assert put(stage, "orders-two-groups", _TIGHT).status == 200


def test_admins_approve_their_own_requests(stage: Stage, bob: Approver) -> None:
    """Here nobody does: Carol owns everything and is an approver, and yet another person must agree with her change."""
    in_production(stage, "orders-own")
    carol = Approver(stage, "carol")
    put(stage, "orders-own", _TIGHT, token=carol.token)
    asked = bob.wait_for("orders-own")
    status, problem = carol.decide(asked["id"], "approve")
    assert (status, "another person" in problem["detail"]) == (403, True)
    assert bob.decide(asked["id"], "approve")[0] == 200
    assert put(stage, "orders-own", _TIGHT, token=carol.token).status == 200


def test_an_approval_is_bound_to_a_session_not_to_bytes(stage: Stage, bob: Approver) -> None:
    """Here it is bound to the exact bytes and the caller: on the approved connection another byte is held, the same pass."""
    in_production(stage, "orders-bytes")
    with Wire(stage.port) as wire:
        put(stage, "orders-bytes", _TIGHT, wire=wire)
        bob.decide(bob.wait_for("orders-bytes")["id"], "approve")
        assert put(stage, "orders-bytes", {**_TIGHT, "required": ["ids"]}, wire=wire).status == 503
        other = Approver(stage, "carol").token
        assert put(stage, "orders-bytes", _TIGHT, wire=wire, token=other).status == 503
        assert current(stage, "orders-bytes") == _OPEN
        assert put(stage, "orders-bytes", _TIGHT, wire=wire).status == 200


@pytest.mark.parametrize(
    ("at", "decision"),
    [
        ("2026-01-13T21:59:00+01:00", "hold"),
        ("2026-01-13T22:00:00+01:00", "deny"),
        ("2026-01-14T00:30:00+01:00", "deny"),
        ("2026-01-14T02:00:00+01:00", "hold"),
        ("2026-03-29T01:59:00+01:00", "deny"),  # the night in which the clock jumps from 02:00 to 03:00
        ("2026-03-29T03:00:00+02:00", "hold"),
        ("2026-10-24T22:00:00+02:00", "deny"),  # the night in which it goes back to 02:00
        ("2026-10-25T01:59:00+02:00", "deny"),
    ],
)
def test_a_window_from_22_to_02_refuses_00_to_02(stage: Stage, tmp_path: Path, at: str, decision: str) -> None:
    """Here a window over midnight holds until its end, also when clocks change."""
    request = {
        "connection": "orders",
        "caller": {
            "issuer": stage.provider.issuer,
            "subject": "carol",
            "people": ["carol"],
            "groups": ["schema-owners"],
        },
        "method": "PUT",
        "target": "/schemas/orders-frozen",
        "body": _TIGHT,
        "current": _OPEN,
        "at": at,
    }
    file = tmp_path / "request.json"
    file.write_text(json.dumps(request))
    answer = stage.countersign("rules", "explain", str(file), "--json", "--rules", str(stage.rules))
    assert json.loads(answer.output)["decision"] == decision


def test_review_decisions_and_rule_changes_are_not_in_the_log(stage: Stage, bob: Approver) -> None:
    """Here every decision and the rules in force are in the one log, and it verifies."""
    in_production(stage, "orders-logged")
    put(stage, "orders-logged", _TIGHT)
    asked = bob.wait_for("orders-logged")
    bob.decide(asked["id"], "deny", "not this week")
    steps = [record["fields"] for record in listed(stage) if record["type"] == "approval"]
    found = [(one["verdict"], one["person"], one["reason"]) for one in steps if one["approval"] == asked["id"]]
    assert found[1:] == [("denied", "bob", "not this week")]
    in_force = [record["fields"]["digest"] for record in listed(stage) if record["type"] == "rules"]
    assert in_force == [asked["rules"]]
    assert stage.countersign("evidence", "verify").wait() == 0
    stage.gateway.stop()
    access = stage.rules / "access.yaml"
    access.write_text(access.read_text() + "# another day\n")
    stage.start_gateway()
    changed = [record["fields"]["digest"] for record in listed(stage) if record["type"] == "rules"]
    assert changed[0] == in_force[0]
    assert len(set(changed)) == 2


def test_slack_shows_the_first_1800_characters(stage: Stage, chat: Chat) -> None:
    """Here nothing is cut: a chat is told all of 500 changes, in as many messages as it takes, and where to decide."""
    in_production(stage, "orders-many")
    names = [f"field-{number:03}-of-the-order" for number in range(500)]
    refusal = put(stage, "orders-many", {"type": "object", "required": names})
    url = refusal.problem["approval_url"]
    told = chat.wait_until(lambda text: url in text)
    assert [name for name in names if name not in told] == []
    assert len(chat.texts) > 1


def test_a_rule_hit_closes_the_whole_session(stage: Stage) -> None:
    """Here that request is refused, and the connection lives."""
    in_production(stage, "orders-session")
    with Wire(stage.port) as wire:
        assert put(stage, "orders-session", _TIGHT, wire=wire).status == 503
        headers = [("Host", f"127.0.0.1:{stage.port}"), bearer(stage.pipeline_token(), "Countersign-Authorization")]
        assert wire.send("GET", "/schemas/orders-session", headers).status == 200


def test_an_unapproved_caller_gets_a_bare_401(stage: Stage, bob: Approver) -> None:
    """Here a refusal says who must do what next, with the link that leads there."""
    in_production(stage, "orders-told")
    refusal = put(stage, "orders-told", _TIGHT)
    asked = bob.wait_for("orders-told")
    problem = refusal.problem
    assert problem["approval"] == asked["id"]
    assert problem["approval_url"].endswith(f"/approvals/{asked['id']}")
    assert "group:schema-approvers" in problem["detail"]
    assert int(refusal.headers["Retry-After"]) > 0


def test_reviews_never_complete_for_a_person_in_several_groups(stage: Stage, bob: Approver, carol: Approver) -> None:
    """Here they do, whoever of the two signs first: Carol's place is not taken by Bob's."""
    in_production(stage, "orders-two-orders")
    put(stage, "orders-two-orders", _TIGHT)
    asked = carol.wait_for("orders-two-orders")
    with ThreadPoolExecutor(2) as pool:
        signed = list(pool.map(lambda one: one.decide(asked["id"], "approve")[0], (carol, bob)))
    assert signed == [200, 200]
    assert put(stage, "orders-two-orders", _TIGHT).status == 200
