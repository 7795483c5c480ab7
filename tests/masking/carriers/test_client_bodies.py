"""Bodies of answers with masked values: in the same content codings, or not at all."""

from __future__ import annotations

import gzip
import json

import pytest

from countersign import limits
from countersign.masking.carriers import content_coding, recoding
from countersign.masking.carriers.client_bodies import NotMaskable, mask_client_body
from countersign.masking.documents.json_paths import compile_path
from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.policies import Policy
from countersign.masking.replacements import Replacements
from countersign.rulebook.values import MaskingHow, MaskingRule, Source

_JSON = ("Content-Type", "application/json")
_SECRET = "DE02120300000000202051"
_PLAIN = f'{{"name": "Zoë",  "iban": "{_SECRET}", "n": 1e2}}'.encode()
_MASKED = '{"name":"Zoë","iban":"[masked]","n":100.0}'.encode()


def rule(how: MaskingHow = "redact", **selector: tuple[str, ...]) -> MaskingRule:
    """A rule for what callers see, by path where nothing else is said."""
    chosen = {"paths": (), "headers": (), "query": (), **(selector or {"paths": ("$..iban",)})}
    return MaskingRule(
        "accounts", ("*",), ("*",), ("response-to-client",), how=how, keep=4, source=Source("masking.yaml", 2), **chosen
    )


def mask(body: bytes, *headers: tuple[str, str], by: MaskingRule | None = None) -> tuple[bytes, int]:
    """The masked body, and how many values were masked."""
    by = by or rule()
    replacements = Replacements(KeyedDigest(b"k" * 32))
    policy = Policy([(by, [compile_path(path) for path in by.paths])], None, "unknown")
    return mask_client_body(body, headers, policy, replacements), replacements.total


# -- what is masked ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ["", "identity", "gzip", "x-gzip", "deflate", "br", "zstd", "br, GZIP", "gzip,zstd"])
def test_a_body_is_masked_under_its_content_codings(coding: str) -> None:
    """What is read with them is the masked document."""
    headers = (_JSON, ("Content-Encoding", coding))
    body, count = mask(recoding.encode(_PLAIN, coding), *headers)
    assert (content_coding.decode(body, coding), count) == (_MASKED, 1)


def test_codings_in_two_fields_are_one_list() -> None:
    """As RFC 9110 has it for every list."""
    raw = recoding.encode(_PLAIN, "gzip, br")
    body, _ = mask(raw, _JSON, ("Content-Encoding", "gzip"), ("content-encoding", "br"))
    assert content_coding.decode(body, "gzip, br") == _MASKED


def test_the_same_body_is_masked_to_the_same_bytes() -> None:
    """One entity tag stands for both."""
    raw = gzip.compress(_PLAIN)
    assert mask(raw, _JSON, ("Content-Encoding", "gzip")) == mask(raw, _JSON, ("Content-Encoding", "gzip"))


@pytest.mark.parametrize("coding", ["", "gzip", "br", "zstd"])
def test_a_body_with_nothing_to_mask_stays_as_it_is(coding: str) -> None:
    """Byte for byte, white space and the choices of the service's compressor included; one with something does not."""
    for text in (b' {"a" :\t[1.50, 1e2] } ', b"null", b'"text"'):
        raw = gzip.compress(text, 1) if coding == "gzip" else recoding.encode(text, coding)
        assert mask(raw, _JSON, ("Content-Encoding", coding)) == (raw, 0)
    raw = recoding.encode(_PLAIN, coding)
    assert mask(raw, _JSON, ("Content-Encoding", coding))[0] != raw


def test_an_empty_body_stays_empty() -> None:
    """Whatever its header fields say: there is nothing in it."""
    for headers in ((), (_JSON,), (("Content-Type", "image/png"), ("Content-Encoding", "compress"))):
        assert mask(b"", *headers) == (b"", 0)


@pytest.mark.parametrize(
    ("how", "shown"),
    [("redact", "[masked]"), ("keep-last", "…2051"), ("drop", None)],
)
def test_a_rule_says_how(how: MaskingHow, shown: str | None) -> None:
    """As for what is kept."""
    body, count = mask(_PLAIN, _JSON, by=rule(how, paths=("$.iban",)))
    assert (json.loads(body).get("iban"), count) == (shown, 1)


def test_a_hashed_value_stays_comparable() -> None:
    """Equal values are equal, others are not, and the value is gone."""
    body, _ = mask(json.dumps([_SECRET, _SECRET, "x" * 20]).encode(), _JSON, by=rule("keyed-hash", paths=("$[*]",)))
    first, second, third = json.loads(body)
    assert first == second != third
    assert _SECRET not in first


@pytest.mark.parametrize(
    "by", [rule(names=("IBAN",)), rule(detectors=("iban",)), rule(paths=("$.iban",))], ids=["name", "detector", "path"]
)
def test_a_value_is_selected_by_path_name_or_look(by: MaskingRule) -> None:
    """Each kind of rule masks it; also in a document inside a string."""
    body, _ = mask(_PLAIN, _JSON, by=by)
    assert json.loads(body)["iban"] == "[masked]"
    body, _ = mask(json.dumps({"schema": _PLAIN.decode()}).encode(), _JSON, by=by)
    assert _SECRET.encode() not in body
    assert json.loads(json.loads(body)["schema"])["name"] == "Zoë"


def test_built_in_masking_does_not_hold() -> None:
    """What callers see is masked where a rule says so, and nowhere else."""
    body = b'{"password": "hunter2-hunter2", "mail": "zoe@example.org", "card": "4111111111111111"}'
    assert mask(body, _JSON) == (body, 0)
    assert mask(body, _JSON, by=rule(names=("password",)))[1] == 1


@pytest.mark.parametrize(
    "media_type",
    [
        "application/x-ndjson",
        "application/jsonl; charset=utf-8",
        "application/stream+json",
    ],
)
def test_each_line_is_a_document_of_its_own(media_type: str) -> None:
    """Paths begin at its root; empty lines say nothing and may go."""
    lines = _PLAIN + b'\r\n\n{"a": 1}\n'
    body, count = mask(lines, ("Content-Type", media_type), by=rule(paths=("$.iban",)))
    assert (body, count) == (_MASKED + b'\n{"a":1}\n', 1)
    assert mask(b'{"a": 1}\n\n{"b":2}', ("Content-Type", media_type)) == (b'{"a": 1}\n\n{"b":2}', 0)


def test_each_text_of_a_sequence_is_a_document_of_its_own() -> None:
    """RFC 7464: a record separator before, a line feed behind."""
    body, _ = mask(b"\x1e" + _PLAIN + b"\n\x1e1\n", ("Content-Type", "application/json-seq"))
    assert body == b"\x1e" + _MASKED + b"\n\x1e1\n"


# -- what is not shown ------------------------------------------------------------------------------------------------

_GOOD = (_PLAIN, (_JSON,))


@pytest.mark.parametrize(
    ("body", "headers", "why"),
    [
        (b"\x89PNG\r\n", (("Content-Type", "image/png"),), "JSON"),
        (b"plain words", (("Content-Type", "text/plain"),), "strict JSON"),
        (b"", (), ""),
        (_PLAIN, (("Content-Type", "text/html"),), "said to be JSON"),
        (_PLAIN, (("Content-Type", "application/x-www-form-urlencoded"),), "said to be JSON"),
        (_PLAIN, (("Content-Type", "multipart/form-data; boundary=x"),), "said to be JSON"),
        (_PLAIN, (("Content-Type", "application/javascript"),), "said to be JSON"),
        (_PLAIN, (_JSON, _JSON), "said to be JSON"),
        (_PLAIN, (("Content-Type", "application/json; charset=utf-16"),), "character set"),
        (_PLAIN, (("Content-Type", "application/json; charset=utf-7"),), "character set"),
        (_PLAIN.decode().encode("latin-1"), (_JSON,), "strict JSON"),
        (b"\xef\xbb\xbf" + _PLAIN, (_JSON,), "strict JSON"),
        (b'{"iban": "1", "iban": "2"}', (_JSON,), "strict JSON"),
        (_PLAIN + _PLAIN, (_JSON,), "strict JSON"),
        (_PLAIN + b"\n" + _PLAIN, (_JSON,), "strict JSON"),
        (_PLAIN + b"//", (_JSON,), "strict JSON"),
        (_PLAIN + b"\n{", (("Content-Type", "application/x-ndjson"),), "strict JSON"),
        (b"[" * 1000 + b"]" * 1000, (_JSON,), "deeper"),
        (_PLAIN, (_JSON, ("Content-Encoding", "gzip")), "content coding"),
        (gzip.compress(_PLAIN)[:-3], (_JSON, ("Content-Encoding", "gzip")), "content coding"),
        (gzip.compress(_PLAIN) * 2, (_JSON, ("Content-Encoding", "gzip")), "content coding"),
        (gzip.compress(_PLAIN), (_JSON,), "strict JSON"),
        (_PLAIN, (_JSON, ("Content-Encoding", "compress")), "content coding"),
        (gzip.compress(b" " * (limits.MAX_DECODED_BODY_BYTES + 1)), (_JSON, ("Content-Encoding", "gzip")), "larger"),
    ],
)
def test_what_cannot_be_read_in_one_way_is_not_shown(
    body: bytes, headers: tuple[tuple[str, str], ...], why: str
) -> None:
    """Each has a reason that holds nothing of it; the same document said and written properly is shown."""
    assert mask(*_GOOD[:1], *_GOOD[1])[1] == 1
    if not why:
        return
    with pytest.raises(NotMaskable, match=why) as caught:
        mask(body, *headers)
    assert caught.value.__cause__ is None
    assert _SECRET not in str(caught.value)


def test_an_answer_that_grows_too_much_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Masked values can be longer than what they stand for; a few are shown."""
    by = rule("keyed-hash", paths=("$[*]",))
    assert mask(b"[1,2]", _JSON, by=by)[1] == 2
    monkeypatch.setattr(limits, "MAX_DECODED_BODY_BYTES", 80)
    with pytest.raises(NotMaskable, match="masked"):
        mask(b"[1,2]", _JSON, by=by)
