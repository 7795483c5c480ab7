"""Values that text itself calls a secret."""

from __future__ import annotations

import pytest

from countersign.masking.detectors.assigned_secrets import find_assigned_secrets, is_secret_name


def found(text: str) -> list[str]:
    """What stands where findings are."""
    return [text[finding.start : finding.end] for finding in find_assigned_secrets(text)]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password=hunter2", "hunter2"),
        ("a=1&password=hunter2&b=2", "hunter2"),
        ("DB_PASSWORD: hunter2", "hunter2"),
        ('{"clientSecret": "a \\" b", "n": 1}', 'a \\" b'),
        ("{'api_key':'abc'}", "abc"),
        ("Server=x;Pwd=hunter2;y=1", "hunter2"),
        ("Pwd={a;b", "{a"),
        ("Authorization: Bearer abc.def-123", "Bearer abc.def-123"),
        ('Authorization: Digest username="bob", response="6629fae4"', 'Digest username="bob", response="6629fae4"'),
        ('["Authorization: Bearer abc.def-123", "x"]', "Bearer abc.def-123"),
        ("Cookie: a=1; b=2\nHost: x", "a=1; b=2"),
        ("send bearer abcdefgh12", "abcdefgh12"),
        ("curl -u bob:hunter2 https://x", "bob:hunter2"),
        ("tool --db-password hunter2 -v", "hunter2"),
        ("<ns:password>let me in</ns:password>", "let me in"),
        ("the password is hunter2.", "hunter2."),
        ("Das Kennwort lautet S0nne!", "S0nne!"),
        ("api key: 12345", "12345"),
        ("user[password]=x1", "x1"),
        ('password="never closed', "never closed"),
        ("cvv=123", "123"),
        ("bind with password hunter2 now", "hunter2"),
        ("mot de passe : hunter2", "hunter2"),
        ("password: swordfish", "swordfish"),
        ("db:\n  - host: x\n    password = swordfish\n  user: y", "swordfish"),
        ("invalid password 'hunter2' for bob", "hunter2"),
    ],
)
def test_a_value_is_found_behind_its_name(text: str, secret: str) -> None:
    """In the spellings of forms, files, headers, commands, elements and sentences."""
    assert found(text)[0] == secret


@pytest.mark.parametrize(
    "text",
    [
        "password: the word that you chose",
        "password: required",
        "token: comma",
        "say password: swordfish",
        "password:\n  swordfish",
        "password 'swordfish'",
        "max_tokens=500",
        "password=${DB}",
        'password: {"type": 1}',
        "token_type=bearer",
        "Bearer authentication",
        "the password is required; so is 2FA",
        "secretary: Bob 2",
        "password=",
        "password=[masked]&x=1",
        "--password-file /run/x1",
        "key=abc1",
        "Authorization: see below",
        "the secret is out",
        "a password 2FA needs",
        "password [masked]",
        "passwordMinLength=12",
        "Unexpected token: x",
        "tokenizer=a1b2",
        "<password>${X}</password>",
    ],
)
def test_sentences_templates_and_other_names_are_none(text: str) -> None:
    """A value must be one, and its name must call it secret."""
    assert found(text) == []


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PASSWORD",
        "user[apiKey]",
        "x-auth-token",
        "clientSecret",
        "spring.datasource.password",
        "pwd",
        "otp",
        "JSESSIONID",
        "PASSWORD2",
    ],
)
def test_secret_names(name: str) -> None:
    """In every spelling; short ones as a whole word only."""
    assert is_secret_name(name)
    assert not is_secret_name(name + "Policy")
    assert not is_secret_name("spin")


def test_a_name_inside_a_value_belongs_to_it() -> None:
    """The value is one finding however often it repeats its name."""
    text = "password=password=password=x"
    assert found(text) == ["password=password=x"]
