"""`countersign witness`, as a process of its own."""

from __future__ import annotations

import datetime
import http.client
import ipaddress
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from countersign import limits
from countersign.cli import main
from countersign.evidence.cosignature import CosignatureVerifier
from countersign.evidence.witness_protocol import SIZE_TYPE, Offer
from tests.evidence.foreign import accepts, foreign_client
from tests.evidence.growth import Growth, signer

NAME = "witness.example.com/1"
LOG = Growth()
FORKED = Growth(story="another", fork_at=2)
REWRITTEN = Growth(story="another")
ADDONS = Path(__file__).resolve().parents[2] / "addons"


@dataclass(frozen=True, slots=True)
class Running:
    """A witness that listens."""

    vkey: str
    url: str
    process: subprocess.Popen[str]

    def request(
        self, method: str, path: str, body: bytes, tls: ssl.SSLContext | None = None
    ) -> http.client.HTTPResponse:
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        connection: http.client.HTTPConnection
        if tls is None:
            connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
        else:
            connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=10, context=tls)
        with closing(connection):
            connection.request(method, path, body)
            answer = connection.getresponse()
            answer.content = answer.read()  # type: ignore[attr-defined]
            return answer

    def add(self, old_size: int, size: int, log: Growth = LOG, tls: ssl.SSLContext | None = None) -> tuple[int, bytes]:
        body = Offer(old_size, log.proof(old_size, size), log.note(size)).body()
        answer = self.request("POST", "/add-checkpoint", body, tls)
        return answer.status, answer.content  # type: ignore[attr-defined]


@pytest.fixture
def vkey_file(tmp_path: Path) -> Path:
    path = tmp_path / "log.vkey"
    path.write_text(signer(1).verifier.vkey() + "\n")
    return path


@contextmanager
def running(state: Path, vkey_file: Path, *more: str) -> Iterator[Running]:
    """A witness in a process of its own, on a free port; it is told to end, and ends well."""
    script = "from countersign.cli import main; main()"
    arguments = ["witness", "--state", str(state), "--log", str(vkey_file), "--listen", "127.0.0.1:0", "--name", NAME]
    environment = {**os.environ, "PYTHONPATH": str(ADDONS)}
    command = [sys.executable, "-c", script, *arguments, *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        try:
            assert process.stdout is not None
            vkey = process.stdout.readline().removeprefix("vkey: ").strip()
            url = process.stdout.readline().removeprefix("url: ").strip()
            yield Running(vkey, url, process)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["witness", *map(str, arguments)])


def test_serves(tmp_path: Path, vkey_file: Path) -> None:
    """It cosigns what grows, refuses what was cut back or forked, and knows after a restart what it saw."""
    state = tmp_path / "witness"
    with running(state, vkey_file) as witness:
        verifier = CosignatureVerifier.parse(witness.vkey)
        assert witness.url.startswith("http://127.0.0.1:")
        status, line = witness.add(0, 7)
        assert status == 200
        assert verifier.verify(LOG.note(7) + line) > 1_700_000_000
    with running(state, vkey_file) as witness:
        assert witness.vkey == verifier.vkey()
        assert witness.add(0, 5) == (409, b"7\n")
        assert witness.add(7, 7, FORKED)[0] == 422
        assert witness.add(7, 9, REWRITTEN)[0] == 422
        assert witness.add(7, 9)[0] == 200
    assert (state / "witness.key").stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700


def test_http(tmp_path: Path, vkey_file: Path) -> None:
    """One path and one method; the conflict has its media type; a body beyond the limit gets no hearing."""
    with running(tmp_path / "witness", vkey_file) as witness:
        assert witness.request("GET", "/add-checkpoint", b"").status == 405
        assert witness.request("POST", "/", b"").status == 404
        assert witness.request("POST", "/add-checkpoint", b"").status == 400
        conflict = witness.request("POST", "/add-checkpoint", Offer(5, (), LOG.note(7)).body())
        assert (conflict.status, conflict.headers["Content-Type"]) == (409, SIZE_TYPE)
        large = b"x" * (limits.MAX_WITNESS_BODY_BYTES + 1)
        try:
            assert witness.request("POST", "/add-checkpoint", large).status == 400
        except ConnectionError:
            pass  # closed while we were still sending
        assert witness.add(0, 7)[0] == 200


def test_foreign_client(tmp_path: Path, vkey_file: Path) -> None:
    """A client that we did not write takes our cosignatures, and reads each of our refusals as what it is."""
    with running(tmp_path / "witness", vkey_file) as witness:
        told = foreign_client(
            witness.url,
            witness.vkey,
            [
                (LOG.note(7), 0, ()),
                (LOG.note(20), 7, LOG.proof(7, 20)),
                (LOG.note(12), 7, LOG.proof(7, 12)),
                (LOG.note(21), 7, LOG.proof(7, 21)),
                (FORKED.note(20), 20, ()),
                (REWRITTEN.note(21), 20, REWRITTEN.proof(20, 21)),
                (Growth(signers=(signer(2),)).note(21), 20, LOG.proof(20, 21)),
                (Growth(signers=(signer(1, "example.com/other"),)).note(21), 20, LOG.proof(20, 21)),
                (LOG.note(21), 20, LOG.proof(20, 21)),
            ],
        )
        _, line = witness.add(21, 21)
    assert told == [
        "cosigned",
        "cosigned",
        "ahead 20",
        "conflict 20",
        "rejected 422",
        "rejected 422",
        "rejected 403",
        "rejected 404",
        "cosigned",
    ]
    vkey = signer(1).verifier.vkey()
    assert accepts(LOG.note(21) + line, vkey, witness.vkey)
    assert not accepts(LOG.note(20) + line, vkey, witness.vkey)
    assert not accepts(LOG.note(21), vkey, witness.vkey)


def test_tls(tmp_path: Path, vkey_file: Path) -> None:
    """With a certificate it speaks TLS and nothing else."""
    certificate, key = _certificate(tmp_path)
    tls = ssl.create_default_context(cafile=str(certificate))
    with running(tmp_path / "witness", vkey_file, "--tls-cert", str(certificate), "--tls-key", str(key)) as witness:
        assert witness.url.startswith("https://127.0.0.1:")
        assert witness.add(0, 7, tls=tls)[0] == 200
        with pytest.raises((OSError, http.client.HTTPException)):
            witness.add(7, 8)


def test_one_process(tmp_path: Path, vkey_file: Path) -> None:
    """A second one over the same state does not start."""
    with running(tmp_path / "witness", vkey_file):
        second = run("--state", tmp_path / "witness", "--log", vkey_file, "--listen", "127.0.0.1:0")
    assert second.exit_code == 2
    assert str(tmp_path / "witness") in second.output


def test_a_new_key_of_the_log(tmp_path: Path, vkey_file: Path) -> None:
    """A log that took a new key is cosigned for once its file has that key, without a restart; the old key no more."""
    rotated = Growth(signers=(signer(2),))
    with running(tmp_path / "witness", vkey_file) as witness:
        assert witness.add(0, 7)[0] == 200
        assert witness.add(7, 9, rotated)[0] == 403
        with vkey_file.open("a") as file:
            file.write(signer(2).verifier.vkey() + "\n")
        assert witness.add(7, 9, rotated)[0] == 200
        assert witness.add(9, 12)[0] == 403
        assert witness.add(9, 12, Growth(signers=(signer(1), signer(2))))[0] == 200


def test_show_vkey(tmp_path: Path) -> None:
    """The public key is printed; without a name no new witness comes into being."""
    state = tmp_path / "witness"
    missing = run("--state", state, "--show-vkey")
    assert missing.exit_code == 2
    assert "--name" in missing.output
    assert not state.exists()
    made = run("--state", state, "--show-vkey", "--name", NAME)
    assert made.exit_code == 0
    assert CosignatureVerifier.parse(made.stdout).name == NAME
    assert run("--state", state, "--show-vkey").stdout == made.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--listen", "0.0.0.0:0"], "--tls-cert"),
        (["--listen", "nowhere"], "HOST:PORT"),
        (["--listen", "127.0.0.1:x"], "HOST:PORT"),
        (["--tls-cert", "nothing.pem"], "belong together"),
        (["--tls-cert", "nothing.pem", "--tls-key", "nothing.pem"], "cannot be used"),
        (["--log", "nothing.vkey"], "nothing.vkey"),
        (["--name", "my witness"], "URL"),
    ],
)
def test_bad_settings(tmp_path: Path, vkey_file: Path, arguments: Sequence[str], says: str) -> None:
    """What cannot be, or would show a log's traffic to a network, ends the command with the reason."""
    good: list[str | Path] = ["--state", tmp_path / "witness", "--name", NAME, "--log", vkey_file]
    done = run(*good, *arguments)
    assert done.exit_code == 2
    assert says in done.output


def test_logs(tmp_path: Path, vkey_file: Path) -> None:
    """A witness knows at least one log, and each once."""
    state = ["--state", str(tmp_path / "witness"), "--name", NAME]
    assert "--log" in run(*state).output
    twice = run(*state, "--log", vkey_file, "--log", vkey_file)
    assert twice.exit_code == 2
    assert "another --log" in twice.output


def test_taken_port(tmp_path: Path, vkey_file: Path) -> None:
    """A port that somebody has is said with its address."""
    with running(tmp_path / "witness", vkey_file) as witness:
        listen = witness.url.removeprefix("http://")
        second = run("--state", tmp_path / "other", "--log", vkey_file, "--name", NAME, "--listen", listen)
    assert second.exit_code == 2
    assert f"cannot listen on {listen}" in second.output


def _certificate(directory: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = directory / "tls.crt", directory / "tls.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files
