"""Values that text itself calls a secret: `password=...`, `"secret": "..."`, `Authorization: Bearer ...`, `--token ...`.

Goes by the name in front of the value. Does not find a secret that nothing names, and does not read the text as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from countersign.masking.detectors.findings import Finding
from countersign.masking.detectors.ordinary import may_say_secret
from countersign.masking.detectors.placeholders import begins_with_placeholder, is_placeholder

_NAME: Final = "assigned-secret"
#: Names are compared in lower case without what joins their words, and by how they end: DB_PASSWORD, user[apiKey].
_ENDINGS: Final = (
    "password", "passwd", "passwort", "kennwort", "passphrase", "passcode", "secret", "token", "credential", "credentials",
    "apikey", "accesskey", "secretkey", "privatekey", "signingkey", "encryptionkey", "masterkey", "accountkey", "sharedkey",
    "authkey", "subscriptionkey", "functionskey", "licensekey", "sessionkey", "cryptkey", "authorization", "cookie",
    "sessionid", "sessid", "assertion", "samlresponse", "mnemonic", "seedphrase", "recoverycode", "connectionstring",
    "depasse", "contrasena", "contraseña", "senha", "wachtwoord", "hasło", "lösenord", "adgangskode", "salasana",
    "secretvalue", "passwordhash", "secrethash", "tokenvalue", "dbpass", "userpass", "dbpwd", "userpwd", "密码",
)  # fmt: skip
_WHOLE: Final = frozenset("pwd pass pw sig signature sid otp totp pin cvv cvc cvv2 cvc2 mdp psk jwt pat".split())
#: One of these is in every name that counts.
_STEMS = re.compile(
    r"pass|pw|pin\b|psk|pat\b|secret|sess|seed|senha|sig|sid\b|saml|salas|token|key|kennw|auth|assert|adgang|cred|cookie"
    r"|connectionstr|contra|cv[vc]|mnem|mdp|recov|wacht|hasło|lösen|motdep|mot de|otp|jwt|密"
)
_JOINTS: Final = str.maketrans("", "", " _.-[]")
_LAST_WORD = re.compile(r"[^ _.\-\[\]]*+\Z")

_ASSIGNED = re.compile(
    r"(?<![\w.-])((?:[A-Za-z]{2,7} )?[\w.\[-]{2,64}+)[\"'`)\]]{0,2}[ \t]{0,3}(?:=>|:=|[:=])(\s{0,3})"
)
_OPTION = re.compile(r"(?<!\S)--?([A-Za-z][\w-]{1,40}+)([ \t]{1,3})(?!-)")
_ELEMENT = re.compile(r"<([\w:.-]{2,64}+)(?:\s[^<>]{0,200}+)?>([^<]++)</")
_LOGIN = re.compile(r"(?<!\S)(?:-u|--user|--proxy-user)[ =]?[\"']?([^\s\"':]{1,128}+:[^\s\"']++)")
_SCHEME = re.compile(
    r"(?i:(?<![A-Za-z-])(?:bearer|basic|negotiate|dpop|apikey|token|sharedkey(?:lite)?))[ \t]{1,3}([\w.~+/=:-]{8,}+)"
)
_SAID = re.compile(
    r"(?i:(?<![A-Za-z])(?:password|passwort|kennwort|passphrase|passcode|secret|token|pin|api key|mot de passe|contraseña|senha)"
    r"[ \t](?:is|was|ist|lautet|est|es|é)[ \t:]{1,3}[\"'`]?)([^\s\"'`]++)"
)
_BESIDE = re.compile(
    r"(?i:(?<![A-Za-z])(?:password|passwort|kennwort|passphrase|passcode)[ \t]{1,3}[\"'`]?)((?=[^\s0-9]*+[0-9])(?=[^\sA-Za-z]*+[A-Za-z])[^\s\"'`]{6,}+)"
)
_QUOTED: Final = {
    quote: re.compile(rf"{quote}((?:[^{quote}\\]++|\\.)*+)", re.DOTALL) for quote in ('"', "'", "`")
}  # a quote that is not closed: to the end of the text
_BARE = re.compile(r"[^\s&;<]*+(?:<(?!/)[^\s&;<]*+)*+")
#: A header's value: to the end of its line, or to the quote that stands in front of its name, too.
_LINES: Final = {quote: re.compile(rf"[^\r\n{quote}]++") for quote in ('"', "'", "")}
_LOOK_CHARACTERS: Final = 512  # of a value: enough to see what it is, however many names have one that does not end
_INDENT_CHARACTERS: Final = 32  # before a setting; more is none
_SHORTEST_WORD: Final = 6  # of letters alone, that is taken for a secret: `token: x` is a message of a parser
_TRAILING: Final = "\"'`,;:)]}>.!?"


def find_assigned_secrets(text: str) -> Iterator[Finding]:
    """The values in `text` that a name in front of them calls secret; values that only hold a place are none."""
    if ("=" in text or ":" in text or "</" in text or " -" in text or "--" in text) and _may_name_secret(text):
        yield from _named(text)
    if " " in text and may_say_secret(text):
        yield from _found(_LOGIN, text, lambda value: not is_placeholder(value))
        yield from _found(_SCHEME, text, _looks_made_up)
        yield from _found(_BESIDE, text, lambda value: not is_placeholder(value))
        yield from _found(_SAID, text, lambda value: _looks_made_up(value.rstrip(_TRAILING)))


def _may_name_secret(text: str) -> bool:
    return bool(_STEMS.search(text.lower()))


def _named(text: str) -> Iterator[Finding]:
    for pattern in (_ASSIGNED, _OPTION):
        named = pattern.search(text)
        while named:
            value = _value(text, named) if is_secret_name(named[1]) else None
            if value:
                yield Finding(*value, _NAME)
            named = pattern.search(text, value[1] if value else named.end())  # names in a value belong to it
    for element in _ELEMENT.finditer(text):
        if is_secret_name(element[1].rpartition(":")[2]) and not is_placeholder(element[2].strip()):
            yield Finding(*element.span(2), _NAME)


def is_secret_name(name: str) -> bool:
    """Whether what a field or variable of that name holds is a secret, in any spelling of the name."""
    name = name.rstrip("0123456789]['\"")
    plain = name.translate(_JOINTS).lower()
    if plain.endswith(_ENDINGS):
        return True
    last = _LAST_WORD.search(name)
    return last is not None and last[0].lower() in _WHOLE


def _found(pattern: re.Pattern[str], text: str, is_secret: Callable[[str], bool]) -> Iterator[Finding]:
    return (Finding(*found.span(1), _NAME) for found in pattern.finditer(text) if is_secret(found[1]))


def _value(text: str, named: re.Match[str]) -> tuple[int, int] | None:
    """Where the value behind a name stands; None: no secret. Behind a blank, unquoted words are a sentence about the secret,
    but for a single one on a line of its own, as in a file of settings."""
    start = named.end()
    quoted = _QUOTED.get(text[start : start + 1])
    if quoted:
        inside = quoted.match(text, start)
        return inside.span(1) if inside and inside[1] and not is_placeholder(inside[1]) else None
    if begins_with_placeholder(text, start):
        return None
    is_header = named[1].lower().endswith(("authorization", "cookie"))
    before = text[named.start() - 1 : named.start()]
    bare = _LINES.get(before, _LINES[""]) if is_header else _BARE
    beginning = bare.match(text, start, start + _LOOK_CHARACTERS)
    value = beginning[0].rstrip(_TRAILING) if beginning else ""
    if not any(map(str.isalnum, value)) or is_placeholder(value):
        return None
    if (is_header or (named[2] and not _is_a_line(text, named, start + len(value)))) and not _looks_made_up(value):
        return None
    whole = bare.match(text, start)
    return (start, start + len(whole[0].rstrip() if is_header else whole[0].rstrip(_TRAILING))) if whole else None


def _is_a_line(text: str, named: re.Match[str], end: int) -> bool:
    """Whether one name and one word, from `named` to `end`, are all that is on their line."""
    start = named.start()
    before = text[max(start - _INDENT_CHARACTERS, 0) : start].rstrip(" \t-")
    is_first = before[-1:] in "\r\n" if before else start < _INDENT_CHARACTERS
    is_word = end - named.end() >= _SHORTEST_WORD and " " not in named[1] and "\n" not in named[2]
    return is_word and is_first and text[end : end + 1] in ("", "\r", "\n")


def _looks_made_up(value: str) -> bool:
    """Whether `value` is more than words: digits, capitals inside a word, or signs that words do not have."""
    words = value.replace("-", " ").replace("'", " ").replace(",", " ").split()
    return any(not word.isalpha() or not (word.islower() or word.istitle() or word.isupper()) for word in words)
