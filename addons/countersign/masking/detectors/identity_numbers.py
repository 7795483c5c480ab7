"""How the identity numbers of many countries are written, and whose check digits or dates tell them from other numbers.

A shape has `0` for a digit, `A` for a capital letter, `X` for either, ` ` for a blank that can be left out, `_` for one that
cannot; everything else stands for itself. Does not hold numbers of companies.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from stdnum import exceptions
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.cz import rc
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.ie import pps
from stdnum.in_ import aadhaar, pan
from stdnum.is_ import kennitala
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.lv import pvn
from stdnum.mx import curp
from stdnum.my import nric
from stdnum.no import fodselsnummer
from stdnum.ro import cnp
from stdnum.se import personnummer
from stdnum.us import itin, ssn
from stdnum.za import idnr as za_id

type Check = Callable[[str], object]  #: raises a ValidationError for what it does not know

_NINO = re.compile(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][0-9]{6}[A-D]")
_SEX_AND_MONTH = re.compile(r"[12][0-9]{2}(?:0[1-9]|1[0-2]|[23][0-9]|4[0-2]|[5-9][0-9])")
_DATE: Final = "(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
#: How a bare number of thirteen digits begins: with 756, or with a date of birth that the sex may stand before.
BEGINNING_OF_13: Final = re.compile(f"756|[0-9]{{2,3}}{_DATE}")
_BEGINNING_OF_18: Final = re.compile(f"[0-9]{{10}}{_DATE}")
_WEIGHTS_SG: Final = (2, 7, 6, 5, 4, 3, 2)
_LETTERS_SG: Final = {"S": "JZIHGFEDCBA", "T": "GFEDCBAJZIH", "F": "XWUTRQPNMLK", "G": "RQPNMLKXWUT"}
_WEIGHTS_RVNR: Final = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
#: A Swedish number with four digits of the year looks like an order number of that day; its owner is of age.
_LAST_FULL_YEAR_SE: Final = "2008"


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write the numbers that any of `checks` knows."""

    shape: str
    checks: tuple[Check, ...]


def is_one(number: str, checks: tuple[Check, ...]) -> bool:
    """Whether any of `checks` knows `number`. Raises nothing that the checks raise for numbers."""
    for check in checks:
        try:
            check(number)
        except (exceptions.ValidationError, ValueError, KeyError, IndexError):
            continue
        return True
    return False


def _refuse_unless(holds: bool) -> None:
    if not holds:
        raise exceptions.InvalidComponent


def _spaced_ssn(number: str) -> None:
    ssn.validate(number.replace(" ", "-"))


def _nino(number: str) -> None:
    """United Kingdom, National Insurance: has no check digit, but few letters fit."""
    _refuse_unless(bool(_NINO.fullmatch(number.replace(" ", ""))))


def _nir(number: str) -> None:
    plain = number.replace(" ", "")
    _refuse_unless(bool(_SEX_AND_MONTH.match(plain)))
    nir.validate(plain)


def _swedish_in_full(number: str) -> None:
    _refuse_unless(number[:4] <= _LAST_FULL_YEAR_SE)
    personnummer.validate(number)


def _czech(number: str) -> None:
    """Also Slovakia. What ends in a year is a number of that year as often."""
    _refuse_unless(number[7:9] not in ("19", "20"))
    rc.validate(number)


def _thirteen_digits(number: str) -> None:
    """Switzerland, Romania, South Africa; most other numbers are told without the long way of their checks."""
    _refuse_unless(bool(BEGINNING_OF_13.match(number)) and is_one(number, (ahv.validate, cnp.validate, za_id.validate)))


def _chinese(number: str) -> None:
    _refuse_unless(bool(_BEGINNING_OF_18.match(number)))
    ric.validate(number)


def _singapore(number: str) -> None:
    """NRIC and FIN: a letter for seven weighted digits."""
    total = sum(int(digit) * weight for digit, weight in zip(number[1:8], _WEIGHTS_SG, strict=True))
    _refuse_unless(_LETTERS_SG[number[0]][total % 11] == number[8])


def _german_pension(number: str) -> None:
    """Versicherungsnummer (VKVV, section 4): area, day and month of birth, a letter as two digits, a serial, a check digit."""
    plain = number.replace(" ", "")
    _refuse_unless(1 <= int(plain[2:4]) % 50 <= 31 and 1 <= int(plain[4:6]) <= 12)
    digits = f"{plain[:8]}{ord(plain[8]) - 64:02}{plain[9:11]}"
    products = (int(digit) * weight for digit, weight in zip(digits, _WEIGHTS_RVNR, strict=True))
    _refuse_unless(sum(sum(divmod(product, 10)) for product in products) % 10 == int(plain[11]))


FORMS: Final = (
    Form("000-00-0000", (ssn.validate, itin.validate)),
    Form("000_00_0000", (_spaced_ssn,)),
    Form("AA 00 00 00 A", (_nino,)),
    Form("0 00 00 0X 000 000 00", (_nir,)),
    Form("00000000A", (dni.validate,)),
    Form("00000000-A", (dni.validate,)),
    Form("A0000000A", (nie.validate, _singapore)),
    Form("A-0000000-A", (nie.validate,)),
    Form("AAAAAAXXAXXAXXXA", (codicefiscale.validate,)),
    Form("000.000.000-00", (cpf.validate,)),
    Form("000000-0000", (personnummer.validate, kennitala.validate, hetu.validate)),
    Form("000000+0000", (personnummer.validate,)),
    Form("00000000-0000", (_swedish_in_full,)),
    Form("000000-000A", (hetu.validate,)),
    Form("000000A000X", (hetu.validate,)),
    Form("000000_00000", (fodselsnummer.validate,)),
    Form("000000-00000", (fodselsnummer.validate, pvn.validate)),
    Form("0000_0000_0000", (aadhaar.validate,)),
    Form("AAAAA0000A", (pan.validate,)),
    Form("000.0000.0000.00", (ahv.validate,)),
    Form("00.00.00-000.00", (nn.validate,)),
    Form("00_000_000_000", (idnr.validate,)),
    Form("00 000000 A 000", (_german_pension,)),
    Form("000-000-000", (sin.validate,)),
    Form("AAAA000000AAAAAAXX", (curp.validate,)),
    Form("00000000000000000X", (_chinese,)),
    Form("000000-0000000", (rrn.validate,)),
    Form("0000000000000", (_thirteen_digits,)),
    Form("000000/000", (rc.validate,)),
    Form("000000/0000", (_czech,)),
    Form("0000000A", (pps.validate,)),
    Form("0000000AA", (pps.validate,)),
    Form("000000-00-0000", (nric.validate,)),
    Form("00.000.000-X", (rut.validate,)),
    Form("0.000.000-X", (rut.validate,)),
)
