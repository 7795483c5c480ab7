"""`countersign witness`: serves a witness for other gateways' logs over HTTP (C2SP tlog-witness).

Authenticates nobody: a checkpoint carries its log's signature, and what is cosigned is no secret.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import signal
import socket
import ssl
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import tornado.httpserver
import tornado.web

from countersign import limits
from countersign.errors import CountersignError
from countersign.evidence import witness_key
from countersign.evidence.cosignature import Cosigner
from countersign.evidence.witness import Witness
from countersign.evidence.witness_protocol import PATH, TEXT_TYPE
from countersign.evidence.witnessed_logs import WitnessedLogs

_UNUSABLE = 2
_FILE = click.Path(path_type=Path)


@click.command()
@click.option("--state", type=_FILE, required=True, help="Directory of the witness's key and of what it saw last.")
@click.option("--log", "logs", type=_FILE, multiple=True, help="File with the public keys of a log to witness; repeat.")
@click.option(
    "--listen", default="127.0.0.1:8083", show_default=True, metavar="HOST:PORT", help="Port 0: any free one."
)
@click.option("--tls-cert", type=_FILE, help="Certificate chain, PEM; needed to listen beyond this machine.")
@click.option("--tls-key", type=_FILE, help="Its private key, PEM.")
@click.option("--name", help="A new witness's name, a URL without its scheme such as witness.example.com/1.")
@click.option("--show-vkey", is_flag=True, help="Print the public key, and end.")
def witness(
    state: Path,
    logs: tuple[Path, ...],
    listen: str,
    tls_cert: Path | None,
    tls_key: Path | None,
    name: str | None,
    show_vkey: bool,
) -> None:
    """Cosign the checkpoints of other gateways' logs, so that none of them can be rolled back or forked unseen.

    Run it where the gateways' administrators are not. Each log needs the printed vkey, and this command each log's
    file log.vkey. When a log takes a new key its file gets a line: copy it here again (or share it), and it is read
    without a restart. Who can write that file decides which key signs for the log.
    """
    try:
        cosigner = witness_key.load(state) if name is None else witness_key.create(state, name, secrets.token_bytes)
        if show_vkey:
            click.echo(cosigner.verifier.vkey())
            return
        tls = _tls(tls_cert, tls_key)
        listening = _bind(listen, needs_loopback=tls is None)
        with (
            closing(listening),
            closing(Witness.open(state, cosigner, WitnessedLogs(logs), lambda: int(time.time()))) as cosigning,
        ):
            asyncio.run(_serve(cosigning, cosigner, listening, tls))
    except (CountersignError, OSError) as error:
        hint = (
            "; name a new witness with --name" if name is None and not (state / witness_key.VKEY_NAME).exists() else ""
        )
        click.echo(f"{error}{hint}", err=True)
        sys.exit(_UNUSABLE)


async def _serve(cosigning: Witness, cosigner: Cosigner, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
    """Until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    application = tornado.web.Application(
        [(rf"/{PATH}", _AddCheckpoint, {"cosigning": cosigning})],
        default_handler_class=_Nothing,
        log_function=lambda handler: None,
    )
    server = tornado.httpserver.HTTPServer(
        application,
        ssl_options=tls,
        max_body_size=limits.MAX_WITNESS_BODY_BYTES,
        max_buffer_size=2 * limits.MAX_WITNESS_BODY_BYTES,
        body_timeout=limits.WITNESS_IDLE_SECONDS,
        idle_connection_timeout=limits.WITNESS_IDLE_SECONDS,
    )
    server.add_socket(listening)
    host, port = listening.getsockname()[:2]
    click.echo(f"vkey: {cosigner.verifier.vkey()}")
    click.echo(f"url: {'http' if tls is None else 'https'}://{f'[{host}]' if ':' in host else host}:{port}")
    sys.stdout.flush()
    await stopping.wait()
    server.stop()
    await server.close_all_connections()


class _Nothing(tornado.web.RequestHandler):
    """What is no part of the protocol."""

    def prepare(self) -> None:
        raise tornado.web.HTTPError(404)

    def write_error(self, status_code: int, **_: Any) -> None:
        self.set_header("Content-Type", TEXT_TYPE)
        self.finish(f"{status_code}\n")


class _AddCheckpoint(_Nothing):
    def initialize(self, cosigning: Witness) -> None:
        self._cosigning = cosigning

    def prepare(self) -> None:
        """Open to everybody."""

    async def post(self) -> None:
        answer = await asyncio.to_thread(self._cosigning.add_checkpoint, self.request.body)
        self.set_status(answer.status)
        self.set_header("Content-Type", answer.content_type)
        self.finish(answer.body)


def _bind(listen: str, *, needs_loopback: bool) -> socket.socket:
    """Raises OSError, with what to change."""
    parts = urlsplit(f"//{listen}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None:
        raise click.UsageError(f"--listen is HOST:PORT, not {listen!r}")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        if needs_loopback and not ipaddress.ip_address(address[0]).is_loopback:
            raise click.UsageError("without --tls-cert and --tls-key the witness listens on 127.0.0.1 or ::1 only")
        listening = socket.create_server((str(address[0]), port), family=family)
    except OSError as error:
        raise OSError(f"cannot listen on {listen}: {error.strerror}") from None
    listening.setblocking(False)
    return listening


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if (certificate is None) != (key is None):
        raise click.UsageError("--tls-cert and --tls-key belong together")
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError too
        raise OSError(f"{certificate} or its key cannot be used: {error.strerror}") from None
    return context
