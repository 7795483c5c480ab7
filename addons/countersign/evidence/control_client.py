"""Commands to a running gateway, over its control socket. Does not check who listens there: the directory is the gateway's."""

from __future__ import annotations

import os
import socket
from contextlib import closing, suppress
from pathlib import Path

from countersign import limits, strict_json
from countersign.errors import BadInput, EvidenceUnavailable
from countersign.evidence.control import Refused
from countersign.evidence.pruning import Tell
from countersign.strict_json import Json

_MAX_ANSWER_BYTES = 4 * limits.MAX_CONTROL_REQUEST_BYTES


def is_served(path: Path) -> bool:
    """Whether a gateway listens at `path`. Raises Refused where this user may not ask, OSError."""
    try:
        _connect(path).close()
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    return True


def ask(path: Path, asked: Json, tell: Tell) -> dict[str, Json]:
    """Have the gateway do something, and wait for it. Ends with the first answer that is not about progress.

    Raises Refused, and EvidenceUnavailable when no answer comes: then nobody knows whether it was done.
    """
    try:
        with closing(_connect(path)) as gateway, gateway.makefile("rb") as answers:
            gateway.settimeout(limits.CONTROL_ANSWER_SECONDS)
            with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered without listening
                gateway.sendall(strict_json.dumps(asked) + b"\n")
            while line := answers.readline(_MAX_ANSWER_BYTES):
                match strict_json.loads(line):
                    case {"erased": int(erased)}:
                        tell(erased)
                    case {"done": dict(done)}:
                        return done
                    case {"refused": str(why)}:
                        raise Refused(why)
                    case _:
                        break
    except (OSError, BadInput) as error:
        raise EvidenceUnavailable(f"{path}: no answer of the gateway: {error}; look at `evidence list`") from None
    raise EvidenceUnavailable(f"{path}: the gateway ended before it answered; look at `evidence list`")


def _connect(path: Path) -> socket.socket:
    if len(os.fsencode(path)) > limits.MAX_SOCKET_PATH_BYTES:
        raise FileNotFoundError("no socket can have a path as long as this")
    gateway = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    gateway.settimeout(limits.CONTROL_REQUEST_SECONDS)
    try:
        gateway.connect(str(path))
    except PermissionError:
        gateway.close()
        raise Refused(f"{path}: only the gateway's own user and root may command it") from None
    except BaseException:
        gateway.close()
        raise
    return gateway
