"""Whatever goes wrong, at the wordiest level of logging: nothing that is written has a secret."""

from __future__ import annotations

import http.client
import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from countersign.evidence import StatePlaces
from scripts.story.stage import Stage
from tests.end_to_end import traces
from tests.end_to_end.broken_gateway import breakable, with_foreign_addon
from tests.end_to_end.campaign import stage_with_mirror
from tests.end_to_end.carriers import record
from tests.end_to_end.leaks import Leak, Scanner
from tests.end_to_end.mirror import CASE, Mirror
from tests.end_to_end.planted import cores, corpus
from tests.end_to_end.records import wait_for
from tests.end_to_end.secret_schemas import schema_with
from tests.end_to_end.wire import PATIENCE_SECONDS, Reply, Wire, bearer

pytestmark = pytest.mark.timeout(300)
WORDY = ("--set", "termlog_verbosity=debug")
BODY = json.dumps(record(corpus())).encode()
SCHEMA = json.dumps(schema_with(corpus())).encode()
LINES = [secret.text for secret in corpus() if secret.has_form and secret.is_ascii_line]
HEADERS = "".join(f"X-Note-{number}: {text}\r\n" for number, text in enumerate(LINES)).encode()
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
HEAD = OK + HEADERS
LENGTH = b"Content-Length: %d\r\n\r\n"
#: What a service says that does not speak HTTP, or stops in the middle of it.
GARBAGE = {
    "no HTTP at all": "\n".join(LINES).encode() + b"\r\n\r\n",
    "no HTTP version": LINES[0].encode() + b" 200 OK\r\n\r\n",
    "no status": b"HTTP/1.1 " + LINES[1].encode() + b"\r\n\r\n",
    "a header without a colon": HEAD + LINES[2].encode() + b"\r\n\r\n",
    "a header that is continued": HEAD + b" " + LINES[3].encode() + b"\r\n\r\n",
    "a length that is none": OK + b"Content-Length: " + LINES[4].encode() + b"\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + BODY,
    "an unknown transfer coding": HEAD + b"Transfer-Encoding: " + LINES[5].encode() + b"\r\n\r\n" + BODY,
    "a chunk without a size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + BODY + b"\r\n",
    "trailers": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + HEADERS + b"\r\n",
    "half of a head": HEAD,
    "half of a body": HEAD + LENGTH % len(BODY) + BODY[: len(BODY) // 2],
    "an interim answer": b"HTTP/1.1 103 Early Hints\r\n" + HEADERS + b"\r\n" + HEAD + LENGTH % 2 + b"{}",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: "
    + LINES[6].encode()
    + b"\r\n"
    + HEADERS
    + b"\r\n",
}
#: What a client says that does not speak HTTP; `{host}` is filled in.
NONSENSE = {
    "no HTTP at all": "\n".join(LINES).encode() + b"\r\n\r\n",
    "a target with a space": b"GET /schemas/" + LINES[0].encode() + b" x HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "no HTTP version": b"GET /schemas/x " + LINES[0].encode() + b"\r\n\r\n",
    "a header without a colon": b"GET /schemas/x HTTP/1.1\r\nHost: {host}\r\n" + LINES[1].encode() + b"\r\n\r\n",
    "a length that is none": b"POST /data/orders-x HTTP/1.1\r\nHost: {host}\r\nContent-Length: " + LINES[2].encode() + b"\r\n\r\n",
    "an absolute target": b"GET http://u:" + LINES[3].encode() + b"@x.example/ HTTP/1.1\r\nHost: x.example\r\n\r\n",
    "another host": b"GET /schemas/x HTTP/1.1\r\nHost: " + LINES[4].encode() + b".example\r\n\r\n",
    "a chunk without a size": b"POST /data/orders-x HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY + b"\r\n",
    "trailers": b"POST /data/orders-x HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + HEADERS + b"\r\n",
    "half of a head": b"POST /data/orders-x HTTP/1.1\r\nHost: {host}\r\n" + HEADERS,
    "half of a body": b"POST /data/orders-x HTTP/1.1\r\nHost: {host}\r\n" + HEADERS + LENGTH % len(BODY) + BODY[:2000],
}  # fmt: skip
#: What fails inside masking or beside it, with all that it was given in the text of its exception.
FAILING = {
    "the detectors": ("countersign.masking.detectors", "Detectors.find"),
    "the bodies": ("countersign.masking.masker", "mask_body"),
    "the headers": ("countersign.masking.masker", "mask_headers"),
    "the target": ("countersign.masking.masker", "mask_target"),
    "a replacement": ("countersign.masking.replacements", "Replacements.by"),
    "the policies": ("countersign.masking.policies", "Policies.of"),
    "the schemas": ("countersign.masking", "Masker.schema"),
    "the message": ("countersign.masking", "Masker.message"),
    "the operation": ("countersign.proxy.schema_gate", "recognise"),
    "the decision": ("countersign.proxy.assessing", "Assessor.assess"),
    "the last step": ("countersign.proxy.upstream_credential", "fingerprint_of"),
    "the evidence": ("countersign.proxy.evidence_port", "EvidencePort.outcome"),
}


@dataclass
class Trial:
    """A gateway, and what sends it secrets."""

    stage: Stage
    mirror: Mirror
    scanner: Scanner = field(default_factory=lambda: Scanner(cores(corpus())))
    token: str = field(init=False)

    def __post_init__(self) -> None:
        self.token = self.stage.pipeline_token()

    @property
    def host(self) -> str:
        return f"localhost:{self.mirror.port}"

    def inside(self) -> Wire:
        """A tunnel to the mirror."""
        wire = Wire(self.stage.port)
        assert wire.connect(self.host, bearer(self.token)).status == 200
        wire.start_tls(self.stage.gateway_ca)
        return wire

    def send(self, case: str, method: str = "POST", target: str = "/data/orders-x", body: bytes = BODY) -> Reply | None:
        """One request full of secrets; None: no answer came."""
        query = f"{target}?password=horse-battery-7Qx" if method == "GET" else target
        fields = [("Host", self.host), (CASE, case), ("Content-Type", "application/json")]
        fields += [(f"X-Note-{number}", text) for number, text in enumerate(LINES)]
        with suppress(OSError, http.client.HTTPException, AssertionError), self.inside() as wire:
            return wire.send(method, query, fields, b"" if method == "GET" else body)
        return None

    def send_all(self) -> list[int | None]:
        """Data, a read, a change, and something that is refused."""
        replies = [
            self.send("data"),
            self.send("read", "GET", "/schemas/orders-x"),
            self.send("change", "PUT", "/schemas/orders-x", SCHEMA),
            self.send("refused", "PATCH", "/schemas/orders-x", SCHEMA),
            self.send("large", body=json.dumps([record(corpus()), " " * 40_000]).encode()),
        ]
        return [None if reply is None else reply.status for reply in replies]

    def leaks(self) -> list[str]:
        """What is in everything that the gateway wrote so far."""
        found: list[Leak] = self.scanner.in_files(traces.files(self.stage))
        return [str(leak) for leak in found]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """One gateway for all that does not break it."""
    with stage_with_mirror(tmp_path_factory.mktemp("errors") / "stage", options=WORDY) as made:
        yield Trial(*made)


def test_a_service_that_answers_with_garbage(trial: Trial) -> None:
    """Each is answered 502 or with less, recorded, and quoted nowhere; a proper answer passes."""
    for number, (case, answer) in enumerate(GARBAGE.items()):
        trial.mirror.answers[case] = answer
        trial.mirror.hangs_up.add(case)
        reply = trial.send(
            case, "GET" if number % 2 else "POST", "/schemas/orders-x" if number % 2 else "/data/orders-x"
        )
        is_refused = reply is None or reply.status != 200  # None: the status that came is none
        assert is_refused or case in ("a header that is continued", "an interim answer"), case
    passed = trial.send("proper")
    assert passed is not None
    assert passed.status == 200
    assert trial.leaks() == []


def test_a_client_that_sends_garbage(trial: Trial) -> None:
    """What could not be read, inside a tunnel and before one, is quoted nowhere."""
    for nonsense in NONSENSE.values():
        data = nonsense.replace(b"{host}", trial.host.encode())
        for wire in (trial.inside(), Wire(trial.stage.port)):
            with wire, suppress(OSError, http.client.HTTPException):
                wire.be_patient_for(2)
                wire.write(data)
                if b"half" not in nonsense:
                    wire.read_reply()
    with Wire(trial.stage.port) as wire:
        assert wire.connect(f"{LINES[0]}.example:443", bearer(LINES[-1])).status in (400, 403, 407)
    assert trial.leaks() == []


def test_a_service_that_is_gone(trial: Trial, tmp_path: Path) -> None:
    """Nobody listens, or the connection is reset: 502, an unknown outcome, no secret."""
    gone = Trial(trial.stage, trial.mirror)
    trial.mirror.answers["reset"] = b""
    trial.mirror.hangs_up.add("reset")
    reply = gone.send("reset")
    assert reply is not None
    assert reply.status == 502
    trial.stage.service.stop()
    host = f"localhost:{trial.stage.service.port}"
    with Wire(trial.stage.port) as wire:
        wire.connect(host, bearer(trial.token))
        with suppress(OSError, http.client.HTTPException):
            wire.start_tls(trial.stage.gateway_ca)
            wire.send("POST", "/data/orders-x", [("Host", host), ("X-Note", LINES[0])], BODY)
    assert trial.leaks() == []


def test_the_evidence_cannot_be_written(trial: Trial) -> None:
    """Its folder is taken away: everything is refused, and nothing of it goes to the log instead."""
    places = StatePlaces(trial.stage.state)
    aside = places.evidence.with_name("aside")
    places.evidence.rename(aside)
    try:
        assert set(trial.send_all()) <= {503, 502, 403, None}
    finally:
        aside.rename(places.evidence)
    assert trial.leaks() == []


def test_killed_in_the_middle_and_started_again(tmp_path: Path) -> None:
    """What the write-ahead log still holds, and what the next start says of what was open, has no secret."""
    with stage_with_mirror(tmp_path / "stage", options=WORDY) as (stage, mirror):
        trial = Trial(stage, mirror)
        trial.send_all()
        with trial.inside() as half, trial.inside() as waiting:
            half.write(NONSENSE["half of a body"].replace(b"{host}", trial.host.encode()))
            mirror.answers["never"] = b""
            fields = [("Host", trial.host), (CASE, "never"), ("Content-Length", str(len(BODY)))]
            head = "".join(f"{name}: {value}\r\n" for name, value in fields).encode()
            waiting.write(b"POST /data/orders-x HTTP/1.1\r\n" + head + HEADERS + b"\r\n" + BODY)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while "never" not in mirror.seen:
                assert time.monotonic() < deadline, "the request did not arrive"
                threading.Event().wait(0.02)
            stage.gateway.send_signal(signal.SIGKILL)
            assert stage.gateway.wait() == -signal.SIGKILL
        assert trial.leaks() == []
        stage.start_gateway()
        wait_for(stage, "outcome_unknown", 1)
        assert trial.leaks() == []


@pytest.fixture(scope="module")
def breakable_trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """One gateway, of which one function after the other is broken."""
    folder = tmp_path_factory.mktemp("breakable")
    script = breakable(folder / "script", FAILING)
    with stage_with_mirror(folder / "stage", options=WORDY, script=script) as made:
        yield Trial(*made)


@pytest.mark.parametrize("name", FAILING)
def test_an_exception_that_quotes_everything(breakable_trial: Trial, name: str) -> None:
    """The function raises, and its text holds all that it was given: nothing of that is written, and the gateway lives."""
    assert all(status is not None for status in breakable_trial.send_all())
    flag = breakable_trial.stage.directory.parent / "script" / name
    flag.touch()
    breakable_trial.send_all()
    flag.unlink()
    assert breakable_trial.stage.gateway.is_running
    assert breakable_trial.leaks() == []


def test_an_addon_of_somebody_else_that_fails(tmp_path: Path) -> None:
    """mitmproxy logs what it raises; the text of its exception, with the whole message in it, is not in the log."""
    with stage_with_mirror(tmp_path / "stage", options=WORDY, script=with_foreign_addon(tmp_path / "script")) as made:
        trial = Trial(*made)
        trial.send_all()
        assert "ValueError" in trial.stage.gateway.output
        assert trial.leaks() == []
