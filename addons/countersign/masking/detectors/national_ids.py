"""Numbers that a state knows a person by: those whose form is their own, and any that a label stands in front of.

Does not find bare numbers without check digits or label: they are order numbers as often.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from countersign.masking.detectors.findings import Finding
from countersign.masking.detectors.identity_numbers import FORMS, is_one

_NAME: Final = "national-id"
_PARTS: Final = {"0": "[0-9]", "A": "[A-Z]", "X": "[A-Z0-9]", " ": " ?", "_": " "}
_FORMS: Final = tuple(sorted(FORMS, key=lambda form: -len(form.shape)))


def _pattern(shape: str) -> str:
    """Where blanks join digits, digits around them belong to a longer number."""
    before, after = ("(?<![0-9] .)", "[-./ ]") if "_" in shape else ("", "[-./]")
    return before + "".join(_PARTS.get(part, re.escape(part)) for part in shape[1:]) + f"(?![A-Za-z0-9]|{after}[0-9])"


def _all_that_begin_with(part: str) -> re.Pattern[str]:
    """The first character stands in front of everything, where the search is quickest."""
    forms = "|".join(
        f"(?P<f{index}>{_pattern(form.shape)})" for index, form in enumerate(_FORMS) if form.shape[0] == part
    )
    return re.compile(rf"{_PARTS[part]}(?<![A-Za-z0-9].)(?<![0-9][./-].)(?=[A-Z0-9./ -]{{6}})(?:{forms})")


_ANY_FORM: Final = (_all_that_begin_with("0"), _all_that_begin_with("A"))
_LABELLED = re.compile(
    r"[^\W\d_][^A-Za-z0-9\r\n]{1,4}([A-Z]{0,4}[0-9](?:[ ./-]?[0-9]){4,14}+(?:[ ./-]?[A-Za-z]{1,2}(?![A-Za-z0-9]))?)"
)
_LABEL_CHARACTERS: Final = 48
#: What such numbers are called, in lower case; to be read with re.VERBOSE.
LABELS: Final = r"""ssn | itin | social[ _-]?(?:security|insurance) | sin | nino | national[ _-]?insurance | nhs | tfn
      | tax[ _-]?file | aadhaar | bsn | burgerservicenummer | pesel | cpf | dni | nie | nif | nir | curp | rut
      | personnummer | personnr | f(?:ø|o|oe)dselsnummer | cpr | hetu | kennitala | isikukood | asmens[ ]kodas
      | steuer-?(?:id|identifikationsnummer) | idnr | ahv | avs | sozialversicherung | rvnr | oib | egn | jmbg | emso
      | cnp | amka | kimlik | teudat[ ]zehut | my[ ]?number | rrn | nric | cnic | codice[ ]fiscale
      | rodn[eé][ ][cč][ií]slo | (?:national|personal)[ _-]?(?:id|identity) | tax(?:payer)?[ _-]?id | passport
      | reisepass | driv(?:er'?s?|ing)[ _-]?licen[cs]e
"""
_LABEL = re.compile(
    rf"""(?<![a-z])(?:{LABELS})
    (?:[ _-]?(?:number|nummer|code|no|nr)\.?)? (?:\W{{1,3}}(?:is|was|ist|lautet|es|est|:))? [^a-z0-9\r\n]{{1,4}}\Z
    """,
    re.VERBOSE,
)


def find_national_ids(text: str) -> Iterator[Finding]:
    """The identity numbers in `text` whose own form and check digits tell, and those behind a label such as `SSN:`."""
    for pattern in _ANY_FORM:
        for found in pattern.finditer(text):
            form = _FORMS[int((found.lastgroup or "f0")[1:])]
            if is_one(found[0], form.checks):
                yield Finding(*found.span(), _NAME)
    for labelled in _LABELLED.finditer(text):
        start, end = labelled.span(1)
        if _LABEL.search(text[max(start - _LABEL_CHARACTERS, 0) : start].lower()):
            yield Finding(start, end, _NAME)
