"""Keys of cloud and API services, by the forms that these give them.

Does not ask whether a key is valid, and does not find keys without a form of their own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from countersign.masking.detectors.findings import Finding
from countersign.masking.detectors.key_formats import KEY_FORMATS, MARKED_KEY_FORMATS

_NAME: Final = "cloud-key"
_BEFORE: Final = "(?<![A-Za-z0-9])"


def _by_first_character(forms: Iterable[str]) -> str:
    """One expression for all: it looks at those forms only that begin with the character at hand."""
    rests: defaultdict[str, list[str]] = defaultdict(list)
    for form in forms:
        width = 2 if form.startswith("\\") else 1
        rests[form[:width]].append(form[width:])
    return "|".join(f"{first}(?:{'|'.join(others)})" for first, others in rests.items())


_KEY = re.compile(f"{_BEFORE}(?:{_by_first_character(form for forms in KEY_FORMATS.values() for form in forms)})")
_MARKED: Final = {mark: re.compile(_BEFORE + form) for mark, form in MARKED_KEY_FORMATS.items()}
#: Every key has so many letters and digits in a row.
_GATE = re.compile(r"[A-Za-z0-9_-]{16}|[A-Za-z0-9.+/_=%$-]{28}")
#: A secret access key of AWS has no form but its alphabet and length; its name is near.
_AWS_SECRET = re.compile(
    r"(?i:aws|secret|access)[A-Za-z_ .-]{0,24}(?i:key|secret)[A-Za-z_ .-]{0,12}[\"']?\s{0,3}(?:=>|[:=])?\s{0,3}[\"']?"
    r"([A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])"
)
_AWS_SECRET_GATE = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])")


def find_cloud_keys(text: str) -> Iterator[Finding]:
    """The keys in `text` that have one of the known forms, and secret access keys of AWS behind their name."""
    if not _GATE.search(text):
        return
    for key in _KEY.finditer(text):
        yield Finding(*key.span(), _NAME)
    for mark, form in _MARKED.items():
        if mark in text:
            for key in form.finditer(text):
                yield Finding(*key.span(), _NAME)
    if _AWS_SECRET_GATE.search(text):
        for secret in _AWS_SECRET.finditer(text):
            yield Finding(*secret.span(1), _NAME)
