"""All detectors over one text, and over every reading of it.

A secret that is encoded is reported where its encoded form stands. Does not change the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Final

from countersign import limits
from countersign.masking.detectors.assigned_secrets import find_assigned_secrets
from countersign.masking.detectors.bank_accounts import find_ibans
from countersign.masking.detectors.cloud_keys import find_cloud_keys
from countersign.masking.detectors.contacts import find_emails, find_phones
from countersign.masking.detectors.encodings import encoded_texts
from countersign.masking.detectors.entropy import find_random_tokens
from countersign.masking.detectors.escapes import Reading, has_escapes
from countersign.masking.detectors.findings import DETECTOR_NAMES, ORDER, Finding, merged
from countersign.masking.detectors.national_ids import find_national_ids
from countersign.masking.detectors.ordinary import is_ordinary
from countersign.masking.detectors.payment_cards import find_payment_cards
from countersign.masking.detectors.private_keys import find_private_keys
from countersign.masking.detectors.url_credentials import find_url_credentials
from countersign.masking.detectors.web_tokens import find_web_tokens

type Find = Callable[[str], Iterable[Finding]]

#: What a text must have for any detector of a family to find anything in it: by far most texts have nothing of it.
_NUMBERS = re.compile(r"[0-9](?:[A-Z]?[ ().+/_-]{0,3}[0-9]){5}|[A-Z]{5}[0-9]{4}[A-Z]")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_RUNS = re.compile(r"[A-Za-z0-9+/_-]{12}")
_FAMILIES: Final[tuple[tuple[Callable[[str], object], tuple[str, ...]], ...]] = (
    (re.compile("--|AGE-|b3Bl|kty|PuTTY").search, ("private-key",)),
    (re.compile("[A-Za-z0-9_.%+/=|$-]{16}").search, ("cloud-key", "jwt", "high-entropy")),
    (re.compile("@").search, ("url-credential", "email")),
    (_NUMBERS.search, ("payment-card", "national-id", "phone")),
    (re.compile("[A-Za-z]{2}[0-9]{2}[A-Za-z0-9 .+-]{11}").search, ("iban",)),
    (re.compile("[=< ]|:(?!//)").search, ("assigned-secret",)),
)


class Detectors:
    """The detectors that are switched on, ready to look at texts."""

    def __init__(self, names: Collection[str] = DETECTOR_NAMES, *, phone_regions: Sequence[str] = ()) -> None:
        """`phone_regions`: ISO 3166-1 codes of the regions whose national telephone numbers count too.

        Raises ValueError for a name that is not in DETECTOR_NAMES. No name at all: nothing is found.
        """
        unknown = sorted(set(names) - DETECTOR_NAMES)
        if unknown:
            raise ValueError(f"no detector is called {unknown[0]!r}; there are {', '.join(ORDER)}")
        find: dict[str, Find] = {
            "private-key": find_private_keys,
            "cloud-key": find_cloud_keys,
            "jwt": find_web_tokens,
            "url-credential": find_url_credentials,
            "payment-card": find_payment_cards,
            "iban": find_ibans,
            "national-id": find_national_ids,
            "email": find_emails,
            "phone": partial(find_phones, regions=tuple(phone_regions)),
            "assigned-secret": find_assigned_secrets,
            "high-entropy": find_random_tokens,
        }
        self._strictest = next((name for name in ORDER if name in names), "")
        self._is_wary = "high-entropy" in names
        self._codes = not phone_regions
        self._families = [
            (gate, steps)
            for gate, members in _FAMILIES
            if (steps := tuple(find[name] for name in members if name in names))
        ]

    def find(self, text: str) -> tuple[Finding, ...]:
        """The secrets in `text`, in order, none touching another; empty for clean text. Never raises.

        If a detector fails, the whole text is one finding, under the first name in ORDER that is switched on. Takes time in proportion to the text's length.
        """
        if not self._families:
            return ()
        try:
            if is_ordinary(text, codes=self._codes):
                return ()
            found: list[Finding] = []
            self._look(text, limits.MAX_READING_LEVELS, found)
            return merged(found) if found else ()
        except Exception:  # noqa: BLE001 - whatever it is, the text may hold secrets
            return (Finding(0, len(text), self._strictest),)

    def _look(self, text: str, levels: int, found: list[Finding]) -> None:
        for may_find, steps in self._families:
            if may_find(text):
                for find in steps:
                    found.extend(find(text))
        if not levels:
            self._note_what_is_not_read(text, found)
            return
        if has_escapes(text):
            self._look_at_reading(text, text, levels, found)
            if "+" in text and _PERCENT.search(text):  # forms write a space so
                self._look_at_reading(text, text.replace("+", " "), levels, found)
        if _RUNS.search(text):
            for start, end, held in encoded_texts(text):
                inner: list[Finding] = []
                if not is_ordinary(held, codes=self._codes):
                    self._look(held, levels - 1, inner)
                found.extend(Finding(start, end, each.detector) for each in inner)

    def _look_at_reading(self, text: str, written: str, levels: int, found: list[Finding]) -> None:
        """At what `written`, which has a character for each one of `text`, is with its escapes undone."""
        reading = Reading(written)
        if reading.text != text:
            inner: list[Finding] = []
            self._look(reading.text, levels - 1, inner)
            found.extend(Finding(*reading.span(each.start, each.end), each.detector) for each in inner)

    def _note_what_is_not_read(self, text: str, found: list[Finding]) -> None:
        """What is encoded deeper than is read may be anything."""
        if self._is_wary:
            found.extend(Finding(start, end, "high-entropy") for start, end, _ in encoded_texts(text))
