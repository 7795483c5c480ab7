"""Bodies that are forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign import limits
from countersign.errors import BadInput, TooLarge
from countersign.masking.carriers.forms import is_charset, mask_form, read_form
from countersign.masking.replacements import Replacements
from countersign.rulebook.values import MaskingRule
from tests.masking.rules import DIGEST, SECRET, policy, rule

CARD = "4111111111111111"


def mask(text: str, *rules: MaskingRule) -> str:
    """The form `text`, masked by `rules` and what is built in."""
    return mask_form(read_form(text.encode()), policy(*rules), Replacements(DIGEST))


@pytest.mark.parametrize(
    "text",
    [
        "a=1",
        "a=",
        "a=1&b=2",
        "a=b=c",
        "q=a+b%20c",
        "e=%C3%A9",
        "user[name]=x&user[city]=y",
        "a=1&a=2",
        "_charset_=UTF-8&a=1",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """As it was sent."""
    assert mask(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "hunter2", "a&b=1", "=1", "a=1&", "&a=1", "a=1\n", "a=1\r\nb=2", "a b=1", "a=1 ", '{"a"=1}', "<a>x=1</a>", "a: b=1",
        "{a=1}", "a={1}", "a=1\\", "a=|", "a=%", "a=%4", "a=%zz", "a=%ff", "%c3=1", "a=\u00e9", "a=\x00", "\ufeffa=1", "a=`x`", 'a="x"',
        "password=x&_charset_=utf-7", "_CHARSET_=utf-16&a=1", "%5Fcharset_=x&a=1", "_charset_=&a=1",
    ],
)  # fmt: skip
def test_what_is_no_form_is_not_read(text: str) -> None:
    """Text of another format, a bare value, escapes that readers undo differently, another character set."""
    with pytest.raises(BadInput):
        read_form(text.encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_other_encodings_are_not_read(encoding: str) -> None:
    """Whatever the body says."""
    with pytest.raises(BadInput):
        read_form("password=x".encode(encoding))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password=SECRET&b=1", "password=[masked]&b=1"),
        ("client_secret=SECRET&grant_type=refresh", "client_secret=[masked]&grant_type=refresh"),
        ("code=SECRET&a=1", "code=[masked]&a=1"),
        ("user%5Bpassword%5D=SECRET", "user%5Bpassword%5D=[masked]"),
        ("a=1;password=SECRET", "a=1;password=[masked]"),
        ("next=%2Fcb%3Ftoken%3DSECRET", "next=[masked]"),
        ("next=%2Fcb%3Fiban%3DSECRET", "next=[masked]"),
        (f"note={CARD}", "note=[masked]"),
        (
            "data=%7B%22password%22%3A%22SECRET%22%2C%22a%22%3A1%7D",
            "data=%7B%22password%22:%22[masked]%22,%22a%22:1%7D",
        ),
        (
            "data=%257B%2522password%2522%253A%2522SECRET%2522%257D",
            "data=%257B%2522password%2522%253A%2522[masked]%2522%257D",
        ),
        ("inner=a%3D1%26password%3DSECRET", "inner=[masked]"),
        ("name=password&value=SECRET&a=1", "name=password&value=[masked]&a=1"),
    ],
)
def test_secrets_are_masked_without_a_rule(text: str, shown: str) -> None:
    """By the names of fields, and by what is in the values: documents, URLs, other forms, encoded once or twice."""
    assert mask(text.replace("SECRET", SECRET)) == shown


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("team=SECRET&b=1", "$.team"), ("team=SECRET", "$..team"), ("team=SECRET&team=SECRET", "$.team[*]"), ("team[]=SECRET", "$.team[*]"),
        ("user[team]=SECRET", "$.user.team"), ("user[team]=SECRET", "$.user"), ("user.team=SECRET", "$.user.team"), ("te%61m=SECRET", "$.team"), ("a=x;team=SECRET", "$.team"),
        ("user[team][]=SECRET", "$..team"), ("data=%7B%22team%22%3A%22SECRET%22%7D", "$..team"),
    ],
)  # fmt: skip
def test_paths_hold_for_the_object_of_the_fields(text: str, path: str) -> None:
    """Whichever object a reader makes of them."""
    ruled = rule("teams", paths=(path,))
    assert SECRET in mask(text.replace("SECRET", SECRET))
    shown = mask(text.replace("SECRET", SECRET), ruled)
    assert SECRET not in shown
    assert "b=1" in shown or "b=1" not in text


def test_rules_say_how() -> None:
    """The rule that names a field, or its path, replaces its value; rules for queries do not hold in bodies."""
    assert mask("team=platform", rule(names=("team",), how="keep-last", keep=2)) == "team=…rm"
    assert mask("password=platform", rule(names=("password",), how="keep-last", keep=2)) == "password=…rm"
    assert mask("a=1&team=x&b=2", rule(paths=("$.team",), how="drop")) == "a=1&b=2"
    assert mask("team=x", rule(query=("team",))) == "team=x"


def test_places_are_those_of_the_body() -> None:
    """The record says which field."""
    replacements = Replacements(DIGEST)
    mask_form(f"team={SECRET}", policy(rule("teams", paths=("$.team",))), replacements)
    assert replacements.places == {"teams": ("body /team",)}
    assert replacements.masked == {"teams": 1}


def test_fields_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One field more than the limit is refused, under either separator."""
    monkeypatch.setattr(limits, "MAX_FORM_FIELDS", 3)
    assert mask("a=1&b=2&c=3") == "a=1&b=2&c=3"
    for text in ("a=1&b=2&c=3&d=4", "a=1;b=2;c=3;d=4;e=5"):
        with pytest.raises(TooLarge):
            read_form(text.encode())


@given(st.text(st.sampled_from("ab=&;%+[].25{}\"'7"), max_size=40))
def test_a_planted_value_never_survives(text: str) -> None:
    """Whatever stands around it; and what cannot be read raises BadInput, nothing else."""
    try:
        shown = mask(f"{text}&password={SECRET}&{text}={CARD}")
    except (BadInput, TooLarge):
        return
    assert SECRET not in shown
    assert CARD not in shown


def test_the_charset_field_has_one_name() -> None:
    """In any case."""
    assert is_charset(" _Charset_ ")
    assert not is_charset("charset")
