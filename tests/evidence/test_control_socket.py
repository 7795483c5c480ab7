"""The control socket: who is heard, how much, for how long, and that nothing of it stops a gateway."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence.control import Refused
from countersign.evidence.control_socket import ControlSocket
from countersign.evidence.pruning import Tell
from countersign.strict_json import Json
from tests.evidence import logs

PATIENCE_SECONDS = 10
NOBODY = 65534


class Performed:
    """Does what the tests ask for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Json, str]] = []
        self.begun = threading.Semaphore(0)
        self.finish = threading.Event()

    def __call__(self, asked: Json, actor: str, tell: Tell) -> dict[str, Json]:
        self.asked.append((asked, actor))
        match asked:
            case "refuse":
                raise Refused("no, because")
            case "fail":
                raise ZeroDivisionError("of something secret")
            case "fail at the disk":
                raise OSError("no such disk")
            case "progress":
                tell(2)
                tell(5)
            case "wait":
                self.begun.release()
                assert self.finish.wait(PATIENCE_SECONDS)
                tell(1)
        return {"asked": asked}


@pytest.fixture
def folder() -> Iterator[Path]:
    """One with a short path, that other users may enter."""
    made = Path(tempfile.mkdtemp(prefix="control-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def performed() -> Iterator[Performed]:
    """What was asked for."""
    made = Performed()
    yield made
    made.finish.set()


@contextmanager
def listening(path: Path, performed: Performed) -> Iterator[ControlSocket]:
    """A socket that is served."""
    control = ControlSocket(path, performed)
    control.start()
    try:
        yield control
    finally:
        performed.finish.set()
        control.stop(PATIENCE_SECONDS)


def connected(path: Path) -> socket.socket:
    """A client that says nothing yet."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(PATIENCE_SECONDS)
    try:
        client.connect(str(path))
    except OSError:
        client.close()
        raise
    return client


def answers(client: socket.socket) -> list[Any]:
    """All that it is told until the other side closes."""
    with client, client.makefile("rb") as stream:
        return [json.loads(line) for line in stream]


def told(path: Path, data: bytes) -> list[Any]:
    """The answers to what one client sends."""
    client = connected(path)
    client.sendall(data)
    return answers(client)


def test_a_command(folder: Path, performed: Performed) -> None:
    """It is done as whoever runs the client, and answered."""
    with listening(folder / "control", performed):
        assert told(folder / "control", b'{"act": "x"}\n') == [{"done": {"asked": {"act": "x"}}}]
        assert told(folder / "control", b'"progress"\n') == [
            {"erased": 2},
            {"erased": 5},
            {"done": {"asked": "progress"}},
        ]
    ((asked, actor), _) = performed.asked
    assert asked == {"act": "x"}
    assert actor.endswith(f"uid {os.geteuid()})") or actor == f"uid {os.geteuid()}"


def test_private(folder: Path, performed: Performed) -> None:
    """The file is for its owner only, and gone at the end."""
    with listening(folder / "control", performed):
        assert stat.S_IMODE((folder / "control").stat().st_mode) == 0o600
    assert not (folder / "control").exists()


def test_strangers_are_not_heard(folder: Path, performed: Performed) -> None:
    """Whatever the file's mode became: the kernel says who connects."""
    if os.geteuid() != 0:
        pytest.skip("only root can connect as somebody else")
    with listening(folder / "control", performed):
        (folder / "control").chmod(0o666)
        os.seteuid(NOBODY)
        try:
            client = connected(folder / "control")
        finally:
            os.seteuid(0)
        assert answers(client) == [{"refused": "only root (uid 0) and root may command this gateway"}]
        assert performed.asked == []
        assert told(folder / "control", b"1\n") == [{"done": {"asked": 1}}]


def test_root_may_command_the_gateway_of_another_user(
    folder: Path, performed: Performed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the gateway's own user may; nobody else."""
    own = os.geteuid()
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: NOBODY)
        control = ControlSocket(folder / "control", performed)
    control.start()
    try:
        (answer,) = told(folder / "control", b"1\n")
        assert ("done" in answer) == (own in (0, NOBODY))
    finally:
        control.stop(PATIENCE_SECONDS)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'"refuse"\n', "no, because"),
        (b'"fail"\n', "the gateway's log says more"),
        (b'"fail at the disk"\n', "the gateway's log says more"),
        (b"{\n", "not JSON"),
        (b'{"a": 1, "a": 2}\n', "twice"),
        (b"\xff\n", "not UTF-8"),
        (b"[" * 1000 + b"\n", "nested deeper"),
        (b'"' + b"x" * limits.MAX_CONTROL_REQUEST_BYTES + b'"\n', "at most 16384 bytes"),
        (b"x" * (limits.MAX_CONTROL_REQUEST_BYTES + 1), "at most 16384 bytes"),
    ],
)
def test_refused(folder: Path, performed: Performed, data: bytes, why: str) -> None:
    """Each with its reason, in one line; the next command is heard."""
    with listening(folder / "control", performed):
        client = connected(folder / "control")
        with closing(client):
            client.sendall(data)
            (answer,) = answers(client)
        assert why in answer["refused"]
        assert told(folder / "control", b"1\n") == [{"done": {"asked": 1}}]


def test_a_fault_is_logged_without_its_text(
    folder: Path, performed: Performed, caplog: pytest.LogCaptureFixture
) -> None:
    """The text of a foreign exception may hold what it failed on."""
    with listening(folder / "control", performed):
        told(folder / "control", b'"fail"\n')
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("data", [b"", b'"x', b'{"act": '])
def test_a_client_that_does_not_go_on(
    folder: Path, performed: Performed, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    """Is not waited for; one that hangs up is no error at all."""
    monkeypatch.setattr(limits, "CONTROL_REQUEST_SECONDS", 0.2)
    with listening(folder / "control", performed):
        client = connected(folder / "control")
        client.sendall(data)
        ((why,),) = (answer.values() for answer in answers(client))
        assert why == "no whole command came within 0.2 seconds"
        with closing(connected(folder / "control")) as client:
            client.sendall(data)
        assert told(folder / "control", b"1\n") == [{"done": {"asked": 1}}]


def test_a_client_that_drips(folder: Path, performed: Performed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is for the whole command, not for each byte."""
    monkeypatch.setattr(limits, "CONTROL_REQUEST_SECONDS", 0.3)
    with listening(folder / "control", performed):
        client, ended = connected(folder / "control"), threading.Event()

        def drip() -> None:
            while not ended.wait(0.02):
                try:
                    client.sendall(b" ")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            with client.makefile("rb") as stream:
                assert b"no whole command" in stream.readline()
        finally:
            ended.set()
            dripping.join(PATIENCE_SECONDS)
            client.close()


def test_so_many_clients(folder: Path, performed: Performed, monkeypatch: pytest.MonkeyPatch) -> None:
    """More are refused at once, and served again when there is room."""
    monkeypatch.setattr(limits, "MAX_CONTROL_CLIENTS", 2)
    path = folder / "control"
    with listening(path, performed) as control:
        waiting = [connected(path) for _ in range(2)]
        for client in waiting:
            client.sendall(b'"wait"\n')
            assert performed.begun.acquire(timeout=PATIENCE_SECONDS)
        assert answers(connected(path)) == [{"refused": "too many commands at once; try again"}]
        performed.finish.set()
        for client in waiting:
            assert answers(client) == [{"erased": 1}, {"done": {"asked": "wait"}}]
        assert logs.waited_for(lambda: not control._clients)
        assert told(path, b"1\n") == [{"done": {"asked": 1}}]


def test_no_more_threads(folder: Path, performed: Performed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that gives no more threads has the command refused; the next one is heard."""
    path = folder / "control"
    with listening(path, performed):
        with monkeypatch.context() as patch:

            def fail(_: threading.Thread) -> None:
                raise RuntimeError("can't start new thread")

            patch.setattr(threading.Thread, "start", fail)
            assert answers(connected(path)) == [{"refused": "too many commands at once; try again"}]
        assert told(path, b"1\n") == [{"done": {"asked": 1}}]


def test_a_client_that_has_gone_ends_its_act(folder: Path, performed: Performed) -> None:
    """It hears of no progress, so the act ends there; the socket goes on."""
    path = folder / "control"
    with listening(path, performed) as control:
        with closing(connected(path)) as client:
            client.sendall(b'"wait"\n')
            assert performed.begun.acquire(timeout=PATIENCE_SECONDS)
        performed.finish.set()
        assert logs.waited_for(lambda: not control._clients)
        assert told(path, b"1\n") == [{"done": {"asked": 1}}]


def test_the_end(folder: Path, performed: Performed) -> None:
    """What is being done ends at its next step, and says so; who has asked nothing is sent away; nobody is waited for."""
    control = ControlSocket(folder / "control", performed)
    control.start()
    busy, idle = connected(folder / "control"), connected(folder / "control")
    busy.sendall(b'"wait"\n')
    assert performed.begun.acquire(timeout=PATIENCE_SECONDS)
    assert logs.waited_for(lambda: len(control._clients) == 2)  # else the idle one may still be in the queue
    control.stop(0.05)
    assert answers(idle) == []
    performed.finish.set()
    (answer,) = answers(busy)
    assert "the gateway stops" in answer["refused"]
    control.stop(PATIENCE_SECONDS)
    assert logs.waited_for(lambda: not control._clients)
    with pytest.raises(FileNotFoundError):
        connected(folder / "control")


def test_a_killed_gateways_socket_is_replaced(folder: Path, performed: Performed) -> None:
    """A file that nobody listens at is in nobody's way."""
    path = folder / "control"
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(path))
    with pytest.raises(ConnectionRefusedError):
        connected(path)
    with listening(path, performed):
        assert told(path, b"1\n") == [{"done": {"asked": 1}}]


def _a_file(path: Path) -> Path:
    path.write_text("mine")
    return path


def _a_link(path: Path) -> Path:
    path.symlink_to("/dev/null")
    return path


def _a_long_path(path: Path) -> Path:
    return path.parent / ("x" * limits.MAX_SOCKET_PATH_BYTES)


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        (_a_file, "something else has this name"),
        (_a_link, "something else has this name"),
        (_a_long_path, "choose a shorter state directory"),
        (lambda path: path.parent / "none" / "control", "No such file or directory"),
    ],
)
def test_no_socket(
    folder: Path,
    performed: Performed,
    caplog: pytest.LogCaptureFixture,
    spoilt: Callable[[Path], Path],
    why: str,
) -> None:
    """What speaks against it is logged with the remedy; the gateway starts and ends as ever, and touches nothing."""
    path = spoilt(folder / "control")
    before = sorted(os.listdir(folder))
    with caplog.at_level(logging.WARNING), listening(path, performed):
        assert sorted(os.listdir(folder)) == before
    assert {record.levelname for record in caplog.records} == {"WARNING"}  # an error would end mitmdump while it starts
    assert "the gateway takes no commands while it runs" in caplog.text
    assert why in caplog.text
    assert sorted(os.listdir(folder)) == before
    caplog.clear()
    with listening(folder / "fine", performed):
        assert told(folder / "fine", b"1\n") == [{"done": {"asked": 1}}]
    assert caplog.text == ""


def test_a_listener_that_fails(
    folder: Path, performed: Performed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Too many open files, for example: it is said, and tried again."""
    monkeypatch.setattr(limits, "CONTROL_REQUEST_SECONDS", 0.01)
    path = folder / "control"
    control = ControlSocket(path, performed)
    failures = iter([OSError("too many open files")])
    accept = socket.socket.accept

    def accept_later(listener: socket.socket) -> Any:
        for failure in failures:
            raise failure
        return accept(listener)

    monkeypatch.setattr(socket.socket, "accept", accept_later)
    control.start()
    try:
        monkeypatch.setattr(limits, "CONTROL_REQUEST_SECONDS", 5)
        assert told(path, b"1\n") == [{"done": {"asked": 1}}]
        assert "no command can be taken: too many open files" in caplog.text
    finally:
        control.stop(PATIENCE_SECONDS)


def test_an_act_that_cannot_tell(folder: Path) -> None:
    """The error of a log that has stopped reaches the client as what it is."""

    def perform(asked: Json, actor: str, tell: Tell) -> dict[str, Json]:
        raise EvidenceUnavailable("the evidence log has stopped: SQLITE_FULL")

    control = ControlSocket(folder / "control", perform)
    control.start()
    try:
        assert told(folder / "control", b"1\n") == [{"refused": "the evidence log has stopped: SQLITE_FULL"}]
    finally:
        control.stop(PATIENCE_SECONDS)
