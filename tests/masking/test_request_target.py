"""Masking request targets and URLs."""

from __future__ import annotations

import pytest

from countersign.masking.replacements import UNREADABLE_QUERY, URL_CREDENTIAL, Replacements
from countersign.masking.request_target import mask_target
from countersign.rulebook.values import MaskingRule
from tests.masking.rules import DIGEST, SECRET, rule

CARDS = rule("cards", query=("card", "x.y"))


def mask(target: str, *rules: MaskingRule) -> str:
    """`target` masked by `rules` and the built-in ones."""
    return mask_target(target, rules, Replacements(DIGEST))


@pytest.mark.parametrize(
    "target",
    [
        "/subjects/orders-value/versions?normalize=False",
        "/subjects/bob@example.com/versions",
        "/a//b",
        "/",
        "*",
        "registry.example:443",
        "https://registry.example/subjects?deleted=true&offset=0",
        "/a?",
        "/a?b",
        "/a?filter[name]=x&q=a+b%20c&e=%C3%A9",
        "/a?list=1;2;3",
        "/a?token",
        "/a?card=&password=",
        "/a?time=12:30&mail=bob@example.com",
        "/secret/token",
    ],
)
def test_what_is_no_secret_stays(target: str) -> None:
    """Paths, and parameters that nothing names, are kept as they were sent."""
    assert mask(target, CARDS) == target


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/a?card=SECRET&b=1", "/a?card=[masked]&b=1"),
        ("/a?b=1&CARD=SECRET", "/a?b=1&CARD=[masked]"),
        ("/a?card=SECRET&b=1&card=SECRET", "/a?card=[masked]&b=1&card=[masked]"),
        ("/a?c%61rd=SECRET", "/a?c%61rd=[masked]"),
        ("/a?%63%61%72%64=SECRET", "/a?%63%61%72%64=[masked]"),
        ("/a?card[]=SECRET", "/a?card[]=[masked]"),
        ("/a?user[card]=SECRET", "/a?user[card]=[masked]"),
        ("/a?x.y=SECRET", "/a?x.y=[masked]"),
        ("/a?card=a=SECRET=", "/a?card=[masked]"),
        ("/a?card=SECRET;x=SECRET", "/a?card=[masked]"),
        ("/a?b=1;card=SECRET", "/a?b=1;card=[masked]"),
        ("/a?card=x?y=SECRET", "/a?card=[masked]"),
        ("?card=SECRET", "?card=[masked]"),
        ("https://h/a?card=SECRET", "https://h/a?card=[masked]"),
    ],
)
def test_parameters_are_masked_by_their_decoded_names(target: str, shown: str) -> None:
    """In any case, escaped, repeated, as arrays or with other separators: a named parameter is masked."""
    assert mask(target.replace("SECRET", SECRET), CARDS) == shown


@pytest.mark.parametrize(
    "name",
    [
        "access_token", "token", "id_token", "password", "passwd", "secret", "client_secret", "api_key", "apikey", "api-key",
        "code", "sig", "signature", "X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-Credential", "key", "auth", "jwt",
        "sessionId", "SAMLResponse", "client_assertion", "TOKEN", "user[password]", "%74oken", "%2574oken", "tok%00en",
    ],
)  # fmt: skip
def test_credentials_are_always_masked(name: str) -> None:
    """The names by which services take credentials are masked without a rule, whatever a rule says."""
    assert mask(f"/a?b=1&{name}={SECRET}") == f"/a?b=1&{name}=[masked]"
    shows = rule(query=(name.lower(),), how="keep-last", keep=4)
    assert mask(f"/a?{name}={SECRET}", shows) == f"/a?{name}=[masked]"


@pytest.mark.parametrize(
    "query",
    [
        "b=%zz&card=SECRET", "b=%4", "b=%", "b=%ff&x=SECRET", "b=SECRET x", "b=é", "b=\x00SECRET", "c\x00ard=SECRET",
        "b=\tSECRET", "%C3=SECRET",
    ],
)  # fmt: skip
def test_a_query_that_cannot_be_read_is_masked_whole(query: str) -> None:
    """Where readers could differ on names nothing of the query is kept, and the tally says so."""
    replacements = Replacements(DIGEST)
    assert mask_target("/a?" + query.replace("SECRET", SECRET), [CARDS], replacements) == "/a?[masked]"
    assert replacements.masked == {UNREADABLE_QUERY: 1}


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("https://bob:SECRET@h/a", "https://[masked]@h/a"),
        ("https://SECRET@h", "https://[masked]@h"),
        ("https://a:b@SECRET@h/a@b", "https://[masked]@h/a@b"),
        ("bob:SECRET@h:443", "[masked]@h:443"),
        ("//bob:SECRET@h/a", "//[masked]@h/a"),
        ("http:/bob:SECRET@h/a", "http:/[masked]@h/a"),
        ("http:\\\\bob:SECRET@h/a", "[masked]@h/a"),
        ("/proxy/https://bob:SECRET@h/a", "/proxy/https://[masked]@h/a"),
        ("/a#access_token=SECRET", "/a#[masked]"),
        ("/a?b=1#SECRET?x", "/a?b=1#[masked]"),
    ],
)
def test_user_information_and_fragment_never_survive(target: str, shown: str) -> None:
    """Both are masked whole in every form of a target."""
    replacements = Replacements(DIGEST)
    assert mask_target(target.replace("SECRET", SECRET), [], replacements) == shown
    assert replacements.masked == {URL_CREDENTIAL: 1}


@pytest.mark.parametrize(
    "value",
    [
        "https%3A%2F%2Fh%2Fcb%3Fcode%3DSECRET", "https://h/cb?a=1%26token=SECRET", "https%3A%2F%2Fbob%3ASECRET%40h%2F",
        "/cb%23access_token=SECRET", "card%3DSECRET",
    ],
)  # fmt: skip
def test_a_url_in_a_parameter_is_looked_into(value: str) -> None:
    """A redirect target that carries a secret is masked; one without is kept."""
    assert mask("/a?next=" + value.replace("SECRET", SECRET), CARDS) == "/a?next=[masked]"
    assert mask("/a?next=https%3A%2F%2Fh%2Fcb%3Fb%3D1") == "/a?next=https%3A%2F%2Fh%2Fcb%3Fb%3D1"


def test_rules_say_how() -> None:
    """A parameter's decoded value is replaced the way its rule says."""
    last, hashed = rule(query=("card",), how="keep-last", keep=4), rule(query=("name",), how="keyed-hash")
    assert mask("/a?card=411111%31111", last) == "/a?card=…1111"
    replacement = Replacements(DIGEST).by(hashed, "a b")
    assert mask("/a?name=a%20b&name=a+b", hashed) == f"/a?name={replacement}&name={replacement}"


def test_what_does_not_print_is_written_out() -> None:
    """A target cannot forge a line or a direction in what shows it."""
    assert mask("/a\r\nb\u202e?x=1") == "/a\\u000d\\u000ab\\u202e?x=1"
