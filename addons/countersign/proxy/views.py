"""Which view of the service's answer a caller gets, for those who ask the service for it and those who show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mitmproxy import http

from countersign import __version__
from countersign.decision.approval import UNAPPROVED_EFFECTS
from countersign.masking import ClientView
from countersign.proxy.entity_tags import EntityTags
from countersign.proxy.exchange import Exchange
from countersign.proxy.runtime import Parts
from countersign.proxy.view_headers import ask_for_view

_READS: Final = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class View:
    """The rules of a masked view, and its entity tags."""

    rules: ClientView
    tags: EntityTags


def view_of(exchange: Exchange, parts: Parts) -> View | None:
    """How the caller sees the answer; None: as the service says it.

    The tags depend on everything that the view depends on beside the answer: the rules, the key of hashed values, the version
    of what masks, and, as long as schemas say what is masked in data, on something that never comes back.
    """
    connection, caller, operation = exchange.connection, exchange.caller, exchange.operation
    assert connection is not None
    assert caller is not None
    assert operation is not None
    rules = parts.client_views.of(connection=connection.name, subject=operation.subject, groups=caller.groups)
    if rules is None:
        return None
    once = [exchange.id] if rules.looks_at_marks and operation.effect != "read" else []
    return View(rules, EntityTags(parts.digest, [rules.name, parts.rules.digest, __version__, connection.name, *once]))


def ask_for_own_view(exchange: Exchange, request: http.Request, parts: Parts) -> None:
    """Change the conditions of a read to those of its caller's view. Whatever may need an approval stays as it is.

    To be called when the request was found to be the one that was cleared, and nothing but the service looks at it any more.
    """
    operation = exchange.operation
    assert operation is not None
    if request.method in _READS and operation.effect in UNAPPROVED_EFFECTS:
        view = view_of(exchange, parts)
        if view is not None:
            ask_for_view(request, view.tags)
