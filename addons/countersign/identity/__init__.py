"""A credential becomes a Caller: OIDC, verified on every request.

credential.py  the token in an Authorization header
jws.py         the outside of a token: readable in one way, brings no key of its own
base64url.py   the spelling of bytes in tokens and keys
discovery.py   where an issuer publishes its keys
keys.py        the published keys, and which may verify what
provider.py    one issuer's keys: fetched, kept, fetched again
claims.py      for us, valid now, and the groups
people.py      the people behind a token
caller.py      what is left: who it is, never the token
oidc.py        all of it in order

A person logs in with a browser:

authorization_code.py  the messages of one log-in
id_token.py            what an ID token must say beyond any other token
login.py               to the provider, and from its answer to a Caller
"""

from countersign.identity.caller import Caller
from countersign.identity.credential import from_authorization
from countersign.identity.login import BrowserLogin
from countersign.identity.oidc import TokenVerifier
from countersign.identity.provider import Fetch

__all__ = ["BrowserLogin", "Caller", "Fetch", "TokenVerifier", "from_authorization"]
