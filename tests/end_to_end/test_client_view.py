"""What callers see of answers where rules mask them: real clients before the real gateway, over HTTP/1.1 and HTTP/2."""

from __future__ import annotations

import gzip
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from ssl import create_default_context

import pytest

from countersign.masking.carriers import content_coding
from tests.end_to_end import http2, records
from tests.end_to_end.client_views import (
    ANSWERS,
    CODINGS,
    IBAN,
    NO_HTTP,
    PIN,
    PLAIN,
    SHOWN,
    TAGGED,
    UNREADABLE,
    Ask,
    Setting,
    no_secret_in,
    running_setting,
)
from tests.end_to_end.curl import Got


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    with running_setting(tmp_path_factory.mktemp("client-view")) as running:
        yield running


@pytest.fixture(params=["--http1.1", "--http2"])
def ask(request: pytest.FixtureRequest, setting: Setting, tmp_path: Path) -> Ask:
    return Ask(setting, tmp_path, request.param)


# -- the body ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["plain", "chunked", *(f"coded-{number}" for number in range(len(CODINGS)))])
def test_values_are_masked_whatever_the_answer_is_carried_in(ask: Ask, answer: str) -> None:
    """The content codings stay, the length is right, and an owner gets every byte as the service sent it."""
    raw, read = ask(answer), ask(answer, "--compressed")
    coding = raw.header("Content-Encoding")
    assert coding == dict(ANSWERS[answer].headers).get("Content-Encoding")
    assert json.loads(content_coding.decode(raw.body, coding)) == SHOWN
    assert read.document == SHOWN
    assert raw.header("Content-Length") == str(len(raw.body))
    assert raw.header("Transfer-Encoding") is None
    assert no_secret_in(raw)
    assert ask(answer, owner=True).body == ANSWERS[answer].body


def test_an_answer_with_nothing_to_mask_keeps_its_bytes(ask: Ask) -> None:
    """White space included."""
    assert ask("clean").body == ANSWERS["clean"].body


def test_lines_of_json_are_masked_one_by_one(ask: Ask) -> None:
    """As newline-delimited JSON, which it stays."""
    got = ask("lines")
    assert [json.loads(line) for line in got.body.splitlines()] == [SHOWN, {"a": 1}]


def test_nothing_at_all_is_changed_for_whom_no_rule_holds(ask: Ask) -> None:
    """Every header field and every byte, as the service sent them."""
    context = create_default_context(cafile=str(ask.setting.stage.authority.certificate))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with opener.open(ask.setting.url("plain"), timeout=30) as answer:
        direct = [(name.lower(), value) for name, value in answer.headers.items()], answer.read()
    got = ask("plain", owner=True)
    assert [field for field in got.headers if field[0] != "date"] == [each for each in direct[0] if each[0] != "date"]
    assert got.body == direct[1]
    assert ask("plain").headers != got.headers


def test_urllib_reads_the_masked_view(setting: Setting) -> None:
    """Another client, through the proxy, with its token as the password."""
    proxy = f"http://ci:{setting.pipeline}@127.0.0.1:{setting.stage.port}"
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({"https": proxy}),
        urllib.request.HTTPSHandler(context=create_default_context(cafile=str(setting.stage.gateway_ca))),
    )
    with opener.open(setting.url("coded-0"), timeout=30) as answer:
        assert json.loads(gzip.decompress(answer.read())) == SHOWN
    with pytest.raises(urllib.error.HTTPError) as refused:
        opener.open(setting.url("refused"), timeout=30)
    with refused.value as answer:
        assert json.loads(answer.read()) == {"error": "no such account", "iban": "…2051"}


# -- the header fields ------------------------------------------------------------------------------------------------


def test_the_header_fields_are_true_of_the_view(ask: Ask) -> None:
    """A tag of its own, no digest, no ranges, for the caller's own cache only; what a rule names is masked."""
    got = ask("plain")
    assert str(got.header("ETag")).startswith('"masked-')
    assert {name: got.header(name) for name in ("Content-MD5", "Accept-Ranges")} == {
        "Content-MD5": None,
        "Accept-Ranges": None,
    }
    assert got.header("Cache-Control") == "max-age=60, private"
    assert got.header("Vary") == "Proxy-Authorization"
    assert got.header("X-Owner") == "[masked]"
    assert got.header("Last-Modified") == dict(TAGGED)["Last-Modified"]


def test_head_says_no_length(ask: Ask) -> None:
    """Nobody knows how long the view would be; an owner is told the service's."""
    got = ask("plain", "--head")
    assert (got.status, got.header("Content-Length")) == (200, None)
    assert got.header("ETag") == ask("plain").header("ETag")
    assert ask("plain", "--head", owner=True).header("Content-Length") == str(len(PLAIN))


def test_a_copy_is_current_by_the_tag_of_the_view(ask: Ask) -> None:
    """The service is asked by its own tag and says `not modified`; the copy keeps the view's tag."""
    saved = ask.folder / "etag"
    assert ask("plain", "--etag-save", str(saved)).document == SHOWN
    assert saved.read_text().strip().startswith('"masked-')
    again = ask("plain", "--etag-compare", str(saved))
    assert (again.status, again.body) == (304, b"")
    assert again.header("ETag") == saved.read_text().strip()
    assert ask.setting.asked()["if-none-match"] == '"0b5d8e0c"'


def test_a_copy_of_another_view_is_never_current(ask: Ask) -> None:
    """Not the owner's copy for the pipeline, nor the pipeline's for the owner; each is sent whole."""
    own, other = ask("plain").header("ETag"), ask("plain", owner=True).header("ETag")
    assert other == '"0b5d8e0c"'
    got = ask("plain", "--header", f"If-None-Match: {other}")
    assert (got.status, got.document) == (200, SHOWN)
    assert "if-none-match" not in ask.setting.asked()
    got = ask("plain", "--header", f"If-None-Match: {own}", owner=True)
    assert (got.status, got.body) == (200, PLAIN)


def test_a_part_is_answered_with_the_whole(ask: Ask) -> None:
    """Ranges are those of the unmasked bytes; an owner gets the part."""
    got = ask("plain", "--range", "0-19", "--header", 'If-Range: "0b5d8e0c"')
    assert (got.status, got.document) == (200, SHOWN)
    assert not {"range", "if-range"} & ask.setting.asked().keys()
    part = ask("plain", "--header", "Range: bytes=0-19", owner=True)
    assert (part.status, part.body) == (206, PLAIN[:20])


# -- what cannot be masked --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "answer"), [*(("--http1.1", answer) for answer in UNREADABLE), ("--http2", "page")], indirect=["ask"]
)
def test_what_cannot_be_masked_is_not_shown(ask: Ask, answer: str) -> None:
    """502 with a reason and a remedy, on record with what the service said; an owner gets it as it is."""
    got = ask(answer)
    assert (got.status, got.code) == (502, "answer-not-masked")
    assert "operators" in got.document["detail"]
    assert no_secret_in(got)
    (record,) = [one for one in records.read(ask.setting.stage) if one.exchange == got.document["exchange"]][-1:]
    assert (record.type, record.fields["code"]) == ("outcome", "answer-not-masked")
    assert record.fields["status"] == UNREADABLE[answer].status
    assert record.fields["client_view"] == {"status": 502, "masked": {}}
    seen = ask(answer, owner=True)
    assert (seen.status, seen.body) == (UNREADABLE[answer].status, UNREADABLE[answer].body)


@pytest.mark.parametrize("answer", NO_HTTP)
def test_an_answer_that_is_no_http_is_not_quoted(ask: Ask, answer: str) -> None:
    """mitmproxy's own page says what is wrong, not with which bytes; nor does the record."""
    got = ask.at(f"https://localhost:{ask.setting.raw_port}/schemas/orders-{answer}")
    assert got.status == 502
    assert no_secret_in(got)
    assert b"bytes not shown" in got.body
    (outcome,) = [one for one in records.read(ask.setting.stage) if one.type == "outcome_unknown"][-1:]
    assert "bytes not shown" in str(outcome.fields["reason"])
    assert IBAN not in repr(outcome)


def test_an_answer_with_trailers_is_not_shown(setting: Setting) -> None:
    """Over HTTP/2 from the service, too; without them it is shown."""
    for answer, status in (("trailers", 502), ("whole", 200)):
        reply = http2.get(setting.stage, setting.http2_port, f"/schemas/orders-{answer}")
        assert reply.status == status
        assert reply.headers["x-late"] is None
    assert reply.body == b"{}"


def test_errors_are_masked_as_all_answers_are(ask: Ask) -> None:
    """A problem document with its values masked; what is empty passes."""
    got = ask("refused")
    assert (got.status, got.document) == (404, {"error": "no such account", "iban": "…2051"})
    assert got.header("Content-Type") == "application/problem+json"
    got = ask("broken")
    assert (got.status, got.body, got.header("Content-Length")) == (500, b"", "0")
    got = ask("nothing")
    assert (got.status, got.body, got.header("Content-Length")) == (204, b"", None)


# -- the record -------------------------------------------------------------------------------------------------------


def test_the_outcome_says_what_was_answered_and_what_was_shown(ask: Ask) -> None:
    """The service's answer, masked as evidence is, and by which rules how much of it was masked for the caller."""
    for owner in (False, True):
        got = ask("plain", owner=owner)
        outcome = [one for one in records.read(ask.setting.stage) if one.type == "outcome"][-1]
        assert outcome.fields["subject"] == "orders-plain"
        assert (outcome.fields["status"], outcome.fields["code"], got.status) == (200, None, 200)
        assert outcome.fields["body"]["length"] == len(PLAIN)  # type: ignore[index, call-overload]
        shown = {"account numbers keep their end": 1, "owners": 1, "pins": 1}
        assert outcome.fields.get("client_view") == (None if owner else {"status": 200, "masked": shown})
        kept = json.loads(outcome.payloads["response-body"].data)
        assert (kept["name"], kept["cards"][0]["limit"]) == ("Zoë", 5)
        assert PIN not in outcome.payloads["response-body"].data.decode()


# -- changes ----------------------------------------------------------------------------------------------------------

_SCHEMA = {"type": "object", "properties": {"iban": {"type": "string", "default": IBAN}}}


def put(ask: Ask, subject: str, schema: object, *headers: str, owner: bool = False) -> Got:
    file = ask.folder / "schema"
    file.write_text(json.dumps(schema))
    given = ("Content-Type: application/json", *headers)
    options = [option for header in given for option in ("--header", header)]
    url = f"{ask.setting.stage.service_url}/schemas/{subject}"
    return ask.at(url, "--request", "PUT", "--data-binary", f"@{file}", *options, owner=owner)


def test_a_masked_view_is_no_base_of_a_change(ask: Ask) -> None:
    """The service answers 412 to a change made from a view, and 200 to the same change made from what it holds."""
    subject, stage = f"orders-base{ask.version}", ask.setting.stage
    stage.ask_service("PUT", f"/schemas/{subject}", json.dumps(_SCHEMA).encode())
    url = f"{stage.service_url}/schemas/{subject}"
    view, whole = ask.at(url), ask.at(url, owner=True)
    assert view.document["properties"]["iban"] == "[masked]"  # by its path: not a text, so it has no end to keep
    assert whole.document == _SCHEMA
    changed = {**_SCHEMA, "title": "Order"}
    refused = put(ask, subject, changed, f"If-Match: {view.header('ETag')}")
    assert refused.status == 412
    assert json.loads(stage.ask_service("GET", f"/schemas/{subject}")) == _SCHEMA
    made = put(ask, subject, changed, f"If-Match: {whole.header('ETag')}", owner=True)
    assert (made.status, made.document) == (200, changed)


def test_a_change_is_sent_as_it_is_and_its_answer_is_masked(ask: Ask) -> None:
    """Nothing of the request is altered for the view: its caller's condition, range and bytes reach the service."""
    subject, stage = f"orders-sent{ask.version}", ask.setting.stage
    stage.ask_service("PUT", f"/schemas/{subject}", json.dumps(_SCHEMA).encode())
    changed = {**_SCHEMA, "title": "Order"}
    got = put(ask, subject, changed, "Range: bytes=0-1", "If-Modified-Since: now")
    assert got.status == 200
    assert no_secret_in(got)
    assert str(got.header("ETag")).startswith('"masked-')
    (sent,) = [seen for seen in stage.service.seen if seen.method == "PUT" and seen.target.endswith(subject)][1:]
    assert json.loads(sent.body) == changed
    assert (sent.header("Range"), sent.header("If-Modified-Since")) == ("bytes=0-1", "now")


def test_data_goes_up_whole_and_comes_back_masked(ask: Ask) -> None:
    """The service gets every byte of it; the caller sees its own values masked."""
    file = ask.folder / "record"
    file.write_bytes(PLAIN)
    url = f"{ask.setting.stage.service_url}/data/orders-data"
    got = ask.at(url, "--data-binary", f"@{file}", "--header", "Content-Type: application/json")
    assert got.document == {"subject": "orders-data", "received": SHOWN}
    assert ask.setting.stage.service.seen[-1].body == PLAIN
