"""Commands to a running gateway, as the command line sends them."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence import control_client
from countersign.evidence.control import Refused
from countersign.evidence.control_socket import ControlSocket
from countersign.evidence.pruning import Tell
from countersign.strict_json import Json

PATIENCE_SECONDS = 10
NOBODY = 65534


def perform(asked: Json, actor: str, tell: Tell) -> dict[str, Json]:
    """Does what the tests ask for."""
    if asked == "refuse":
        raise Refused("no, because")
    tell(2)
    tell(5)
    return {"asked": asked}


@pytest.fixture
def path() -> Iterator[Path]:
    """Where a socket can be."""
    folder = Path(tempfile.mkdtemp(prefix="control-"))
    folder.chmod(0o755)
    yield folder / "control"
    shutil.rmtree(folder)


@pytest.fixture
def served(path: Path) -> Iterator[Path]:
    """A socket that is served."""
    control = ControlSocket(path, perform)
    control.start()
    yield path
    control.stop(PATIENCE_SECONDS)


def test_ask(served: Path) -> None:
    """Progress is told, the answer returned."""
    told: list[int] = []
    assert control_client.is_served(served)
    assert control_client.ask(served, {"act": "x"}, told.append) == {"asked": {"act": "x"}}
    assert told == [2, 5]


def test_refused(served: Path) -> None:
    """With the gateway's own words."""
    with pytest.raises(Refused, match=r"^no, because$"):
        control_client.ask(served, "refuse", lambda erased: None)


def test_a_gateway_that_hears_nobody(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may answer before it was asked."""
    monkeypatch.setattr(limits, "MAX_CONTROL_CLIENTS", 0)
    for _ in range(10):
        with pytest.raises(Refused, match="too many commands"):
            control_client.ask(served, "x" * 10_000, lambda erased: None)


def test_nobody_listens(path: Path) -> None:
    """No file, one that a killed gateway left, or a path that no socket can have."""
    assert not control_client.is_served(path)
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(path))
    assert not control_client.is_served(path)
    assert not control_client.is_served(path.parent / ("x" * limits.MAX_SOCKET_PATH_BYTES))
    with pytest.raises(EvidenceUnavailable, match="no answer"):
        control_client.ask(path, "x", lambda erased: None)


def test_another_user(served: Path) -> None:
    """Is told who may."""
    if os.geteuid() != 0:
        pytest.skip("only root can connect as somebody else")
    os.seteuid(NOBODY)
    try:
        with pytest.raises(Refused, match="only the gateway's own user and root"):
            control_client.is_served(served)
    finally:
        os.seteuid(0)
    assert control_client.is_served(served)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "ended before it answered"),
        (b'{"erased": 3}\n', "ended before it answered"),
        (b'{"done": 3}\n', "ended before it answered"),
        (b"{\n", "not JSON"),
        (b'{"done": {"half": ', "not JSON"),
    ],
)
def test_no_answer(path: Path, answer: bytes, why: str) -> None:
    """Then nobody knows whether it was done, and the log is the place to look."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(100)
                client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(EvidenceUnavailable, match=f"{why}.*evidence list"):
            control_client.ask(path, "x", lambda erased: None)
        thread.join(PATIENCE_SECONDS)


def test_silence(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that hangs is not waited for without end."""
    monkeypatch.setattr(limits, "CONTROL_ANSWER_SECONDS", 0.05)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with pytest.raises(EvidenceUnavailable, match="timed out"):
            control_client.ask(path, "x", lambda erased: None)
