"""Names of fields whose values are secrets: passwords, keys, tokens, numbers of cards, accounts and people, in any spelling.

Goes by the name alone: does not look at values, and does not see through letters of other alphabets that only look alike.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from countersign import limits

#: These count anywhere in a name. Listed without separators and accents, in lower case.
_ANYWHERE: Final = frozenset(
    """
    password passwd passwrd passphrase passcode secret secretid apikey privatekey accesskey signingkey encryptionkey
    decryptionkey masterkey hmackey sharedkey accountkey subscriptionkey credential authtoken authenticationtoken
    accesstoken refreshtoken bearertoken idtoken sessiontoken securitytoken connectionstring onetimepassword
    recoveryphrase seedphrase mnemonicphrase securityanswer socialsecurity creditcardnumber mothersmaidenname
    passwort kennwort losungswort geheimnis zugangsdaten motdepasse contrasena clavesecreta palavrapasse
    wachtwoord losenord adgangskode пароль 密码 密碼 パスワード 暗証番号 비밀번호
    """.split()
)
#: These count as the whole name or as its last words.
_AT_THE_END: Final = frozenset(
    """
    pass pw pwd pswd psw userpass dbpass token jwt bearer auth authorization cookie setcookie sessionid jsessionid sessionkey
    otp totp otpcode mfacode verificationcode recoverycode backupcode passkey mnemonic samlresponse clientassertion
    pin pincode cvv cvc csc cvn cardsecuritycode securitycode pan cardnumber cardno ccnumber ccnum ccno creditcard debitcard
    iban accountnumber accountno bankaccount bankdetails ssn nino bsn cpf curp dni nif nie nationalid nationalidnumber
    nationalinsurancenumber personalid personalnumber personnummer fodselsnummer aadhaar aadhar taxid taxnumber
    taxidentificationnumber steuerid steuernummer passport passportnumber passportno driverslicense driverslicence
    driverslicensenumber driverlicensenumber drivinglicence drivinglicencenumber maidenname mothermaidenname dateofbirth
    birthdate birthday dob
    mdp clave senha parola haslo heslo parool passord kodeord salasana jelszo sifre
    """.split()
)
BUILT_IN_NAMES: Final = _ANYWHERE | _AT_THE_END

#: After a name at the end, these are the same value in some form: `tokenValue`, `pin_hash`.
_SAME_VALUE: Final = frozenset(
    "value string text number code hash digest hex raw plain plaintext encrypted encoded".split()
)
# What begins a name that asks or counts, and what ends a name that only speaks of a secret.
_ASKS: Final = frozenset(
    """
    has had is was are use uses require requires required need needs allow allows allowed can should must show hide
    max min num total
    """.split()
)
_SPEAKS_OF: Final = frozenset(
    """
    policy policies type kind name id uid uuid ref reference arn count length len size strength score quality
    expiry expire expires expiration expired at on by date time timestamp age day hour minute second ttl lifetime validity
    enabled disabled required optional allowed supported changed change updated created modified rotated rotation used usage
    version format algorithm alg encoding scheme method mode status state rule requirement attempt retry retries
    path file filename provider manager description title label placeholder min max limit regex pattern schema
    field column header param parameter scope issuer audience owner grant authentication management protection
    less ary aries arial ariat ariats ion ive
    """.split()
)
_COUNTED_TOKENS: Final = frozenset("prompt completion input output cached reasoning model audio text".split())

_IGNORED: Final = frozenset(("Mn", "Me", "Cf", "Cc", "Cs"))  # categories: accents, what has no width, controls
_FILLERS: Final = "\u115f\u1160\u3164\uffa0"  # letters that show nothing
_LETTERS: Final = str.maketrans("łŁøØđĐı", "lLoOdDi", _FILLERS)  # have no accent that could be taken off
_ASCII_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SEGMENTS: Final = re.compile(r"[\[\]./:\\]+")
_LONG: Final = 8  # characters: a listed name at the end of a longer word is that name, and no accident
_MOST_WORDS: Final = 5  # of a listed name


class FieldNames:
    """The built-in names without some, and others besides."""

    def __init__(self, also: Iterable[str] = (), off: Iterable[str] = ()) -> None:
        """`also` count as whole names, or whole parts of `a[b].c`, in any spelling; `off` are built-in names that do not.

        Raises ValueError where a name in `off` is not built in, with those that are nearest, or one in `also` has no letter.
        """
        without = frozenset(_listed(name) for name in off)
        self._also = frozenset(map(plain_name, also))
        if "" in self._also:
            raise ValueError("the name of a field has at least one letter or digit")
        at_the_end = _AT_THE_END - without
        self._at_the_end = frozenset(map(plain_name, at_the_end))
        self._tails = {name[-2:] for each in self._at_the_end for name in (each, each + "s")}
        self._anywhere = _one_of(_ANYWHERE - without)
        self._endings = tuple(name + end for name in self._at_the_end if len(name) >= _LONG for end in ("", "s"))
        self._known: dict[str, bool] = {}

    def is_secret(self, name: str) -> bool:
        """Whether values of fields called `name` are secrets. Takes any text; a part of it too long to be a name is one.

        `dbPassword`, `db_password`, `db[password]` and `db.password` are one; `passwordPolicy`, `has_password`, `secretary`
        and `max_tokens` only speak of one.
        """
        known = self._known.get(name)
        if known is None:
            known = self._judge(name)
            if len(name) <= limits.MAX_FIELD_NAME_CHARACTERS:
                if len(self._known) >= limits.MAX_REMEMBERED_NAMES:
                    self._known.clear()
                self._known[name] = known
        return known

    def _judge(self, name: str) -> bool:
        segments = [segment for segment in _SEGMENTS.split(name) if segment]
        too_long = any(len(segment) > limits.MAX_FIELD_NAME_CHARACTERS for segment in segments)
        if too_long or len(segments) > limits.MAX_FIELD_NAME_PARTS:
            return True
        words = [_words(segment) for segment in segments]
        if len(words) > 1 and len(name) <= limits.MAX_FIELD_NAME_CHARACTERS:
            words.append([word for each in words for word in each])  # `api.key`
        return any(self._says_secret(each) for each in words)

    def _says_secret(self, words: Sequence[str]) -> bool:
        plain = "".join(words)
        if plain in self._also or "".join(_without_number(words)) in self._also:
            return True
        words = _without_number(words)
        if not words or (len(words) > 1 and words[0] in _ASKS):
            return False
        plain = "".join(words)
        if words[-1] == "tokens" and not _COUNTED_TOKENS.isdisjoint(words):
            return False
        return self._is_anywhere(plain, words[-1]) or self._is_at_the_end(plain, words)

    def _is_anywhere(self, plain: str, last: str) -> bool:
        end = -1
        for found in self._anywhere.finditer(plain):
            end = found.end()
        if end < 0 or end == len(plain):
            return end == len(plain)
        return not _speaks_of(last) and not _speaks_of(plain[end:])

    def _is_at_the_end(self, plain: str, words: Sequence[str]) -> bool:
        """Also with one or two words behind it that say in what form the value is."""
        for _ in range(3):
            if plain[-2:] in self._tails:
                ends = {"".join(words[-count:]) for count in range(1, _MOST_WORDS + 1)} | {plain}
                ends |= {end.removesuffix("s") for end in ends}
                if not self._at_the_end.isdisjoint(ends) or plain.endswith(self._endings):
                    return True
            if len(words) == 1 or words[-1] not in _SAME_VALUE:
                return False
            plain, words = plain.removesuffix(words[-1]), words[:-1]
        return False


def plain_name(name: str) -> str:
    """`name` without what only is its spelling: case, separators, accents, what has no width, compatible characters."""
    return "".join(_words(name))


def _listed(name: str) -> str:
    """The built-in name that `name` is, in some spelling. Raises ValueError."""
    if name in BUILT_IN_NAMES:
        return name
    plain = plain_name(name)
    found = next((each for each in BUILT_IN_NAMES if plain_name(each) == plain), None)
    if found is None:
        nearest = difflib.get_close_matches(plain, sorted(BUILT_IN_NAMES), n=3)
        hint = f"; did you mean {' or '.join(nearest)}?" if nearest else ""
        raise ValueError(f"{name!r} is no built-in name of a field{hint}")
    return found


def _one_of(names: Iterable[str]) -> re.Pattern[str]:
    """Finds the longest of `names` that begins somewhere; nothing where there are none."""
    longest_first = sorted(map(plain_name, names), key=lambda name: (-len(name), name))
    return re.compile("|".join(map(re.escape, longest_first)) or "(?!)")


def _speaks_of(word: str) -> bool:
    return word in _SPEAKS_OF or word.removesuffix("s") in _SPEAKS_OF


def _without_number(words: Sequence[str]) -> Sequence[str]:
    """`password1`, `token_2`: without the numbers at the end."""
    count = len(words)
    while count > 1 and words[count - 1].isdecimal():
        count -= 1
    return words[:count]


def _words(name: str) -> list[str]:
    """The words of a name in lower case: `dbPassword2`, `DB_PASSWORD_2` -> db, password, 2."""
    if not name.isascii():
        text = unicodedata.normalize("NFKD", name)
        name = "".join(each for each in text if unicodedata.category(each) not in _IGNORED).translate(_LETTERS)
    if not name.isascii():
        return [word.casefold() for word in _split(name).split()]
    return [word.lower() for word in _ASCII_WORD.findall(name)]


def _split(name: str) -> str:
    """Spaces where words begin, in any alphabet."""
    pieces: list[str] = []
    text = "".join(each if each.isalnum() else " " for each in name)
    for index, (before, here) in enumerate(pairwise(f" {text}")):
        after = text[index + 1 : index + 2]
        is_new = here.isupper() and (before.islower() or (before.isupper() and after.islower()))
        if is_new or before.isdecimal() != here.isdecimal():
            pieces.append(" ")
        pieces.append(here)
    return "".join(pieces)
