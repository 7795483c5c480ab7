"""Parameters of queries, forms and path segments."""

from __future__ import annotations

import base64
import time
from urllib.parse import quote

import pytest

from countersign import limits
from countersign.errors import TooLarge
from countersign.masking.carriers.parameters import ENCODED_PARAMETER, Parameters, is_credential, values_of
from countersign.masking.replacements import URL_CREDENTIAL, Replacements
from countersign.rulebook.values import MaskingRule
from tests.masking.rules import DIGEST, SECRET, policy, rule

CARD = "4111111111111111"
NAMED = rule("cards", query=("card",))
ANYWHERE = rule("codes", names=("promo",), how="keep-last", keep=2)
DROPS = rule("drops", query=("gone",), how="drop")


def mask(text: str, *rules: MaskingRule) -> str:
    """`text` masked by `rules` and what is built in."""
    return Parameters(policy(*rules), Replacements(DIGEST), "query").mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a=", "a=1&b=2", "a=1;b=2", "=", "&&", "a=b=c", "q=a+b%20c", "e=%C3%A9", "list=1;2;3", "filter[name]=x",
        "time=12:30", "token", "token=&card=", "next=https%3A%2F%2Fh%2Fcb%3Fb%3D1", "a=%2520", "j=%7B%22a%22%3A1%7D", "token=[masked]",
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(text: str) -> None:
    """As it was sent, escapes and all."""
    assert mask(text, NAMED) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("card=SECRET&b=1", "card=[masked]&b=1"),
        ("a=1&CaRD=SECRET&card=SECRET", "a=1&CaRD=[masked]&card=[masked]"),
        ("c%61rd=SECRET", "c%61rd=[masked]"),
        ("user[card]=SECRET", "user[card]=[masked]"),
        ("user%5Bcard%5D=SECRET", "user%5Bcard%5D=[masked]"),
        ("card=SECRET;b=SECRET", "card=[masked]"),
        ("a=1;card=SECRET;b=SECRET", "a=1;card=[masked]"),
        ("card=;SECRET", "card=[masked]"),
        ("card=SECRET=SECRET", "card=[masked]"),
        ("token=SECRET", "token=[masked]"),
        ("p%25token=SECRET", "p%25token=[masked]"),
        ("pass%00word=SECRET", "pass%00word=[masked]"),
        ("a%2561=SECRET", "a%2561=[masked]"),
        ("userPassword=SECRET", "userPassword=[masked]"),
        ("user.iban=SECRET", "user.iban=[masked]"),
    ],
)
def test_values_are_masked_by_their_names(text: str, shown: str) -> None:
    """In any case and spelling, and under every reading of the separators."""
    assert mask(text.replace("SECRET", SECRET), NAMED) == shown


@pytest.mark.parametrize(
    "value",
    [
        f"https://h/cb?code={SECRET}", f"/cb?a=1&card={SECRET}", f"https://bob:{SECRET}@h/", f"https:\\\\bob:{SECRET}@h", f"//{SECRET}@h", f"bob:{SECRET}@h", f"see bob:{SECRET}@h, please", f"x#token={SECRET}",
        f"card={SECRET}", f"a;promo={SECRET}", f"https://h/?next={quote(f'https://h/?card={SECRET}', safe='')}",
    ],
)  # fmt: skip
def test_parameters_inside_a_value_are_found(value: str) -> None:
    """A URL or a query that carries a secret of its own, encoded once, twice or three times."""
    for _ in range(3):
        value = quote(value, safe="")
        assert mask(f"next={value}&b=1", NAMED, ANYWHERE) == "next=[masked]&b=1"


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("before", ["a=", "b=1;a=", "b;a="])
def test_documents_in_a_value_are_found(before: str, levels: int) -> None:
    """With a field that only a rule names, whichever way the separators are read and however often it is encoded."""
    value = f'{{"promo":"{SECRET}"}}'
    for _ in range(levels):
        value = quote(value, safe="")
    assert SECRET in mask(before + value)
    assert SECRET not in mask(before + value, ANYWHERE)


def test_what_is_encoded_too_often_is_masked() -> None:
    """Nobody encodes so often but who wants to hide something; one level less is looked into."""
    value = "a b"
    for _ in range(limits.MAX_PERCENT_LEVELS):
        value = quote(value, safe="")
    assert mask(f"a={value}") == f"a={value}"
    replacements = Replacements(DIGEST)
    hidden = Parameters(policy(), replacements, "query").mask(f"a={quote(value, safe='')}")
    assert (hidden, replacements.masked) == ("a=[masked]", {ENCODED_PARAMETER: 1})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (CARD, "[masked]"),
        (f"pay+{CARD}+now", "pay%20[masked]%20now"),
        (quote(f'{{"password":"{SECRET}","b":1}}', safe=""), quote('{"password":"[masked]","b":1}', safe="[]:,")),
        (quote(f"{{'password':'{SECRET}'}}", safe=""), "[masked]"),
    ],
)
def test_values_are_masked_by_what_they_hold(value: str, shown: str) -> None:
    """Detectors, documents, and what is nearly a document; what is written back cannot be taken for another parameter."""
    assert mask(f"a={value}&b=1") == f"a={shown}&b=1"


def test_a_plus_sign_is_read_in_both_ways() -> None:
    """As a space, and as itself, as it is in base64: whichever hides the secret, it is found."""
    hidden = base64.b64encode(f"<<>>??{'>' * 4}password={SECRET}".encode()).decode()
    assert "+" in hidden
    assert hidden[:12] not in mask(f"a={hidden}")
    assert mask("a=4111+1111+1111+1111") == "a=[masked]"
    assert values_of("a+b") == ["a b", "a+b"]
    assert values_of("a%2Bb") == ["a+b"]


@pytest.mark.parametrize("separated", [f"b=1;a={CARD}", f"a={CARD};b=1", f"b=1;a={quote(quote(CARD))}"])
def test_a_semicolon_is_read_in_both_ways(separated: str) -> None:
    """A secret in what only some take for a parameter of its own does not survive."""
    assert CARD not in mask(separated)


@pytest.mark.parametrize("name", [CARD, quote("alice@example.com"), f"%7B%22password%22:%22{SECRET}%22%7D"])
def test_names_are_masked_by_what_they_hold(name: str) -> None:
    """A secret may stand in front of the `=`, or alone."""
    for text in (f"{name}=1", name, f"a=1&{name}", f"a=1;{name}=2;token=3"):
        shown = mask(text)
        assert "masked" in shown
        assert name not in shown
        assert SECRET not in shown


def test_rules_say_how() -> None:
    """The decoded value is replaced the way its rule says; a parameter that a rule drops is not there at all."""
    assert mask("promo=A%20B%20C%20D&x=1", ANYWHERE) == "promo=…%20D&x=1"
    assert mask("a=1&gone=2&b=3", DROPS) == "a=1&b=3"
    assert mask("a=1;gone=2;b=3&c=4", DROPS) == "a=1&c=4"
    assert mask("gone=2", DROPS) == ""


def test_the_tally_names_places_and_no_values() -> None:
    """Which parameter, as it is called."""
    replacements = Replacements(DIGEST)
    Parameters(policy(NAMED), replacements, "query").mask(f"card={SECRET}&token={SECRET}&a={CARD}&next=/?card={SECRET}")
    assert replacements.masked["cards"] == 1
    assert replacements.masked[URL_CREDENTIAL] == 2
    assert replacements.places["cards"] == ("query card",)
    assert replacements.places[URL_CREDENTIAL] == ("query token", "query next")
    assert SECRET not in repr(replacements.places)


def test_what_is_something_else_is_asked_for_its_names() -> None:
    """JSON that is sent as a form is no form, unless a form reader would find a secret in it."""
    fields = Parameters(policy(NAMED), Replacements(DIGEST), "body")
    assert not fields.names_a_secret('{"a": "b=c&d;e=1"}')
    assert not fields.names_a_secret('"&card"')
    assert fields.names_a_secret('{"a": "&card=1"}')
    assert fields.names_a_secret('{"a": ";token=1"}')
    assert fields.names_a_secret("&" * (limits.MAX_FORM_FIELDS + 1))


def test_parameters_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """By their number, under either separator."""
    monkeypatch.setattr(limits, "MAX_FORM_FIELDS", 3)
    assert mask("a&b&c") == "a&b&c"
    assert mask("a;b;c") == "a;b;c"
    assert mask("a=x?b=1%26c=2") == "a=x?b=1%26c=2"
    assert mask("a=x?b=1%26c=2%26d=3%26e=4") == "a=[masked]"
    for text in ("a&b&c&d", "a;b;c;d"):
        with pytest.raises(TooLarge):
            mask(text)


@pytest.mark.parametrize(
    "unit",
    [
        "a;",
        "a=1;",
        "%2525",
        "a[",
        "a=b&",
        "=",
        "https://",
        "[]",
        "+",
        "a.b=",
        "?a=1#",
        "://",
        ":@",
        ":\\\\",
        "a:",
        "//",
        "@",
    ],
)
def test_masking_is_linear(unit: str) -> None:
    """Whatever is repeated: ten times as much takes no more than some ten times as long."""
    fields = Parameters(policy(), Replacements(DIGEST), "body")

    def seconds(count: int) -> float:
        text = (unit * count)[:-1] if unit[-1] in "&;" else f"a={unit * count}"
        started = time.process_time()
        try:
            fields.mask(text)
        except TooLarge:
            assert unit[-1] in "&;"
        return time.process_time() - started

    seconds(10)
    assert seconds(40_000) < 40 * max(seconds(4_000), 0.01)


@pytest.mark.parametrize("name", ["token", "X-Amz-Signature", "client_secret", "CODE", " key ", "sid"])
def test_names_of_credentials(name: str) -> None:
    """In whatever spelling; the names of other parameters are not."""
    assert is_credential(name)
    assert not is_credential("keys")
    assert not is_credential("normalize")
