"""The ways in which the head of an answer carries secrets; as many in one as there is room for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from tests.end_to_end.encodings import Header
from tests.end_to_end.heads import TOKEN, formless
from tests.end_to_end.planted import Secret


def answer_heads(secrets: Sequence[Secret]) -> Iterator[tuple[str, bytes]]:
    """(name, head of an answer with no body), without the empty line at its end."""
    formed = [secret.text for secret in secrets if secret.has_form and secret.is_ascii_line]
    named = [secret.text for secret in formless(secrets) if secret.is_ascii_line]
    ok = "HTTP/1.1 200 OK"

    def written(first: str, headers: Iterable[Header]) -> bytes:
        lines = [first, *(f"{name}: {value}" for name, value in headers), "Content-Length: 2"]
        return "\r\n".join(lines).encode()

    yield "answer's headers", written(ok, (("X-Note", text) for text in formed))
    yield (
        "answer's headers, encoded",
        written(ok, (("X-Note", quote(secret.text, safe="")) for secret in secrets if secret.has_form)),
    )
    yield "answer's headers by their names", written(ok, (("X-Auth-Token", text) for text in [*formed, *named]))
    yield "answer's headers by a rule", written(ok, (("X-Carried", text) for text in named))
    yield "answer's header names", written(ok, ((text, "1") for text in formed if TOKEN.fullmatch(text)))
    yield (
        "Location",
        written("HTTP/1.1 303 See Other", (("Location", f"/a?token={quote(text)}") for text in [*formed[:9], *named])),
    )
    yield "ETag", written(ok, (("ETag", f'"{formed[0]}"'),))
    yield "Set-Cookie", written(ok, (("Set-Cookie", f"c={quote(text, safe='')}; Path=/") for text in [*formed, *named]))
    yield (
        "WWW-Authenticate",
        written("HTTP/1.1 401 Unauthorized", (("WWW-Authenticate", f'X t="{quote(text)}"') for text in formed)),
    )
    for text in formed[::4]:
        yield "reason phrase", written(f"HTTP/1.1 200 {text}", ())
        yield "answer's Content-Type", written(ok, (("Content-Type", f'application/json; n="{quote(text)}"'),))
