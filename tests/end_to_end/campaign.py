"""Requests with secrets through one gateway, to a mirror; what arrives there and what comes back is compared byte for byte."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from scripts.story.rules import ACCESS, Service, write_rules
from scripts.story.stage import Stage
from tests.end_to_end import http2
from tests.end_to_end.encodings import Encoded, Header
from tests.end_to_end.heads import DATA, Head
from tests.end_to_end.hurried import GATEWAY
from tests.end_to_end.mirror import CASE, PLAIN, Mirror
from tests.end_to_end.wire import Reply, Wire, bearer

MASKING = """\
rules:
  - name: in the story's own places
    paths: ["$..by_rule[*]"]
    how: redact
  - name: in fields of the story's own
    names: [shoeSize]
    how: redact
  - name: in headers of the story's own
    headers: [X-Carried]
    how: redact
  - name: in parameters of the story's own
    query: [carried]
    how: redact
  - name: accounts in paths
    segments: [account]
    how: redact
"""
_OPERATION = """\
  - name: send data of an account
    methods: [POST]
    path: /data/{subject}/{account}
    effect: data
    subject: "{subject}"
"""
_ACCESS = """\
  - name: the orders pipeline reads the service as a whole
    allow: [read]
    who: { claims: [{ claim: sub, value: orders-ci }] }
    connections: [mirror]
    subjects: ["*"]
"""
#: What the gateway takes off a request, or puts on it, in front of the service.
_TAKEN = frozenset({"authorization", "cookie", "proxy-authorization", "countersign-justification"})
#: What it takes off an answer: a session of its own with the service.
_TAKEN_BACK = frozenset({"set-cookie"})


class _MirrorStage(Stage):
    """With a connection to a mirror besides the one to the store."""

    mirror: Mirror | None = None

    def start_gateway(self) -> None:
        if self.mirror is None:
            self.mirror = Mirror(self.authority.issue("localhost"))
            mirror_url = f"https://localhost:{self.mirror.port}"
            services = [
                Service(name, url, "rest", self.directory / "service-credential", hold_seconds=1)
                for name, url in (("orders", self.service_url), ("mirror", mirror_url))
            ]
            write_rules(self.rules, issuer=self.provider.issuer, services=services, access=ACCESS + _ACCESS)
            (self.rules / "masking.yaml").write_text(MASKING)
            dialect = self.rules / "dialects" / "rest.yaml"
            dialect.write_text(dialect.read_text() + _OPERATION)
        super().start_gateway()


@contextmanager
def stage_with_mirror(
    folder: Path, *, options: Sequence[str] = (), script: Path = GATEWAY
) -> Iterator[tuple[Stage, Mirror]]:
    """A gateway before the store of the story, and before a mirror."""
    stage = _MirrorStage(folder, "store", hold_seconds=1, options=options, script=script)
    try:
        with stage:
            assert stage.mirror is not None
            yield stage, stage.mirror
    finally:
        if stage.mirror is not None:
            stage.mirror.stop()


@dataclass
class Campaign:
    """Sends, and notes what did not arrive as it was sent."""

    stage: Stage
    mirror: Mirror
    changed: list[str] = field(default_factory=list)  #: what was not passed on as it came
    answers: list[bytes] = field(default_factory=list)  #: what the gateway itself said
    _wire: Wire | None = None
    sent: int = 0

    def __post_init__(self) -> None:
        self._host = f"localhost:{self.mirror.port}"
        self._credential = bearer(self.stage.pipeline_token())

    def send_body(self, name: str, encoded: Encoded) -> None:
        """One request with a body."""
        self._exchange(
            f"{name}, {encoded.name}", "POST", DATA, encoded.fields, encoded.on_the_wire, encoded.body, encoded.passes
        )

    def send_head(self, head: Head) -> None:
        """One request whose head counts."""
        body = b"{}" if head.method == "POST" else b""
        fields = (*head.headers, ("Content-Length", "2")) if body else head.headers
        self._exchange(head.name, head.method, head.target, fields, body, body, head.passes)

    def send_over_http2(self, name: str, encoded: Encoded, trailers: tuple[Header, ...] = ()) -> None:
        """The same over HTTP/2, where there are no chunks."""
        case = self._case(name)
        headers = [(CASE.lower(), case), *encoded.headers]
        try:
            reply = http2.send_to(
                self.stage, self.mirror.port, self._credential, "POST", DATA, headers, encoded.body, trailers
            )
        except http.client.HTTPException as error:
            self.changed.append(f"{case}: {error}")
            return
        self._compare(case, reply, PLAIN, encoded.headers, encoded.body, encoded.passes and not trailers)

    def answer(self, name: str, head: bytes, body: bytes, *, comes: bool = True) -> None:
        """One answer; `comes`: it reaches the client."""
        case = self._case(name)
        self.mirror.answers[case] = answer = head + b"\r\n\r\n" + body
        reply = self._send(case, "GET", "/schemas/orders-leaks", (), b"")
        self._compare(case, reply, answer if comes else None, (), b"", True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    # -- inside -------------------------------------------------------------------------------------------------------

    def _case(self, name: str) -> str:
        self.sent += 1
        return f"{self.sent} {name}"

    def _exchange(
        self, name: str, method: str, target: str, fields: tuple[Header, ...], raw: bytes, body: bytes, passes: bool
    ) -> None:
        case = self._case(name)
        reply = self._send(case, method, target, fields, raw)
        self._compare(case, reply, PLAIN, fields, body, passes)
        arrived = self.mirror.seen.get(case)
        if passes and arrived is not None and arrived.line != f"{method} {target} HTTP/1.1".encode():
            self.changed.append(f"{case}: the target is another one")

    def _send(self, case: str, method: str, target: str, fields: tuple[Header, ...], raw: bytes) -> Reply:
        head = [f"{method} {target} HTTP/1.1", f"Host: {self._host}", f"{CASE}: {case}"]
        head += [f"{name}: {value}" for name, value in fields]
        for _ in range(2):  # the gateway may have closed the connection after a refusal
            if self._wire is None:
                self._wire = Wire(self.stage.port)
                assert self._wire.connect(self._host, self._credential).status == 200
                self._wire.start_tls(self.stage.gateway_ca)
            try:
                self._wire.write("\r\n".join([*head, "", ""]).encode("latin-1") + raw)
                reply = self._wire.read_reply(method)
            except (OSError, http.client.HTTPException):
                self.close()
                continue
            if (reply.headers.get("Connection") or "").lower() == "close":
                self.close()
            return reply
        raise AssertionError(f"no answer to {case}")

    def _compare(
        self, case: str, reply: Reply, answer: bytes | None, fields: tuple[Header, ...], body: bytes, passes: bool
    ) -> None:
        arrived = self.mirror.seen.get(case)
        if answer is None or not passes or arrived is None:
            self.answers.append(f"{reply.status} {reply.reason} {reply.headers.items()} ".encode() + reply.body)
        if (arrived is not None) != passes:
            said = reply.headers.items(), reply.body[:200] if passes else b""
            self.changed.append(f"{case}: arrived: {arrived is not None}, expected: {passes}; {reply.status} {said}")
            return
        if arrived is None:
            return
        if arrived.body != body:
            self.changed.append(f"{case}: the body is another one: {len(body)} bytes, {len(arrived.body)} arrived")
        sent = [(name, value) for name, value in fields if name.lower() not in _TAKEN]
        got = [(name, value) for name, value in arrived.headers if name.lower() not in {*_TAKEN, CASE.lower(), "host"}]
        if _without_length(got) != _without_length(sent):
            self.changed.append(f"{case}: {len(sent)} headers were sent, others arrived: {_difference(sent, got)}")
        if answer is not None:
            self._compare_answer(case, reply, answer)

    def _compare_answer(self, case: str, reply: Reply, answer: bytes) -> None:
        head, _, body = answer.partition(b"\r\n\r\n")
        lines = [line.partition(b": ") for line in head.split(b"\r\n")[1:]]
        fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, _, value in lines]
        if dict(fields).get("Transfer-Encoding") == "chunked":
            body = _unchunked(body)
        expected = [(name, value) for name, value in fields if name.lower() not in _TAKEN_BACK]
        if _lower(reply.headers.items()) != _lower(expected):
            self.changed.append(
                f"{case}: the answer's headers are others: {_difference(expected, list(reply.headers.items()))}"
            )
        if reply.body != body:
            self.changed.append(f"{case}: the answer's body is another one: {len(body)} bytes, {len(reply.body)} came")


def _lower(fields: Iterable[Header]) -> list[Header]:
    return [(name.lower(), value) for name, value in fields]


def _without_length(fields: list[Header]) -> list[Header]:
    """HTTP/2 need not say how long a body is, HTTP/1 has to."""
    return [(name.lower(), value) for name, value in fields if name.lower() != "content-length"]


def _difference(one: list[Header], other: list[Header]) -> str:
    return f"{[each for each in one if each not in other][:3]} {[each for each in other if each not in one][:3]}"


def _unchunked(body: bytes) -> bytes:
    found = b""
    while body:
        head, _, rest = body.partition(b"\r\n")
        size = int(head, 16)
        found, body = found + rest[:size], rest[size + 2 :]
    return found
