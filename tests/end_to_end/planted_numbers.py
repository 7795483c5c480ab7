"""Numbers of people and of their money, with check digits that are right."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from random import Random

from tests.end_to_end.planted import DIGITS, LETTERS, Secret, any_of

_CARDS = {
    "visa": ("4539", 16, "plain"),
    "visa spaced": ("4485", 16, "4 4 4 4"),
    "visa dashed": ("4716", 16, "4-4-4-4"),
    "mastercard": ("5412", 16, "plain"),
    "mastercard 2": ("2301", 16, "4 4 4 4"),
    "amex": ("3714", 15, "plain"),
    "amex spaced": ("3782", 15, "4 6 5"),
    "discover": ("6011", 16, "plain"),
    "diners": ("3056", 14, "plain"),
    "jcb": ("3530", 16, "plain"),
    "unionpay": ("6250", 16, "plain"),
}
#: Country, and what its account numbers are like: `#` a digit, `A` a capital letter.
_IBANS = {
    "DE": "##################",
    "GB": "AAAA##############",
    "FR": "####################A##",
    "NL": "AAAA##########",
    "ES": "####################",
    "PL": "########################",
    "CH": "#################",
    "NO": "###########",
}
#: Numbers whose writing says what they are, so that they are told without a name beside them.
_IDS = {
    "us.ssn": "###-##-####",
    "br.cpf": "###.###.###-##",
    "es.dni": "########A",
    "it.codicefiscale": "AAAAAA##A##A###A",
    "fi.hetu": "######-###A",
    "fr.nir": "1##05##########",
    "ch.ssn": "756.####.####.##",
    "mx.curp": "AAAA######HDFAAA##",
    "cn.ric": "1101011990########",
    "se.personnummer": "######-####",
}
_PHONES = {
    "german": "+49 30 901820{}",
    "american": "+1 (415) 555-{}",
    "british": "+44 20 7946 0{}",
    "french": "+33 1 70 18 {}",
    "plain": "+4930901821{}",
}


def secrets(random: Random) -> Iterator[Secret]:
    """Cards, accounts, ids, addresses of mail and telephone numbers."""
    for name, (start, length, groups) in _CARDS.items():
        yield Secret(f"card {name}", _grouped(_card(random, start, length), groups))
    for number, (country, pattern) in enumerate(_IBANS.items()):
        text = _iban(country, _filled(random, pattern))
        spaced = " ".join(text[start : start + 4] for start in range(0, len(text), 4))
        yield Secret(f"iban {country}", spaced if number % 2 else text)
    for name, pattern in _IDS.items():
        yield Secret(f"id {name}", _valid(random, name, pattern))
    yield Secret("email", f"marta.{any_of(random, LETTERS[26:], 8)}@mail.example.org")
    yield Secret("email tagged", f"{any_of(random, LETTERS[26:], 7)}+orders@example.com")
    yield Secret("email of numbers", f"{any_of(random, DIGITS, 8)}@mx.example.co.uk")
    for name, pattern in _PHONES.items():
        digits = f"{random.randint(100, 199)}" if name in ("german", "british", "plain") else ""
        digits = digits or (f"01{random.randint(10, 99)}" if name == "american" else f"{random.randint(10, 99)} 22")
        yield Secret(f"phone {name}", pattern.format(digits))


def _card(random: Random, start: str, length: int) -> str:
    digits = start + any_of(random, DIGITS, length - len(start) - 1)
    doubled = [int(each) * (2 - place % 2) for place, each in enumerate(reversed(digits))]
    return digits + str(-sum(each // 10 + each % 10 for each in doubled) % 10)  # Luhn (ISO/IEC 7812-1)


def _grouped(digits: str, groups: str) -> str:
    if groups == "plain":
        return digits
    rest = iter(digits)
    return "".join("".join(next(rest) for _ in range(int(each))) if each.isdigit() else each for each in groups)


def _iban(country: str, account: str) -> str:
    numbers = "".join(str(int(each, 36)) for each in f"{account}{country}00")
    return f"{country}{98 - int(numbers) % 97:02}{account}"  # ISO 7064, MOD 97-10


def _valid(random: Random, name: str, pattern: str) -> str:
    """A number that its country's rules take: most have one check digit or two, so that it takes some tries."""
    module = importlib.import_module(f"stdnum.{name}")
    for _ in range(200_000):
        text = _filled(random, pattern)
        if module.is_valid(text):
            return text
    raise AssertionError(f"no {name} like {pattern}")


def _filled(random: Random, pattern: str) -> str:
    return "".join({"#": random.choice(DIGITS), "A": random.choice(LETTERS[:26])}.get(each, each) for each in pattern)
