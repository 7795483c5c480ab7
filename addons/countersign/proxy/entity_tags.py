"""Entity tags of a masked view (RFC 9110, section 8.8.3): the service's own, encrypted for this one view.

A service's tag is often a bare digest of what it stands for, and beside a masked answer that lets anyone guess what was
masked. What was encrypted for another view, or by nobody here, is no tag of this one. Does not say when a tag is due.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from countersign.masking import KeyedDigest

_LABEL: Final = "entity tags of masked views"
_TAG: Final = re.compile(r'(W/)?"([!#-~\x80-\U0010ffff]+)"')  # lone surrogates stand for bytes that are no UTF-8
_OURS: Final = re.compile(r'(W/)?"masked-([A-Za-z0-9_-]{23,}={0,2})"')
_NO_TAG: Final = '"masked-none"'


class EntityTags:
    """The tags of one view. Deterministic (RFC 5297): the same tag of the service's is always the same one here."""

    def __init__(self, digest: KeyedDigest, view: Sequence[str]) -> None:
        """`view` says which view: everything on which it depends beside the service's answer."""
        self._cipher = AESSIV(bytes.fromhex(digest.of(b"", label=_LABEL).rpartition(":")[2]))
        self._view = [part.encode() for part in view]

    def shown(self, tags: Sequence[str]) -> list[str]:
        """The values of ETag that the view gets, as many as were `tags`: at most one.

        None where the service's is none that RFC 9110 knows, or there are two: nobody can say then which one counts.
        """
        found = _TAG.fullmatch(tags[0].strip(" \t")) if len(tags) == 1 else None
        if found is None:
            return []
        sealed = self._cipher.encrypt(found[2].encode("utf-8", "surrogateescape"), self._view)
        return [f'{found[1] or ""}"masked-{urlsafe_b64encode(sealed).decode()}"']

    def asked(self, tags: Sequence[str]) -> list[str]:
        """What the service is asked where the caller has `tags`, values of If-None-Match: its own tags behind those of this
        view, and nothing of all others, `*` included. An empty list asks for the whole answer."""
        own = self._own(tags)
        return [own] if own else []

    def required(self, tags: Sequence[str]) -> list[str]:
        """The same for values of If-Match of a read, where `*` stays. All other tags become one that fits nothing: with those
        that are digests of the unmasked answer, guesses could be tried."""
        if not tags or [value.strip(" \t") for value in tags] == ["*"]:
            return list(tags)
        return [self._own(tags) or _NO_TAG]

    def _own(self, tags: Sequence[str]) -> str:
        own = [self._opened(found) for value in tags for found in _OURS.finditer(value)]
        return ", ".join(tag for tag in own if tag)

    def _opened(self, found: re.Match[str]) -> str:
        """The service's tag; empty: this one is not of this view."""
        try:
            tag = self._cipher.decrypt(urlsafe_b64decode(found[2]), self._view)
        except (InvalidTag, ValueError):
            return ""
        return f'{found[1] or ""}"{tag.decode("utf-8", "surrogateescape")}"'
