"""All detectors over one text and over every reading of it: what they find, what they leave, and how long they take."""

from __future__ import annotations

import base64
import html
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.masking.detectors import DETECTOR_NAMES, Detectors, Finding, detection
from tests.masking.detectors.labelled_ordinary import negatives
from tests.masking.detectors.labelled_secrets import positives

SEEDS = (1, 20261123)  # the detectors were made with the first one in sight, and not with the second
DETECTORS = Detectors()
CARD = "4111 1111 1111 1111"


def covers(text: str, secret: str) -> bool:
    """Whether one finding covers all of `secret` in `text`."""
    start = text.index(secret)
    return any(each.start <= start and each.end >= start + len(secret) for each in DETECTORS.find(text))


@pytest.mark.parametrize("seed", SEEDS)
def test_recall(seed: int) -> None:
    """Of a thousand labelled secrets, each detector finds 97 % of its own, and all together as many."""
    total, found = Counter[str](), Counter[str]()
    for secret in positives(seed):
        total[secret.detector] += 1
        found[secret.detector] += covers(secret.text, secret.secret)
    assert set(total) == DETECTOR_NAMES
    assert total.total() >= 400
    assert {name: found[name] / total[name] for name in total if found[name] < 0.97 * total[name]} == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_false_positives(seed: int) -> None:
    """Of three thousand ordinary values, fewer than 1 % have a finding, and fewer than 5 % of any kind of them."""
    total, found = Counter[str](), Counter[str]()
    for kind, text in negatives(seed):
        total[kind] += 1
        found[kind] += bool(DETECTORS.find(text))
    assert total.total() >= 2000
    assert found.total() < 0.01 * total.total()
    assert {kind: found[kind] / total[kind] for kind in total if found[kind] >= 0.05 * total[kind]} == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_precision(seed: int) -> None:
    """Where detectors find the labelled secret, they also know what it is, in 97 of 100."""
    right, total = Counter[str](), Counter[str]()
    for secret in positives(seed):
        start = secret.text.index(secret.secret)
        for each in DETECTORS.find(secret.text):
            total[each.detector] += 1
            right[each.detector] += (
                each.detector == secret.detector and each.start < start + len(secret.secret) and each.end > start
            )
    assert {name: right[name] / total[name] for name in total if right[name] < 0.97 * total[name]} == {}


READINGS: dict[str, Callable[[str], str]] = {
    "percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "percent, as needed": lambda text: quote(text, safe=""),
    "percent, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "form": lambda text: quote_plus(f"({text})"),
    "form in JSON": lambda text: json.dumps({"a": quote_plus(f"a=b&c={text}")}),
    "JSON": lambda text: "".join(f"\\u{ord(character):04x}" for character in text),
    "JSON, twice": lambda text: json.dumps(json.dumps({"a": text}))[1:-1],
    "JSON, three times": lambda text: json.dumps(json.dumps(json.dumps([text])))[1:-1],
    "entities": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "entities, hexadecimal": lambda text: "".join(f"&#x{ord(character):x};" for character in text),
    "HTML": lambda text: html.escape(f'"{text}"'),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(f"?{text}?".encode()).rstrip(b"=").decode(),
    "base64, twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "base64 of JSON": lambda text: base64.b64encode(json.dumps({"a": text}).encode()).decode(),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16")).decode(),
    "base64 of UTF-16, no mark": lambda text: base64.b64encode(text.encode("utf-16-be")).decode(),
    "base64 in a URL": lambda text: "https://example.com/x?d=" + quote(base64.b64encode(text.encode()).decode(), safe=""),
    "base64 in lines": lambda text: base64.encodebytes((text + " and so on" * 12).encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal of UTF-16": lambda text: text.encode("utf-16-le").hex(),
    "percent in base64": lambda text: base64.b64encode(quote(text, safe="").encode()).decode(),
    "full width": lambda text: "".join(chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character for character in text),
    "mathematical digits": lambda text: "".join(chr(0x1D7D8 + int(character)) if character.isdigit() else character for character in text),
    "unseen characters": lambda text: "\u200b".join(text),
    "soft hyphens and a mark": lambda text: "\ufeff" + "\u00ad".join(text),
    "zeros of UTF-16": lambda text: "\x00".join(text),
}  # fmt: skip


@pytest.mark.parametrize("spelling", READINGS)
@pytest.mark.parametrize(
    "secret",
    [CARD, "bob@example.com", "123-45-6789", "+49 30 901820102", "DE89370400440532013000", "AKIA" + "Q3EGRIWFMVUBG7ZX"],
)
def test_a_secret_in_another_spelling_is_found_where_its_encoded_form_stands(spelling: str, secret: str) -> None:
    """Nothing that still encodes the secret stays outside the finding."""
    encoded = READINGS[spelling](secret)
    found = DETECTORS.find(f"x {encoded} y")
    assert len(found) == 1
    rest = f"x {encoded} y"[: found[0].start] + f"x {encoded} y"[found[0].end :]
    assert not DETECTORS.find(rest)
    assert secret[:6] not in rest
    assert not DETECTORS.find(f"x {READINGS[spelling]('a harmless sentence')} y")


def test_deeper_than_the_levels_is_not_read() -> None:
    """A limit that is named: four codings around a secret are read, six are a token."""
    text = CARD
    for _ in range(4):
        text = base64.b64encode(text.encode()).decode()
    assert DETECTORS.find(text)[0].detector == "payment-card"
    for _ in range(2):
        text = base64.b64encode(text.encode()).decode()
    assert DETECTORS.find(text) == (Finding(0, len(text), "high-entropy"),)
    assert Detectors(DETECTOR_NAMES - {"high-entropy"}).find(text) == ()


def test_a_detector_that_is_off_finds_nothing() -> None:
    """The same text, one name less."""
    text = f"{CARD} bob@example.com"
    assert [each.detector for each in DETECTORS.find(text)] == ["payment-card", "email"]
    assert [each.detector for each in Detectors(DETECTOR_NAMES - {"email"}).find(text)] == ["payment-card"]
    assert Detectors(()).find(text) == ()


def test_national_numbers_count_in_their_regions() -> None:
    """Without a region, these digits are nothing."""
    assert [each.detector for each in Detectors(phone_regions=["US"]).find("(212) 555-0123")] == ["phone"]
    assert DETECTORS.find("(212) 555-0123") == ()
    assert [each.detector for each in Detectors(phone_regions=["DE"]).find("03012345678")] == ["phone"]
    assert DETECTORS.find("03012345678") == ()


def test_a_name_that_is_none_is_refused() -> None:
    """A misspelt name would switch a detector off without a word."""
    with pytest.raises(ValueError, match="no detector is called 'e-mail'; there are private-key, "):
        Detectors(["e-mail"])


def test_a_detector_that_fails_hides_the_whole_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be looked at may be anything."""

    def fail(text: str) -> Iterator[Finding]:
        raise RuntimeError(text)

    monkeypatch.setattr(detection, "find_emails", fail)
    assert Detectors().find("bob@example.com, 1") == (Finding(0, 18, "private-key"),)
    assert Detectors(["email", "phone"]).find("bob@example.com, 1") == (Finding(0, 18, "email"),)
    assert Detectors(DETECTOR_NAMES - {"email"}).find("bob@example.com, 1") == ()


def test_what_masking_leaves_is_clean() -> None:
    """Text that was masked once is not masked again."""
    texts = [
        "password=[masked]",
        "Authorization: [masked]",
        "https://[masked]@x/y?token=[masked]",
        "card …1111",
        "hmac-sha256:" + "0a" * 16,
        "[masked]",
    ]
    assert [text for text in texts if DETECTORS.find(text)] == []


@given(st.text(max_size=200) | st.text(alphabet="aA1-+/=@.:%\\u&#;\"' 4€\u200b", max_size=200))
def test_any_text_is_looked_at(text: str) -> None:
    """Findings are in order, inside the text and apart."""
    place = 0
    for each in DETECTORS.find(text):
        assert place <= each.start < each.end <= len(text)
        assert each.detector in DETECTOR_NAMES
        place = each.end


REPEATED = (
    "a", "aB", "1", "1 ", "1-", "a1", "aB3/", "@", "a@", "a@b.c ", "://a:", "https://u:p@h ", "password=", 'password="', "cookie:", "password=…",
    "-----BEGIN PRIVATE KEY-----", "PuTTY-User-Key-File-2 ", "eyJ", "eyJhbGciOiJIUzI1NiJ9.", "%41", "%25", "%20+", "+%2B", "\\\\", '\\"', "&#65;", "\u200b1", "DE89 ",
    "+49 30 1234567 ", "4111-", "123-45-6789 ", "<a>", "sk-", "tskey-auth-", "aws secret key ", "YWJj", "6a6b", "bearer a1b2c3d4 ", "=", "[", "\ud800",
    "-----BEGIN CERTIFICATE-----\nabc ", "aB3dEf5gH1jK2lM4nO6p ",
)  # fmt: skip


@pytest.mark.parametrize("piece", REPEATED)
def test_the_work_grows_with_the_length_and_no_faster(piece: str) -> None:
    """Four times the text takes about four times the work of Python, and no search in C gets stuck on 100,000 characters."""
    text = piece * (100_000 // len(piece))
    detectors = Detectors(phone_regions=["US"] if piece == "1-" else [])
    short, long = (_work(detectors, text[: len(text) // parts]) for parts in (64, 16))
    assert long < 6 * short + 400
    DETECTORS.find(text)  # quadratic search would take minutes: the test's time-out is its bound


def _work(detectors: Detectors, text: str) -> int:
    """How many functions were called, of Python and of C."""
    count = 0

    def note(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        detectors.find(text)
    finally:
        sys.setprofile(None)
    return count
