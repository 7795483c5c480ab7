"""Masking request targets and URLs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign import limits
from countersign.errors import TooLarge
from countersign.masking.carriers.request_target import mask_target
from countersign.masking.replacements import UNREADABLE_QUERY, URL_CREDENTIAL, Replacements
from countersign.rulebook.values import MaskingRule
from tests.masking.rules import DIGEST, SECRET, policy, rule

CARDS = rule("cards", query=("card", "x.y"))


def mask(target: str, *rules: MaskingRule) -> str:
    """`target` masked by `rules` and what is built in."""
    return mask_target(target, policy(*rules), Replacements(DIGEST))


@pytest.mark.parametrize(
    "target",
    [
        "/subjects/orders-value/versions?normalize=False",
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
        "/a?time=12:30",
        "/secret",
    ],
)
def test_what_is_no_secret_stays(target: str) -> None:
    """Paths, and parameters that nothing names, are kept as they were sent."""
    assert mask(target, CARDS) == target


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/a?card=SECRET&b=1", "/a?card=[masked]&b=1"),
        ("/a?name=password&value=SECRET&name=b", "/a?name=password&value=[masked]&name=b"),
        ("/a?name=colour&value=red", "/a?name=colour&value=red"),
        ("/a?id=db.p%61ssword&new=SECRET", "/a?id=db.p%61ssword&new=[masked]"),
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
    assert mask_target("/a?" + query.replace("SECRET", SECRET), policy(CARDS), replacements) == "/a?[masked]"
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
    assert mask_target(target.replace("SECRET", SECRET), policy(), replacements) == shown
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


CARD = "4111111111111111"
NUMBERS = rule("numbers", segments=("number",), how="keep-last", keep=2)
DROPS = rule("drops", segments=("gone",), how="drop")


@pytest.mark.parametrize(
    ("target", "names", "shown"),
    [
        ("/keys/SECRET/x", ("", "token", ""), "/keys/[masked]/x"),
        ("/keys/SECRET?a=1", ("", "client_secret"), "/keys/[masked]?a=1"),
        ("/orders/47%31147", ("", "number"), "/orders/…47"),
        ("/orders/%zz", ("", "number"), "/orders/[masked]"),
        ("https://h/orders/471147", ("", "number"), "https://h/orders/…47"),
        ("/a/SECRET/b", ("", "gone", ""), "/a/b"),
        ("/keys/password/x/y", ("", "name", "", ""), "/keys/password/x/y"),
        ("/orders/a%2F47%3F47", ("", "number"), "/orders/…47"),
        ("/orders/4711%2F%3F", ("", "number"), "/orders/…%2F%3F"),
        ("/orders/471147", ("", "Number"), "/orders/471147"),
        ("/orders/471147", ("number", ""), "/…rs/471147"),
        ("/orders/471147", (), "/orders/471147"),
        ("/orders/471147/x", ("", "other"), "/orders/471147/x"),
        ("/orders/471147/x", ("", "number"), "[masked]"),
        ("/keys/SECRET/x?a=1", ("", "token"), "[masked]?a=1"),
    ],
)
def test_segments_are_masked_by_the_names_of_their_places(target: str, names: tuple[str, ...], shown: str) -> None:
    """Rules name placeholders of the dialect's templates, and some names are secret by themselves.

    Where the names do not fit the path, and one of them is to be masked, nothing of the path is kept.
    """
    masked = mask_target(target.replace("SECRET", SECRET), policy(NUMBERS, DROPS), Replacements(DIGEST), names)
    assert masked == shown


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        (f"/orders/{CARD}/x", "/orders/[masked]/x"),
        ("/users/alice@example.com", "/users/[masked]"),
        ("/users/alice%40example.com", "/users/[masked]"),
        ("/users/alice%2540example.com", "/users/[masked]"),
        (f"/a/4111%2D1111-1111%2D1111;v=1/{CARD}", "/a/[masked]%3Bv=1/[masked]"),
        ("/reset/password/SECRET/b", "/reset/password/[masked]/b"),
        ("/tok%65n/SECRET%2Fb", "/tok%65n/[masked]"),
        ("/a?next=//bob:SECRET@h/", "/a?next=[masked]"),
        ("/a?user=bob:SECRET@h", "/a?user=[masked]"),
        ("/a?x-amz-sig=SECRET", "/a?x-amz-sig=[masked]"),
        ("/a;jsessionid=SECRET/b", "/a;jsessionid=[masked]/b"),
        ("/a;v=1;token=SECRET/b", "/a;v=1;token=[masked]/b"),
        ("/token=SECRET/b", "/token=[masked]/b"),
        ("/a%3Ftoken%3DSECRET/b", "/a%3Ftoken%3D[masked]/b"),
        ("/%7B%22password%22:%22SECRET%22%7D/b", "/%7B%22password%22:%22[masked]%22%7D/[masked]"),
        ("/a/%ff/b", "/a/[masked]/b"),
        ("/a/%4/b", "/a/[masked]/b"),
        (f"https://{CARD}/b", "https://[masked]/b"),
        (f"{CARD}:443", "[masked]:443"),
        (f"//{CARD}/b", "//[masked]/b"),
        (f"/a?b={CARD}", "/a?b=[masked]"),
        ("/a?alice@example.com=1", "/a?[masked]=1"),
        ("/subjects/orders-value/versions/3", "/subjects/orders-value/versions/3"),
        ("/subjects/6f1c2f0e-6a53-4b9e-9d5c-0f8e7f5a1d2b", "/subjects/6f1c2f0e-6a53-4b9e-9d5c-0f8e7f5a1d2b"),
    ],
)
def test_every_part_of_a_target_goes_through_the_detectors(target: str, shown: str) -> None:
    """Decoded, once or twice; what does not decode properly is masked."""
    assert mask(target.replace("SECRET", SECRET)) == shown


def test_the_tally_names_places() -> None:
    """Which segment, parameter or part of the target."""
    replacements = Replacements(DIGEST)
    target = f"https://bob:{SECRET}@h/orders/471147/{CARD}?card={SECRET}#{SECRET}"
    mask_target(target, policy(NUMBERS, CARDS), replacements, ("", "number", ""))
    assert replacements.places == {
        URL_CREDENTIAL: ("user", "fragment"), "numbers": ("segment 2",), "built-in:payment-card": ("segment 3",),
        "cards": ("query card",),
    }  # fmt: skip


def test_too_many_segments_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the path; with one less, all of it."""
    monkeypatch.setattr(limits, "MAX_PATH_SEGMENTS", 3)
    assert mask("/a/b/c?d=e") == "/a/b/c?d=e"
    assert mask("/a/b/c/?d=e") == "[masked]?d=e"


def test_too_many_parameters_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Masker keeps nothing of the target then; one less is masked."""
    monkeypatch.setattr(limits, "MAX_FORM_FIELDS", 3)
    assert mask("/a?b&c&d") == "/a?b&c&d"
    with pytest.raises(TooLarge):
        mask("/a?b&c&d&e")


@given(
    st.text(st.sampled_from("ab/?#&;=%+@:[]\\.25{}\"'7 "), max_size=40), st.sampled_from(["", "&", "/", ";", "?", "#"])
)
def test_a_planted_value_never_survives(text: str, separator: str) -> None:
    """Whatever stands around it; and nothing is raised."""
    shown = mask(f"{text}?{text}{separator}password={SECRET}&x={CARD}/")
    assert SECRET not in shown
    shown = mask_target(f"/{SECRET}/{CARD}?{text}", policy(), Replacements(DIGEST), ("password", ""))
    assert SECRET not in shown
    assert CARD not in shown


def test_rules_say_how() -> None:
    """A parameter's decoded value is replaced the way its rule says."""
    last, hashed = rule(query=("card",), how="keep-last", keep=4), rule(query=("name",), how="keyed-hash")
    assert mask("/a?card=411111%31111", last) == "/a?card=…1111"
    replacement = Replacements(DIGEST).by(hashed, "a b")
    assert mask("/a?name=a%20b&name=a+b", hashed) == f"/a?name={replacement}&name={replacement}"


def test_what_does_not_print_is_written_out() -> None:
    """A target cannot forge a line or a direction in what shows it."""
    assert mask("/a\r\nb\u202e?x=1") == "/a\\u000d\\u000ab\\u202e?x=1"
