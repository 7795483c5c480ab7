"""A real OIDC provider (nanoidp) on loopback, with people who have passwords and pipelines that have secrets.

Its tokens are RS256 JWTs. A person's has `sub` (the user name), `groups`, `roles`; a pipeline's has `sub` = `client_id`
and what the pipeline adds with `claims`, e.g. `user_login`: who started it. Anyone on this machine can manage this
provider (rotate its keys, make tokens): it is for demonstrations and tests alone.
"""

from __future__ import annotations

import json
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import jwt

from scripts.story.process import Child, ChildFailed, free_port

_PUBLIC_CLIENT = "countersign-cli"
CONSOLE_CLIENT = "countersign-console"  #: the console's log-in with a browser
_CONSOLE_ANSWERS = "http://127.0.0.1/login/callback"  # any port of loopback (RFC 8252, 7.3)
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # HTTPS_PROXY is for the gateway, not for this


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can log in."""

    name: str
    password: str
    groups: tuple[str, ...] = ()
    email: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """A program: a pipeline with its secret, or (`secret` None) a public client that logs people in with PKCE."""

    id: str
    secret: str | None = None
    redirect_uris: tuple[str, ...] = ()


class Provider:
    """A running provider. Use it as a context manager, or call `stop`."""

    def __init__(
        self,
        directory: Path,
        *,
        people: Sequence[Person],
        clients: Sequence[Client],
        audience: str = "countersign",
        lifetime_minutes: int = 60,
    ) -> None:
        """Write the configuration into `directory` and start; returns once it answers. Raises ChildFailed."""
        self._people = {person.name: person for person in people}
        self._clients = {client.id: client for client in (*clients, *_own_clients(clients))}
        self._directory = directory
        self.audience = audience
        port = free_port()
        self.issuer = f"http://127.0.0.1:{port}"  #: exactly the `iss` of its tokens
        settings = {
            "config_version": 1,
            "server": {"host": "127.0.0.1", "port": port},
            "oauth": {
                "issuer": self.issuer,
                "audience": audience,
                "token_expiry_minutes": lifetime_minutes,
                "clients": [_client_entry(client) for client in self._clients.values()],
            },
            "jwt": {"keys_dir": str(directory / "keys")},
            "session": {"secret_key": uuid.uuid4().hex},
        }
        users = {"config_version": 1, "users": {person.name: _person_entry(person) for person in people}}
        directory.mkdir(parents=True, exist_ok=True)
        for name, document in (("settings.yaml", settings), ("users.yaml", users)):
            (directory / name).write_text(json.dumps(document, indent=1))  # JSON is YAML
        self.process = Child(
            [Path(sys.executable).with_name("nanoidp"), "--config", directory, "--strict-config", "--port", str(port)],
            log=directory / "provider.log",
        )
        try:
            self.process.wait_for_port(port)
        except ChildFailed:
            self.stop()
            raise

    def token_for_client(self, client_id: str, *, claims: Mapping[str, object] | None = None) -> str:
        """A pipeline's access token (client credentials, RFC 6749, 4.4). `claims` are added, as a CI system does."""
        form = {"grant_type": "client_credentials"}
        if claims:
            form["extra"] = json.dumps(claims)
        return self._token(client_id, form)["access_token"]

    def token_for_person(self, name: str, *, client_id: str = _PUBLIC_CLIENT) -> str:
        """A person's access token (the password grant: what a login in a browser would end with)."""
        form = {"grant_type": "password", "username": name, "password": self._people[name].password, "scope": "openid"}
        return self._token(client_id, form)["access_token"]

    def log_in_with_browser(self, url: str, name: str) -> str:
        """What a person does in a browser that was sent to `url`: fill the form. Returns where it is sent back to."""
        cookies = urllib.request.HTTPCookieProcessor()
        browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies, _NoRedirect())
        with browser.open(url, timeout=10) as answer:  # loopback
            transaction = re.search(r'name="transaction_id" value="([^"]+)"', answer.read().decode())
        assert transaction is not None
        person = {"username": name, "password": self._people[name].password, "transaction_id": transaction[1]}
        try:
            browser.open(url, urllib.parse.urlencode(person).encode(), timeout=10).close()
        except urllib.error.HTTPError as redirect:
            with redirect:
                return redirect.headers["Location"]
        raise AssertionError("the provider did not let this person in")

    def short_token_for_client(
        self, client_id: str, *, seconds: int, claims: Mapping[str, object] | None = None
    ) -> str:
        """A pipeline's token for a few seconds; the provider's own API knows whole minutes only."""
        return self.sign({"sub": client_id, "client_id": client_id, "token_use": "access", **(claims or {})}, seconds)

    def short_token_for_person(self, name: str, *, seconds: int) -> str:
        """A person's token for a few seconds."""
        groups = list(self._people[name].groups)
        return self.sign({"sub": name, "groups": groups, "client_id": _PUBLIC_CLIENT, "token_use": "access"}, seconds)

    def sign(self, claims: Mapping[str, object], seconds: int) -> str:
        """Any claims, signed with the provider's current key and its `kid`; what is given wins over what is filled in."""
        now = int(time.time())
        filled = {"iss": self.issuer, "aud": self.audience, "jti": str(uuid.uuid4()), "iat": now, "nbf": now}
        keys = self._directory / "keys"
        key = (keys / "rsa_private.pem").read_text()
        kid = (keys / "kid.txt").read_text().strip()
        return jwt.encode({**filled, "exp": now + seconds, **claims}, key, "RS256", {"kid": kid})

    def rotate(self) -> str:
        """Make a new signing key (the old one stays in the JWKS) and return its `kid`."""
        answer = self._post("/api/keys/rotate", {}, {})
        return str(answer["new_kid"])

    def stop(self) -> None:
        """End the provider."""
        self.process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _token(self, client_id: str, form: Mapping[str, str]) -> dict[str, str]:
        client = self._clients[client_id]
        if client.secret is None:
            return self._post("/token", {**form, "client_id": client_id}, {})
        basic = b64encode(f"{client_id}:{client.secret}".encode()).decode()
        return self._post("/token", form, {"Authorization": f"Basic {basic}"})

    def _post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        body = urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(self.issuer + path, body, dict(headers), method="POST")  # noqa: S310 - loopback
        with _NO_PROXY.open(request, timeout=10) as answer:
            document = json.load(answer)
        assert isinstance(document, dict)
        return document


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect leads to the console, which its own browser has to open."""

    def redirect_request(self, *arguments: Any, **more: Any) -> None:
        return None


def _own_clients(clients: Sequence[Client]) -> list[Client]:
    own = [Client(_PUBLIC_CLIENT), Client(CONSOLE_CLIENT, redirect_uris=(_CONSOLE_ANSWERS,))]
    given = {client.id for client in clients}
    return [client for client in own if client.id not in given]


def _client_entry(client: Client) -> dict[str, object]:
    method = "none" if client.secret is None else "client_secret_basic"
    entry: dict[str, object] = {"client_id": client.id, "token_endpoint_auth_method": method}
    if client.secret is not None:
        entry["client_secret"] = client.secret
    if client.redirect_uris:
        entry["redirect_uris"] = list(client.redirect_uris)
    return entry


def _person_entry(person: Person) -> dict[str, object]:
    return {"password": person.password, "email": person.email, "groups": list(person.groups), "roles": ["USER"]}
