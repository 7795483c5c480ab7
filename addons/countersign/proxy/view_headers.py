"""The header fields around a masked view: of the read that asks for it, and of the answer that shows it (RFC 9110, 9111).

Every view has entity tags of its own, is sent whole, and says nothing that is true of the unmasked answer only. Does not mask
the values of header fields: the rules do.
"""

from __future__ import annotations

import re
from typing import Final

from mitmproxy import http

from countersign.proxy.entity_tags import EntityTags
from countersign.proxy.exchange import Via

# Which version a caller has is told by tags alone: a date is the same in every view.
_LEFT_OUT_OF_READS: Final = ("range", "if-range", "if-modified-since")

_OF_ANOTHER_BODY: Final = frozenset(
    {"accept-ranges", "content-range", "signature-input", "trailer", "transfer-encoding"}
)
# Digests and signatures of the unmasked body, standard ones and the services' own: they are wrong, and let anyone guess what
# was masked. Compared without `-` and `_`.
_DIGESTS: Final = ("digest", "md5", "sha1", "sha256", "sha512", "crc32", "crc64", "checksum", "hash", "signature")
_OF_SHARED_CACHES: Final = (
    "-cache-control",
    "surrogate-control",
)  # RFC 9213, and before it; stronger than Cache-Control

_DIRECTIVE: Final = re.compile(r'(?:[^,"]|"[^"]*+"?)++')
_SHARING: Final = frozenset({"public", "s-maxage", "proxy-revalidate", "private"})  # `private` alone is added again

_CREDENTIALS: Final[dict[Via, tuple[str, ...]]] = {
    "tunnel": ("Proxy-Authorization",),
    "plain": ("Proxy-Authorization",),
    "reverse": ("Authorization", "Countersign-Authorization"),
}


def ask_for_view(request: http.Request, tags: EntityTags) -> None:
    """Change the conditions of a read so that the service answers for the view with these `tags`: whole, or not modified.

    For reads only: the conditions of a change are the caller's word on what it was made from, and that was no masked view.
    """
    for name in _LEFT_OUT_OF_READS:
        request.headers.pop(name, None)
    for name, translated in (("if-none-match", tags.asked), ("if-match", tags.required)):
        _set(request.headers, name, translated(request.headers.get_all(name)))


def describe_view(response: http.Response, request: http.Request, via: Via, tags: EntityTags) -> None:
    """Make the header fields of `response`, whose body is the view's already, true of the view and of nobody else's."""
    headers = response.headers
    for name in {name.lower() for name in headers if _is_of_another(name.lower())}:
        del headers[name]
    _set(headers, "ETag", tags.shown(headers.get_all("etag")))
    if request.method == "HEAD" or response.status_code in (204, 304):
        headers.pop("content-length", None)  # nobody knows how long the view would be
    else:
        headers["Content-Length"] = str(len(response.raw_content or b""))
    _vary(headers, _CREDENTIALS[via])
    _keep_private(headers)


def _is_of_another(name: str) -> bool:
    plain = name.replace("-", "").replace("_", "")
    return name in _OF_ANOTHER_BODY or name.endswith(_OF_SHARED_CACHES) or any(part in plain for part in _DIGESTS)


def _set(headers: http.Headers, name: str, values: list[str]) -> None:
    if values != headers.get_all(name):
        headers.set_all(name, values)


def _vary(headers: http.Headers, names: tuple[str, ...]) -> None:
    listed = [name.strip() for value in headers.get_all("vary") for name in value.split(",") if name.strip()]
    missing = [name for name in names if name.lower() not in {one.lower() for one in listed}]
    if missing and "*" not in listed:
        headers["Vary"] = ", ".join([*listed, *missing])


def _keep_private(headers: http.Headers) -> None:
    """A cache that several callers share keeps no view; the caller's own may, as long as the service says."""
    found = [one.strip() for value in headers.get_all("cache-control") for one in _DIRECTIVE.findall(value)]
    directives = [one for one in found if one]
    if {"private", "no-store"} & {one.lower() for one in directives}:
        return
    kept = [one for one in directives if one.partition("=")[0].strip().lower() not in _SHARING]
    headers["Cache-Control"] = ", ".join([*kept, "private"])
