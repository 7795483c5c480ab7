"""The service's own credential, read at use, so that it can be rotated without a restart; never kept, logged or recorded."""

from __future__ import annotations

import os
from pathlib import Path

from countersign.errors import SchemaUnavailable
from countersign.rulebook.values import Connection


def upstream_credential(connection: Connection) -> tuple[tuple[str, str], ...]:
    """The header to add, if the connection has one. Raises SchemaUnavailable where its source cannot be read."""
    credential = connection.credential
    if credential is None:
        return ()
    if credential.from_env is not None:
        value = os.environ.get(credential.from_env, "")
    else:
        try:
            value = Path(credential.from_file or "").read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            value = ""
    if not value or not value.isprintable():
        raise SchemaUnavailable(f"the gateway has no credential for {connection.name}; see {connection.source}")
    return ((credential.header, f"{credential.scheme} {value}".strip()),)
