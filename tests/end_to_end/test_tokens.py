"""Who is calling, on the wire: tokens that end, that are another's, that nobody can check."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from scripts.story.stage import Stage
from tests.end_to_end.wire import PATIENCE_SECONDS, Reply, Wire, basic, bearer

READ = "/schemas/orders-value"
type Form = Callable[[str], tuple[str, str]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage whose gateway allows the provider's clock no difference, so that a token ends when it says."""
    with Stage(tmp_path_factory.mktemp("store"), "store", leeway_seconds=0) as stage:
        stage.ask_service("PUT", READ, b'{"type": "object"}')
        yield stage


@pytest.fixture
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage of its own, for a test that ends the provider."""
    with Stage(tmp_path_factory.mktemp("lonely"), "store") as stage:
        stage.ask_service("PUT", READ, b'{"type": "object"}')
        yield stage


class Tunnel(Wire):
    """An open tunnel to the stage's service, with TLS inside."""

    def __init__(self, stage: Stage, credential: tuple[str, str]) -> None:
        super().__init__(stage.port)
        self.host = f"localhost:{stage.service.port}"
        self.opened = self.connect(self.host, credential)
        if self.opened.status == 200:
            self.start_tls(stage.gateway_ca)

    def read_schema(self, *headers: tuple[str, str]) -> Reply:
        return self.send("GET", READ, [("Host", self.host), *headers])


def reads(stage: Stage) -> int:
    """How many reads reached the service."""
    return sum(seen.method == "GET" for seen in stage.service.seen)


def test_a_token_that_ends_ends_its_open_tunnel(store: Stage) -> None:
    """What came with the CONNECT counts until the token expires: then 407, the connection is closed, nothing is forwarded."""
    with Tunnel(store, bearer(store.provider.short_token_for_client("orders-ci", seconds=3))) as tunnel:
        assert tunnel.read_schema().status == 200
        passed, before = 1, reads(store)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (reply := tunnel.read_schema()).status == 200 and time.monotonic() < deadline:
            passed += 1
        assert reply.status == 407
        assert "expired" in reply.problem["detail"]
        assert reply.headers.get_all("Proxy-Authenticate")
        assert tunnel.is_ended()
    assert reads(store) == before + passed - 1
    with Tunnel(store, bearer(store.provider.short_token_for_client("orders-ci", seconds=60))) as fresh:
        assert fresh.read_schema().status == 200
        assert fresh.read_schema().status == 200
    assert reads(store) == before + passed + 1


def test_an_ended_token_opens_no_tunnel(store: Stage) -> None:
    """An expired token is told so at the CONNECT; one with a minute left is let in."""
    past = int(time.time()) - 600
    ended = store.provider.sign({"sub": "orders-ci", "iat": past, "nbf": past, "exp": past + 300}, 0)
    with Tunnel(store, bearer(ended)) as tunnel:
        assert (tunnel.opened.status, "expired" in tunnel.opened.reason) == (407, True)
    good = store.provider.sign({"sub": "orders-ci", "iat": past, "nbf": past, "exp": past + 660}, 0)
    with Tunnel(store, bearer(good)) as tunnel:
        assert tunnel.read_schema().status == 200


@pytest.mark.parametrize("form", [bearer, basic])
def test_a_token_comes_as_bearer_or_as_a_password(store: Stage, form: Form) -> None:
    """Both forms let the same token in; without one nothing opens."""
    with Tunnel(store, form(store.pipeline_token())) as tunnel:
        assert tunnel.read_schema().status == 200
    with Tunnel(store, ("X-Nothing", "here")) as tunnel:
        assert tunnel.opened.status == 407
        schemes = " ".join(tunnel.opened.headers.get_all("Proxy-Authenticate") or [])
        assert "Bearer" in schemes
        assert "Basic" in schemes


def test_a_credential_inside_the_tunnel_neither_counts_nor_passes(store: Stage) -> None:
    """Carol's token inside the pipeline's tunnel gives no rights of hers, and the service never sees it."""
    carol = store.provider.token_for_person("carol")
    inside = [bearer(carol, name) for name in ("Proxy-Authorization", "Countersign-Authorization", "Authorization")]
    with Tunnel(store, bearer(store.pipeline_token())) as tunnel:
        assert tunnel.read_schema(*inside).status == 200
        sent = store.service.seen[-1]
        assert carol not in repr(sent)
        assert sent.authorised
        assert tunnel.send("GET", "/schemas/billing-value", [("Host", tunnel.host), *inside]).status == 403
    with Tunnel(store, bearer(carol)) as tunnel:
        assert tunnel.send("GET", "/schemas/billing-value", [("Host", tunnel.host)]).status == 404  # the service's own
    assert store.service.seen[-1].target == "/schemas/billing-value"


def test_a_token_for_somebody_else_is_refused(store: Stage) -> None:
    """A good token of the same provider for another audience opens nothing; ours does."""
    before = reads(store)
    other = store.provider.sign({"sub": "orders-ci", "aud": "another-gateway"}, 60)
    with Tunnel(store, bearer(other)) as tunnel:
        assert (tunnel.opened.status, "somebody else" in tunnel.opened.reason) == (407, True)
    assert reads(store) == before
    with Tunnel(store, bearer(store.provider.sign({"sub": "orders-ci", "aud": "countersign"}, 60))) as tunnel:
        assert tunnel.read_schema().status == 200
    assert reads(store) == before + 1


def test_a_token_of_another_key_is_refused(store: Stage) -> None:
    """The provider's claims and key id under somebody else's signature open nothing; under its own they do."""
    before = reads(store)
    good = store.provider.sign({"sub": "orders-ci"}, 60)
    claims = jwt.decode(good, options={"verify_signature": False})
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = jwt.encode(claims, key, "RS256", {"kid": jwt.get_unverified_header(good)["kid"]})
    with Tunnel(store, bearer(forged)) as tunnel:
        assert (tunnel.opened.status, "signature" in tunnel.opened.reason) == (407, True)
    assert reads(store) == before
    with Tunnel(store, bearer(good)) as tunnel:
        assert tunnel.read_schema().status == 200
    assert reads(store) == before + 1


def test_keys_rotate_without_a_failed_request(lonely: Stage) -> None:
    """Tokens of the old key and of the new one pass, in tunnels opened before and after the rotation."""
    old = lonely.pipeline_token()
    with Tunnel(lonely, bearer(old)) as before:
        assert before.read_schema().status == 200
        lonely.provider.rotate()
        new = lonely.pipeline_token()
        assert jwt.get_unverified_header(new)["kid"] != jwt.get_unverified_header(old)["kid"]
        for token in (new, old):
            with Tunnel(lonely, bearer(token)) as after:
                assert after.read_schema().status == 200
        assert before.read_schema().status == 200


def test_an_outage_of_the_provider_is_borne(lonely: Stage) -> None:
    """With the provider down tokens of known keys pass; one of an unknown key cannot be judged: 503, and nothing is sent."""
    token = lonely.pipeline_token()
    with Tunnel(lonely, bearer(token)) as tunnel:
        assert tunnel.read_schema().status == 200
    lonely.provider.stop()
    claims = jwt.decode(token, options={"verify_signature": False})
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    unknown, before = jwt.encode(claims, key, "RS256", {"kid": str(uuid.uuid4())}), reads(lonely)
    with Tunnel(lonely, bearer(unknown)) as tunnel:
        assert tunnel.opened.status == 503
        assert tunnel.opened.headers["Retry-After"]
    assert reads(lonely) == before
    with Tunnel(lonely, bearer(token)) as tunnel:
        assert tunnel.read_schema().status == 200
    assert reads(lonely) == before + 1
