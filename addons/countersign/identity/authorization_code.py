"""The messages of one log-in with a browser: OpenID Connect's authorization code flow with PKCE, after RFC 9700.

Sends nothing and remembers nothing. Does not check that an answer came with the browser that began (its cookie says
so), nor the ID token (`oidc` does).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote_plus

from oauthlib.common import add_params_to_uri
from oauthlib.oauth2 import InvalidClientError, InvalidGrantError, OAuth2Error, WebApplicationClient

from countersign import limits, strict_json
from countersign.errors import BadInput, CountersignError, InvalidCredential, ProviderUnavailable
from countersign.identity.discovery import LoginEndpoints
from countersign.rulebook.values import LoginClient
from countersign.strict_json import Json
from countersign.visible_text import visible_line

ANSWER_PARAMETERS: Final = ("code", "iss", "error", "error_description")  #: what `code_of` reads of the redirect
_TOKEN_MEMBERS: Final = ("access_token", "id_token", "token_type", "error")  # nothing else of the answer is looked at
_ERROR_CODE: Final = re.compile(r"[a-z_]{1,64}")  # RFC 6749, 4.1.2.1 allows more; the registered ones are like this


class LoginRefused(InvalidCredential):
    """This log-in did not succeed; the person may begin again."""


class LoginMisconfigured(CountersignError):
    """Nobody can log in with this provider until the gateway's operator mends it. The text is for the operator."""


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """One log-in on its way. Its answer is held against the issuer, endpoints and redirect URI that it began with."""

    issuer: str
    endpoints: LoginEndpoints
    redirect_uri: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What is sent to the token endpoint."""

    form: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave. Kept no longer than it takes to verify the ID token."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


def new_request(
    issuer: str, endpoints: LoginEndpoints, redirect_uri: str, randomness: Callable[[], str]
) -> LoginRequest:
    """A log-in that begins. `randomness` gives 43 to 128 characters of the alphabet of base64url, never the same twice."""
    return LoginRequest(issuer, endpoints, redirect_uri, randomness(), randomness(), randomness())


def authorization_url(request: LoginRequest, client: LoginClient, claims: Iterable[str]) -> str:
    """Where to send the browser (RFC 6749, 4.1.1; RFC 7636, 4.3). `claims`: those that the ID token is wanted with."""
    challenge = WebApplicationClient(client.client_id).create_code_challenge(request.code_verifier, "S256")
    parameters = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": request.redirect_uri,
        "scope": " ".join(client.scopes),
        "state": request.state,
        "nonce": request.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    wanted: dict[str, Json] = {name: None for name in sorted(claims)}
    if wanted and request.endpoints.takes_claims:
        parameters["claims"] = strict_json.dumps({"id_token": wanted}).decode()
    # not the client's own `prepare_request_uri`: it refuses a provider on loopback, which discovery.py has allowed
    url: str = add_params_to_uri(request.endpoints.authorization, list(parameters.items()))
    return url


def code_of(answer: Mapping[str, Sequence[str]], request: LoginRequest) -> str:
    """The code in the query of the redirect that answers `request`; the caller has found `request` by its `state`.

    Whose answer it is comes first (RFC 9207, 2.4): the words of another provider are not even shown. Raises LoginRefused.
    """
    given = {name: _single(name, answer.get(name, ())) for name in ANSWER_PARAMETERS}
    if given["iss"] != request.issuer and (given["iss"] is not None or request.endpoints.names_itself):
        raise LoginRefused("the answer is not from the provider that was asked (`iss`); begin again")
    if given["error"] is not None:
        raise LoginRefused(_refusal_in_words(given["error"], given["error_description"] or ""))
    if not given["code"]:
        raise LoginRefused("the provider sent neither a code nor an error; begin again")
    return given["code"]


def token_request(request: LoginRequest, client: LoginClient, secret: str | None, code: str) -> TokenRequest:
    """The one use of `code` (RFC 6749, 4.1.3). `secret` None: a public client. Raises LoginMisconfigured."""
    headers = {"Accept": "application/json"}
    extra: dict[str, str] = {}
    with_id = True
    if secret is not None:
        methods = request.endpoints.authentication_methods
        if "client_secret_basic" in methods:
            with_id = False  # RFC 6749, 2.3: one way only
            pair = f"{quote_plus(client.client_id)}:{quote_plus(secret)}"  # 2.3.1: encoded before it is joined
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        elif "client_secret_post" in methods:
            extra["client_secret"] = secret
        else:
            raise LoginMisconfigured(f"{request.issuer} takes a client's secret neither as basic nor as post")
    body = WebApplicationClient(client.client_id).prepare_request_body(
        code=code,
        redirect_uri=request.redirect_uri,
        include_client_id=with_id,
        code_verifier=request.code_verifier,
        **extra,
    )
    return TokenRequest(dict(parse_qsl(body, strict_parsing=True)), headers)


def read_tokens(status: int, body: bytes, request: LoginRequest) -> Tokens:
    """The tokens in the token endpoint's answer (RFC 6749, 5; OpenID Connect Core 1.0, 3.1.3.3).

    Raises LoginRefused where the code is not good, ProviderUnavailable where waiting helps, else LoginMisconfigured.
    """
    if status >= 500 or status == 429:
        raise ProviderUnavailable(f"the log-in with {request.issuer} cannot be ended: it answered {status}")
    try:
        document = strict_json.loads(body, max_depth=limits.MAX_TOKEN_JSON_DEPTH)
    except BadInput:
        raise LoginMisconfigured(f"the token endpoint of {request.issuer} answered {status}, and not in JSON") from None
    given: dict[str, Json] = document if isinstance(document, dict) else {}
    texts: dict[str, Json] = {name: given[name] for name in _TOKEN_MEMBERS if isinstance(given.get(name), str)}
    try:
        found = WebApplicationClient("").parse_request_body_response(strict_json.dumps(texts).decode())
    except InvalidGrantError:
        raise LoginRefused("the provider does not accept the code of this log-in; begin again") from None
    except InvalidClientError:
        raise LoginMisconfigured(
            f"{request.issuer} does not know the console (invalid_client): check `login` in rules/identity.yaml, and give "
            "the client a secret of letters, digits, - and _ only, since some providers do not decode others"
        ) from None
    except OAuth2Error as error:
        why = error.error if _ERROR_CODE.fullmatch(error.error or "") else "something unknown"
        raise LoginMisconfigured(f"the token endpoint of {request.issuer} answered {status}, {why}") from None
    if status != 200 or str(found.get("token_type", "")).lower() != "bearer" or not found.get("id_token"):
        raise LoginMisconfigured(
            f"the token endpoint of {request.issuer} answered {status}, without a bearer and an ID token"
        )
    return Tokens(found["id_token"], found["access_token"])


def _single(name: str, values: Sequence[str]) -> str | None:
    if len(values) > 1:
        raise LoginRefused(f"the answer has `{name}` more than once; begin again")  # RFC 6749, 3.1
    return values[0] if values else None


def _refusal_in_words(error: str, description: str) -> str:
    if error == "access_denied":
        return "the provider says that the log-in was cancelled or is not allowed (access_denied)"
    text = f"the provider refused the log-in: {error}" + (f" ({description})" if description else "")
    return visible_line(text[: limits.MAX_LOGIN_ERROR_CHARACTERS])
