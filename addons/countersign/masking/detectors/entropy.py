"""Tokens that look drawn at random, so that they can only be a secret or a name that nobody chose.

Does not find passwords that people make up, and leaves out what is random but public: digests, UUIDs, ULIDs, trace ids,
boundaries of MIME parts, pictures, public keys.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from countersign.masking.detectors.encodings import decoded_text
from countersign.masking.detectors.findings import Finding

_NAME: Final = "high-entropy"
_TOKEN = re.compile(r"(?<![A-Za-z0-9+/_%-])[A-Za-z0-9+/_-]{20,}+={0,2}")
_PART = re.compile(r"[A-Za-z0-9]{2,}")
_LONG_PART = re.compile(r"[A-Za-z0-9]{24,}")
_SAMPLE_CHARACTERS: Final = 256  # of a long token: as much as shows what it is

_HEX = re.compile(r"g?([0-9a-f]+)|([0-9A-F]+)")  # git describes a commit with a `g` in front
_DIGEST_DIGITS: Final = frozenset((32, 40, 56, 64, 96, 128))  # MD5 to SHA-512, git ids, UUIDs without hyphens
_MIN_HEX_DIGITS: Final = 33  # below, nearly all are identifiers
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
#: What stands in front of tokens that are random and public.
_PUBLIC_BEFORE = re.compile(
    r"(?i:sha(?:1|224|256|384|512)[-:=/ ]|md5[-:=]|integrity=\W?|boundary\W{0,3}|;base64,|ssh-(?:rsa|dss|ed25519) |\bW/\"|etag\W{1,4}|nonce-)\Z"
)
_BEFORE_CHARACTERS: Final = 16
#: Beginnings of pictures, fonts, archives and documents in base64, of public keys in SSH's format, of digests of web pages.
_PUBLIC_BEGINNING = re.compile(
    r"iVBORw0KGgo|R0lGOD[dl]h|/9j/4|UklGR|PHN2Z|Qk[0-9A-Za-z]{2}AA|AAABAA|d09GM|T1RUT|JVBERi0|UEsDB|AAAA[BCEGI][23]NzaC1|sha(?:256|384|512)-"
)
_BOUNDARY = re.compile(r"(?i:boundary|formdata|_part_|nextpart|mime)")
_ENTITY_TAG = re.compile(r"[0-9a-f]{1,8}-[A-Za-z0-9+/]{22,27}=*")
_PUBLIC_BLOCK = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}(?:CERTIFICATE|PUBLIC KEY|REQUEST|CRL|SIGNATURE|PARAMETERS)[ A-Z]{0,12}-----[^-]*+(?:-----END)?"
)

_CLASSES: Final = str.maketrans(
    {
        **{chr(code): "l" for code in range(97, 123)},
        **{chr(code): "u" for code in range(65, 91)},
        **dict.fromkeys("0123456789", "d"),
    }
)
_CHANGES: Final = ("lu", "ld", "dl", "du", "ud")  # a capital before a small letter begins a word
# Measured on names in programs and on drawn tokens: these tell 98.5 % of the tokens from 99.5 % of the names.
_MIN_CHANGES: Final = 0.2  # of kind, for each character
_MAX_COMMON_PAIRS: Final = 0.5  # at so few changes; more changes outweigh more pairs
_MIN_ENTROPY_BITS: Final = 3.4
_MIN_HEX_ENTROPY_BITS: Final = 3.0
_MIN_ONE_CASE_CHANGES: Final = 0.15  # between letters and digits: there is no other kind
#: Two letters that often follow each other in English and German words and in the names that programs have.
_COMMON: Final = frozenset(
    "th he in er an re nd on en at ou ed ha to or it is hi es ng st ar te se me ve al le nt ti de ne ra ro li ri io co ic ll ch "
    "ma as ta el la sc be us ce no si om ec ie ur un ge tr ca ss pe et em ac pr il di lo ei so so ut mo po rs ns id na ad ol ul "
    "ho sh ow ly ty fi am im ag oc ap up ir op ab us su da do ev ue ea oo ee tt ff pp ke ck ct mp ex key ey pl ot fo wi wh fa "
    "ga go gh rt ts ds ls ms rn rm rd ry ay ev iv iz av ob ub ud ug um vi vo pa pi bl br cl cr dr fr gr qu sp tu tw ye ni nc".split()
)


def find_random_tokens(text: str) -> Iterator[Finding]:
    """The tokens of base64, base64url or hexadecimal letters in `text` that look random, from 20 letters on."""
    public: list[tuple[int, int]] | None = None
    place = 0
    for token in _TOKEN.finditer(text):
        if not _is_random(token[0]) or _is_public(text, token):
            continue
        if public is None:
            public = [block.span() for block in _PUBLIC_BLOCK.finditer(text)] if "-----BEGIN " in text else []
        while place < len(public) and public[place][1] <= token.start():
            place += 1
        if place == len(public) or token.start() < public[place][0]:
            yield Finding(*token.span(), _NAME)


def _is_public(text: str, token: re.Match[str]) -> bool:
    value, start = token[0], token.start()
    return bool(
        _PUBLIC_BEFORE.search(text[max(start - _BEFORE_CHARACTERS, 0) : start])
        or _PUBLIC_BEGINNING.match(value)
        or _BOUNDARY.search(value)
        or (text[max(start - 1, 0) : start] == '"' and _ENTITY_TAG.fullmatch(value))
        or decoded_text(value) is not None  # readable, and read by the other detectors
    )


def _is_random(token: str) -> bool:
    sample = token[:_SAMPLE_CHARACTERS].rstrip("=")
    if sample.islower() or sample.isupper() or sample.isdigit():
        return any(_is_random_in_one_case(part[0]) for part in _LONG_PART.finditer(sample))
    return _looks_drawn(sample) and not all(_is_plain(part) for part in _PART.findall(sample))


def _is_plain(part: str) -> bool:
    """Whether a part of a token is digits, a digest, a ULID or letters of one case."""
    if part.isdigit() or (part.isalpha() and (part.islower() or part.isupper())):
        return True
    if digits := _HEX.fullmatch(part):
        length = len(digits[1] or digits[2])
        return length < _MIN_HEX_DIGITS or length in _DIGEST_DIGITS
    return bool(_ULID.fullmatch(part))


def _looks_drawn(sample: str) -> bool:
    """Letters of both cases: by how often their kind changes, which pairs they form, and how many different ones there are."""
    classes = sample.translate(_CLASSES)
    changes = sum(map(classes.count, _CHANGES)) / len(classes)
    if changes < _MIN_CHANGES or entropy(sample) < _MIN_ENTROPY_BITS:
        return False
    return _share_of_common_pairs(sample) < _MAX_COMMON_PAIRS + (changes - _MIN_CHANGES) / 2


def _is_random_in_one_case(part: str) -> bool:
    if _is_plain(part):
        return False
    if _HEX.fullmatch(part):
        return entropy(part) >= _MIN_HEX_ENTROPY_BITS
    classes = part.translate(_CLASSES)
    changes = sum(map(classes.count, ("ld", "dl", "ud", "du"))) / len(classes)
    return (
        changes >= _MIN_ONE_CASE_CHANGES
        and entropy(part) >= _MIN_ENTROPY_BITS
        and _share_of_common_pairs(part) < _MAX_COMMON_PAIRS
    )


def entropy(token: str) -> float:
    """Shannon entropy of the letters of `token`, in bits per letter. Raises ValueError for an empty one."""
    if not token:
        raise ValueError("an empty token has no entropy")
    return -sum(count / len(token) * math.log2(count / len(token)) for count in Counter(token).values())


def _share_of_common_pairs(token: str) -> float:
    small = token.lower()
    pairs = [pair for pair in map("".join, pairwise(small)) if pair.isalpha()]
    return sum(pair in _COMMON for pair in pairs) / len(pairs) if pairs else 0.0
