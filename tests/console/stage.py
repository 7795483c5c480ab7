"""A console as it runs in the gateway: a real mitmproxy master, a real desk, a real listener; only tokens are made up."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders

from countersign.approvals import Approval, ApprovalEvent, ApprovalRequest, Desk
from countersign.console.server import Console, ConsoleSettings
from countersign.errors import CountersignError, InvalidCredential
from countersign.evidence.records import Record
from countersign.identity import BrowserLogin, Caller
from countersign.rulebook.values import Requirement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = 1_800_000_000  #: seconds since the epoch, when every stage begins
ISSUER = "https://login.example"
_SECOND = 1_000_000


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.seconds: float = NOW

    def __call__(self) -> float:
        return self.seconds

    def microseconds(self) -> int:
        return int(self.seconds * _SECOND)


class MemoryStore:
    """Keeps events as long as the test runs."""

    def __init__(self) -> None:
        self.events: list[ApprovalEvent] = []

    async def append(self, event: ApprovalEvent) -> None:
        self.events.append(event)

    def replay(self) -> Iterable[ApprovalEvent]:
        return [*self.events]


def caller(*people: str, groups: Iterable[str] = (), lives_seconds: int = 3600) -> Caller:
    """Somebody with a token; of no person where none is named."""
    name = "-".join(people) or "nobody"
    return Caller(
        issuer=ISSUER,
        subject=f"subject-of-{name}",
        audience=("countersign",),
        issued_at=NOW,
        expires_at=NOW + lives_seconds,
        token_id=None,
        key_id=None,
        key_thumbprint="thumbprint",
        may_sign=True,
        people=frozenset(people),
        groups=frozenset(groups),
        claims={},
    )


#: Tokens and who they stand for. Alice asks; Bob and Carol are stewards; Dave is not; Nobody is no known person.
CALLERS: dict[str, Caller] = {
    "token-alice": caller("alice", groups=["stewards"]),
    "token-bob": caller("bob", groups=["stewards"]),
    "token-bob-short": caller("bob", groups=["stewards"], lives_seconds=60),
    "token-carol": caller("carol", groups=["stewards"]),
    "token-dave": caller("dave"),
    "token-nobody": caller(groups=["stewards"]),
    "token-pair": caller("bob", "carol", groups=["stewards"]),
}


async def verify(token: str) -> Caller:
    """In place of the identity provider."""
    try:
        return CALLERS[token]
    except KeyError:
        raise InvalidCredential("nobody issued this token") from None


def approval_request(number: int = 1, **changes: Any) -> ApprovalRequest:
    """Alice's request number `number`, held for one steward."""
    request = ApprovalRequest(
        id=f"00000000-0000-4000-8000-{number:012d}",
        fingerprint=f"fingerprint-{number}",
        exchange=f"exchange-{number}",
        connection="registry",
        subject="customer-value",
        operation="register",
        effect="register",
        caller=CALLERS["token-alice"].as_evidence(),
        caller_people=("alice",),
        rules="rules-digest",
        rule="narrowing (rules/approval.yaml:12)",
        why="a narrowing change needs a steward",
        alternatives=((Requirement(1, ("group:stewards",)),),),
        reason=(),
        summary=("taxId becomes required", "age is at most 120 now"),
        changes=(
            {
                "kind": "required-added",
                "pointer": "/properties/customer/required",
                "property": "taxId",
                "before": None,
                "after": "taxId",
                "effect": "narrows",
            },
        ),
        backward="breaking",
        forward="compatible",
        reasons=("documents without taxId are no longer accepted",),
        before={"type": "object", "properties": {"age": {"type": "integer"}}},
        after={"type": "object", "properties": {"age": {"type": "integer", "maximum": 120}}, "required": ["taxId"]},
        message={
            "method": "POST",
            "url": "https://registry.example:8081/subjects/customer-value/versions?normalize=true",
            "headers": [["Content-Type", "application/json"], ["X-Trace", "abc"]],
            "body": '{"schema": "…", "password": "***"}',
        },
        requested_at=NOW * _SECOND,
        expires_at=(NOW + 600) * _SECOND,
        grant_seconds=300,
    )
    return replace(request, **changes)


def no_history(connection: str, subject: str | None, limit: int) -> tuple[Record, ...]:
    """Of a log in which nothing happened."""
    return ()


@dataclass
class Past:
    """In place of the evidence log: what the pages tell of every subject."""

    records: list[Record] = field(default_factory=list)  #: newest first
    asked: list[tuple[str, str | None, int]] = field(default_factory=list)
    problem: CountersignError | None = None  #: why it cannot be read

    def __call__(self, connection: str, subject: str | None, limit: int) -> tuple[Record, ...]:
        self.asked.append((connection, subject, limit))
        if self.problem is not None:
            raise self.problem
        return tuple(self.records[:limit])


@dataclass
class Stage:
    """A running console with its desk, and a client that does what a browser or a tool does."""

    console: Console
    desk: Desk
    store: MemoryStore
    clock: Clock
    past: Past
    _client: AsyncHTTPClient = field(default_factory=lambda: AsyncHTTPClient(force_instance=True))

    @property
    def base(self) -> str:
        """The listener itself, whatever its public name."""
        return f"http://127.0.0.1:{self.console.address[1]}"

    async def hold(self, number: int = 1, **changes: Any) -> Approval:
        """Ask for an approval, and wait until the console shows it."""
        approval = await self.desk.open_or_join(approval_request(number, **changes))
        await self.settle()
        return approval

    async def settle(self) -> None:
        """Let the console see what the desk has done."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> HTTPResponse:
        """One request, exactly as given; no redirect is followed, no status raises."""
        if body is None and method in ("POST", "PUT", "PATCH"):
            body = b""
        return await self._client.fetch(
            HTTPRequest(
                self.base + path,
                method=method,
                headers=HTTPHeaders(headers or {}),
                body=body,
                follow_redirects=False,
                allow_nonstandard_methods=True,
                request_timeout=10,
            ),
            raise_error=False,
        )

    async def as_tool(self, token: str, method: str, path: str, document: Any = None) -> HTTPResponse:
        """A request with a bearer token."""
        headers = {"Authorization": f"Bearer {token}"}
        body = None
        if document is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(document).encode()
        return await self.send(method, path, headers, body)

    async def browser(self, token: str) -> Browser:
        """Somebody logged in with `token`, in a browser."""
        browser = Browser(self)
        answer = await browser.log_in(token)
        assert answer.code == 303, answer.body
        return browser

    def close(self) -> None:
        self._client.close()
        self.console.stop()


class Browser:
    """Keeps cookies, and says where requests come from, as a browser does for the console's own pages."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.cookies: dict[str, str] = {}

    async def log_in(self, token: str, **fields: str) -> HTTPResponse:
        page = await self.send("GET", "/login")
        xsrf = re.search(r'name="_xsrf" value="([^"]+)"', page.body.decode())
        assert xsrf is not None
        body = "&".join(f"{name}={value}" for name, value in {"token": token, "_xsrf": xsrf[1], **fields}.items())
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.send("POST", "/login", headers, body.encode(), xsrf=False)

    async def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        xsrf: bool = True,
    ) -> HTTPResponse:
        sent = {"Sec-Fetch-Site": "same-origin", "Cookie": self.cookie_header()}
        if method != "GET":
            sent["Origin"] = self._stage.console.url
            if xsrf:
                sent["X-XSRFToken"] = self.cookies.get("_mitmproxy_xsrf", "")
        sent |= headers or {}
        answer = await self._stage.send(method, path, {k: v for k, v in sent.items() if v}, body)
        for cookie in answer.headers.get_list("Set-Cookie"):
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0].strip('"')
        return answer

    async def submit(self, page: HTTPResponse, leads_to: str, **fields: str) -> HTTPResponse:
        """Send the form of `page` that leads to `leads_to`, with its hidden fields, as a browser without scripts does."""
        form = re.search(rf'<form[^>]* action="{re.escape(leads_to)}".*?</form>', page.body.decode(), re.DOTALL)
        assert form is not None, f"the page has no form for {leads_to}"
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[0])
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode({**dict(hidden), **fields}).encode()
        return await self.send("POST", leads_to, headers, body, xsrf=False)

    def cookie_header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items() if value)


@asynccontextmanager
async def on_stage(
    store: MemoryStore | None = None, browser_login: BrowserLogin | None = None, **settings: Any
) -> AsyncIterator[Stage]:
    """A console that listens on a free port of loopback; closed at the end."""
    store = store or MemoryStore()
    clock = Clock()
    desk = Desk(store, clock.microseconds)
    master = DumpMaster(Options(), with_termlog=False, with_dumper=False)
    past = Past()
    addresses = ConsoleSettings("127.0.0.1", 0, session_key=secrets.token_bytes(32), **settings)
    console = Console(master, desk, verify, addresses, clock, history=past, browser_login=browser_login)
    console.start()
    stage = Stage(console, desk, store, clock, past)
    try:
        yield stage
    finally:
        stage.close()
        await asyncio.sleep(0.01)
        await master.done()
