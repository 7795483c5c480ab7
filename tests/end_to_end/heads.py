"""The ways in which the head of a request carries secrets; as many in one as there is room for."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched, cycle
from urllib.parse import quote, quote_plus

from tests.end_to_end.carriers import SECRET_NAMES
from tests.end_to_end.encodings import Header
from tests.end_to_end.planted import Secret

DATA = "/data/orders-leaks"
READ = "/schemas/orders-leaks"
_TOGETHER = 12  # secrets in one target
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_SEGMENT = re.compile(r"[^\x00-\x20/\\;?#%\x7f]+(?: [^\x00-\x20/\\;?#%\x7f]+)*")


@dataclass(frozen=True, slots=True)
class Head:
    """A request whose head has secrets in it. `passes`: it reaches the service."""

    name: str
    method: str = "GET"
    target: str = READ
    headers: tuple[Header, ...] = ()
    passes: bool = True


def request_heads(secrets: Sequence[Secret]) -> Iterator[Head]:
    """Every place in a request's head, each with all the secrets that it has room for."""
    formed = [secret.text for secret in secrets if secret.has_form]
    named = [(name, secret.text) for name, secret in zip(cycle(SECRET_NAMES), formless(secrets), strict=False)]
    pairs = [(f"field{number}", text) for number, text in enumerate(formed)] + named
    yield from _queries(formed, pairs)
    for number, secret in enumerate(secrets):
        if _SEGMENT.fullmatch(secret.text) and len(secret.text) < 200:
            if secret.has_form:
                yield Head(f"subject {number}", "POST", f"/data/orders-{quote(secret.text, safe='')}")
            yield Head(f"segment {number}", "POST", f"{DATA}/{quote(secret.text, safe='')}")
    plain = "/".join(quote(text, safe="") for text in formed if _SEGMENT.fullmatch(text) and len(text) < 60)
    yield from (Head("segments of a plain read", target=f"/plain/{part}") for part in _cut(plain.split("/"), 20))
    yield from _fields(secrets, formed, named)
    for text in formed:
        if TOKEN.fullmatch(text):
            yield Head("method", text, passes=False)
            yield Head("method in capitals", text.upper(), passes=False)


def _queries(formed: Sequence[str], pairs: Sequence[Header]) -> Iterator[Head]:
    def head(name: str, parameters: Iterable[str], *, passes: bool = True, method: str = "GET") -> Iterator[Head]:
        for some in batched(parameters, _TOGETHER, strict=False):
            query = "&".join(some)
            if len(query) < 3500:
                yield Head(name, method, f"{DATA if method == 'POST' else READ}?{query}", passes=passes)

    short = [(name, text) for name, text in pairs if len(text) < 300]
    yield from head("query", (f"{name}={quote(text, safe='')}" for name, text in short))
    yield from head("query with +", (f"{name}={quote_plus(text)}" for name, text in short))
    yield from head("query, encoded twice", (f"{name}={quote(quote(text, safe=''), safe='')}" for name, text in short))
    yield from head("query, every byte", (f"{name}={_every_byte(text)}" for name, text in short))
    yield from head("query in base64", (f"{name}={_base64(text)}" for name, text in short))
    yield from head("query by a rule", (f"carried={quote(text, safe='')}" for _, text in short[-1:]))
    yield from head("query names", (quote(text, safe="") for text in formed if len(text) < 300))
    yield from head(
        "query of a URL", (f"next={quote(f'https://x.example/?{n}={quote(t)}', safe='')}" for n, t in short)
    )
    refused = [quote(text, safe="") + "=1" for text in formed if len(text) < 300][::7]
    for each in refused:  # told in the refusal by its name
        yield from head("query name that is refused", [each], passes=False, method="POST")


def _fields(secrets: Sequence[Secret], formed: Sequence[str], named: Sequence[Header]) -> Iterator[Head]:
    lines = [text for text in formed if text.isascii() and text.isprintable()]
    others = [text for text in formed if text not in lines]
    ascii_named = [(name, text) for name, text in named if text.isascii() and text.isprintable()]
    yield Head("headers", headers=tuple((f"X-Note-{number}", text) for number, text in enumerate(lines)))
    yield Head("headers, encoded", headers=tuple(("X-Note", quote(text, safe="")) for text in [*lines, *others]))
    yield Head("headers, base64", headers=tuple(("X-Note", _base64(text)) for text in [*lines, *others]))
    yield Head("headers, sentences", headers=tuple(("X-Note", f"it is {text}, of today") for text in lines))
    yield Head("headers, JSON", headers=tuple(("X-Note", f'{{"{name}": "{quote(text)}"}}') for name, text in named))
    yield Head("headers by their names", headers=tuple((f"X-{n.replace('_', '-')}-Secret", t) for n, t in ascii_named))
    yield Head("headers by a rule", headers=tuple(("X-Carried", text) for _, text in ascii_named))
    yield Head("header names", headers=tuple((text, "1") for text in lines if TOKEN.fullmatch(text)))
    cookies = "; ".join(f"c{number}={quote(secret.text, safe='')}" for number, secret in enumerate(secrets))
    yield Head("cookies", headers=(("Cookie", cookies[:12_000]),))
    yield Head("User-Agent", headers=(("User-Agent", " ".join(lines[:40])[:6000]),))
    urls = [f"https://x.example/a?{name}={quote(text, safe='')}#{quote(text, safe='')}" for name, text in named]
    yield Head("Referer", headers=tuple(("Referer", url) for url in [*urls, *lines]))
    for some in batched(lines, 5, strict=False):
        notes = "".join(f'; n{number}="{quote(text)}"' for number, text in enumerate(some))
        yield Head("Content-Type parameter", "POST", DATA, (("Content-Type", f"application/json{notes}"),))
        tokens = "".join(f"; n{number}={text}" for number, text in enumerate(some) if TOKEN.fullmatch(text))
        yield Head("Content-Type token", "POST", DATA, (("Content-Type", f"application/json{tokens}"),))
    for text in lines[::3]:
        if TOKEN.fullmatch(text):
            yield Head("media type", "POST", DATA, (("Content-Type", f"application/{text[:120]}"),))
            yield Head("Content-Encoding", "POST", DATA, (("Content-Encoding", text),), passes=False)
        yield Head("justification", headers=(("Countersign-Justification", f"I need it for {text}, today"),))
    yield Head("refused header", headers=(("X-HTTP-Method-Override", lines[0]),), passes=False)
    yield Head(
        "Connection", headers=(("Connection", next(text for text in lines if TOKEN.fullmatch(text))),), passes=False
    )


def formless(secrets: Sequence[Secret]) -> list[Secret]:
    return [secret for secret in secrets if not secret.has_form]


def _cut(parts: Sequence[str], count: int) -> Iterator[str]:
    yield from ("/".join(some) for some in batched(parts, count, strict=False))


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def _every_byte(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())
