"""Which version of the schema the service may apply a change to: the reviewed one (RFC 9110, section 13.1).

A second lock beside the gateway's own: it also holds against those who change the service past the gateway.
"""

from __future__ import annotations

from mitmproxy import http


def bind_to_reviewed(request: http.Request, etag: str | None, *, exists: bool) -> None:
    """Make `request` conditional on the version that was reviewed: `etag`, or that there is none yet.

    A condition of the caller's own is only ever made stricter: one that the reviewed version does not meet stays as it
    is, and the service answers 412. A weak entity tag binds nothing (section 13.1.1: strong comparison) and is not sent.
    """
    if not exists:
        if "if-match" not in request.headers:
            request.headers["If-None-Match"] = "*"
        return
    if etag is None or etag.startswith("W/"):
        return
    wanted = [tag.strip() for value in request.headers.get_all("if-match") for tag in value.split(",")]
    if not wanted or "*" in wanted or etag in wanted:
        request.headers["If-Match"] = etag
