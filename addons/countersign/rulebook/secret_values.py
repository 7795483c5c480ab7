"""Secrets that rule files only point to, read at use, so that they can be rotated without a restart; never kept or logged."""

from __future__ import annotations

import os
from pathlib import Path

from countersign import limits
from countersign.errors import CountersignError
from countersign.rulebook.values import SecretPlace


class NoSecret(CountersignError):
    """A secret is not where the rules say. Names the place, never the value."""


def read_secret(place: SecretPlace) -> str:
    """The secret at `place`, without white space around it. Raises NoSecret where there is none, or it is not one line."""
    if place.from_env is not None:
        where, value = f"the variable {place.from_env}", os.environ.get(place.from_env, "")
    else:
        where = f"the file {place.from_file}"
        try:
            with Path(place.from_file or "").open(encoding="utf-8") as file:
                value = file.read(limits.MAX_SECRET_CHARACTERS + 1)
        except (OSError, UnicodeDecodeError):
            raise NoSecret(f"{where} cannot be read; it should hold a secret, for the gateway's user to read") from None
    value = value.strip()
    if not value:
        raise NoSecret(f"{where} holds nothing; put the secret there")
    if not value.isprintable() or len(value) > limits.MAX_SECRET_CHARACTERS:
        raise NoSecret(f"{where} does not hold one secret on one line")
    return value
