"""International bank account numbers (ISO 13616): a country, its length, and check digits modulo 97.

Does not find national account numbers, and does not ask whether an account exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from countersign.masking.detectors.findings import Finding

_NAME: Final = "iban"
#: Lengths by country, as the IBAN registry has them.
_LENGTHS: Final = {
    entry[:2]: int(entry[2:])
    for entry in (
        "AD24 AE23 AL28 AO25 AT20 AZ28 BA20 BE16 BF28 BG22 BH22 BI27 BJ28 BR29 BY28 CF27 CG27 CH21 CI28 CM27 CR22 CV25 "
        "CY28 CZ24 DE22 DJ27 DK18 DO28 DZ26 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GA27 GB22 GE22 GI23 GL18 GN29 GQ27 GR27 "
        "GT28 GW25 HN28 HR21 HU28 IE22 IL23 IQ23 IR26 IS26 IT27 JO30 KM27 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 "
        "MA28 MC27 MD24 ME22 MG27 MK19 ML28 MN20 MR27 MT31 MU30 MZ25 NE28 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 "
        "RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SN28 SO23 ST25 SV28 TD27 TG28 TL23 TN24 TR26 UA29 VA22 VG24 "
        "XK20 YE30"
    ).split()
}
_START = re.compile(r"(?:(?<![A-Za-z0-9])|(?<=IBAN))([A-Za-z]{2})[0-9]{2}")
_RESTS: Final = {
    length: re.compile(rf"(?:[ .+-]?[A-Za-z0-9]){{{length - 4}}}+(?![0-9])") for length in set(_LENGTHS.values())
}
_JOINTS: Final = str.maketrans("", "", " .+-")


def find_ibans(text: str) -> Iterator[Finding]:
    """The account numbers in `text`, in either case, with single blanks, hyphens, dots or `+` between characters, or none."""
    for begun in _START.finditer(text):
        length = _LENGTHS.get(begun[1].upper())
        rest = _RESTS[length].match(text, begun.end()) if length else None
        if rest and _has_check_digits(text[begun.start() : rest.end()].translate(_JOINTS)):
            yield Finding(begun.start(), rest.end(), _NAME)


def _has_check_digits(iban: str) -> bool:
    """ISO 7064, MOD 97-10: letters count from 10, the first four characters come last."""
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1
