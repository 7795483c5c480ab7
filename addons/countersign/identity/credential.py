"""The token in a header of the Authorization family. Does not check the token, nor that the header is given only once."""

from __future__ import annotations

import base64
import binascii
import re

from countersign import limits
from countersign.errors import InvalidCredential

_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # RFC 9110, 11.2


def from_authorization(value: str) -> str:
    """The token in `Bearer <token>` (RFC 6750) or `Basic base64(<any user>:<token>)` (RFC 7617).

    `value` is the whole value of Proxy-Authorization, Countersign-Authorization or Authorization. The user name of
    Basic is ignored: tools that only know user and password pass the token as the password.

    Raises InvalidCredential for anything else; the text says what to send and never holds the credential.
    """
    if len(value) > limits.MAX_AUTHORIZATION_CHARACTERS:
        raise InvalidCredential(f"the credential is longer than {limits.MAX_AUTHORIZATION_CHARACTERS} characters")
    scheme, _, rest = value.strip(" \t").partition(" ")
    credential = rest.strip(" ")
    match scheme.lower():
        case "bearer":
            token = credential
        case "basic":
            token = _password(credential)
        case _:
            raise InvalidCredential("send `Bearer <token>`, or Basic with the token as the password")
    if not token:
        raise InvalidCredential("the credential is empty; send the token after Bearer, or as the password of Basic")
    if not _TOKEN68.fullmatch(token):
        raise InvalidCredential("the token holds characters that no token has; send it unquoted and on one line")
    return token


def _password(credential: str) -> str:
    try:
        user_and_password = base64.b64decode(credential, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise InvalidCredential("what follows Basic is not base64 of `user:token`") from None
    _, colon, password = user_and_password.partition(":")
    if not colon:
        raise InvalidCredential("what follows Basic holds no colon; send `user:token`, with any user")
    return password
