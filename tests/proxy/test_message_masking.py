"""Which messages are masked here and which by the child, and what is kept where neither does it."""

from __future__ import annotations

import gzip
from contextlib import nullcontext
from typing import Any

import pytest
from mitmproxy import http

from countersign import limits
from countersign.masking import KnownSchema, MaskedAnswer, MaskedMessage, MaskedSchema, MaskingFailed, NotMaskable
from countersign.proxy.known_schemas import NOTHING_KNOWN, Known
from countersign.proxy.masking_child import Masking
from countersign.proxy.masking_process import MaskingProcess, NotMasked
from countersign.proxy.message_masking import MessageMasking, request_message, response_message
from countersign.rulebook.values import MaskingRule
from countersign.strict_json import Json
from tests.proxy.values import DIGEST, SOURCE, exchange, flow, operation, settings

_LARGE = b'{"password":"hunter2","pad":"' + b"a " * limits.ON_LOOP_BYTES + b'"}'
_RULE = MaskingRule(
    "pins", ("*",), ("*",), ("request", "schema", "response-to-client"), (), (), (), "redact", 0, SOURCE, names=("pin",)
)
_SMALL = b'{"password":"hunter2"}'


class _Child(MaskingProcess):
    """Says that it was asked, or fails."""

    def __init__(self, *, fails: bool) -> None:
        super().__init__(settings())
        self.asked = 0
        self._fails = fails

    async def message(self, size: int, message: dict[str, Any], known: Any) -> MaskedMessage:
        self.asked += 1
        if self._fails:
            raise NotMasked("masking took too long")
        return settings().masker().message(**message, known=known)

    async def schemas(self, size: int, connection: str, documents: Any) -> tuple[MaskedSchema, ...]:
        masked: tuple[MaskedSchema, ...] = self._do("schemas", connection=connection, documents=documents)
        return masked

    async def pointers(self, size: int, connection: str, documents: Any) -> frozenset[str]:
        found: frozenset[str] = self._do("pointers", connection=connection, documents=documents)
        return found

    async def words(self, size: int, values: Any) -> tuple[Json, ...]:
        masked: tuple[Json, ...] = self._do("words", values=values)
        return masked

    async def view(self, size: int, answer: dict[str, Any], known: Any) -> MaskedAnswer:
        masked: MaskedAnswer = self._do("view", **answer, known=known)
        return masked

    def _do(self, method: str, **arguments: Any) -> Any:
        self.asked += 1
        if self._fails:
            raise NotMasked("masking took too long")
        return getattr(Masking(settings(_RULE)), method)(**arguments)


@pytest.mark.parametrize(
    ("body", "headers", "known", "asked"),
    [
        (_SMALL, (), NOTHING_KNOWN, 0),
        (_LARGE, (), NOTHING_KNOWN, 1),
        (gzip.compress(_SMALL), (("Content-Encoding", "gzip"),), NOTHING_KNOWN, 1),
        (_SMALL, (("X-Long", "a " * limits.ON_LOOP_BYTES),), NOTHING_KNOWN, 1),
        (_SMALL, (), Known((KnownSchema("k", True, {}),), limits.ON_LOOP_BYTES), 1),
    ],
)
async def test_what_may_take_long_goes_to_the_child(body: bytes, headers: Any, known: Known, asked: int) -> None:
    """A large body, one that may be larger than it looks, long headers, a large schema; a small one does not."""
    child = _Child(fails=False)
    masked = await MessageMasking(settings(), child).masked(
        request_message(exchange(), flow(body=body, headers=headers)), known
    )
    assert child.asked == asked
    assert masked.masked
    assert "hunter2" not in str(masked)


async def test_what_the_child_does_not_mask_is_not_kept() -> None:
    """Nothing readable: length, digest, why, and how many headers there were. The small one passes."""
    masking = MessageMasking(settings(), _Child(fails=True))
    masked = await masking.masked(request_message(exchange(), flow(body=_LARGE)))
    assert (masked.target, set(masked.headers)) == ("[masked]", {("[masked]", "[masked]")})
    assert (masked.body.text, masked.body.length, masked.body.media_type) == (None, len(_LARGE), "unknown")
    assert (masked.body.digest, masked.body.why_unreadable) == (
        DIGEST.of(_LARGE, label="body"),
        "masking took too long",
    )
    small = await masking.masked(request_message(exchange(), flow(body=_SMALL)))
    assert small.body.text is not None


async def test_a_message_without_its_body() -> None:
    """Headers and target as always; of the body length and digest, and why."""
    masking = MessageMasking(settings(), _Child(fails=True))
    masked = await masking.without_body(request_message(exchange(), flow(body=_LARGE)), "because")
    assert masked.target == "/schemas/a?x=1"
    assert (masked.body.text, masked.body.length, masked.body.why_unreadable) == (None, len(_LARGE), "because")
    assert masked.body.digest == DIGEST.of(_LARGE, label="body")
    empty = await masking.without_body(request_message(exchange(), flow(body=b"")), "because")
    assert (empty.body.length, empty.body.why_unreadable) == (0, None)


def test_a_message_says_what_it_is_about() -> None:
    """The subject, what the operation's bodies hold, the placeholders of the path; of an answer no target."""
    made = flow()
    made.response = http.Response.make(200, b"{}")
    asked = exchange(operation=operation(path_names=("", "subject")), justification="because")
    request, response = request_message(asked, made), response_message(asked, made)
    assert (request["connection"], request["subject"], request["direction"]) == ("schemas", "a", "request")
    assert (request["holds"], request["path_names"]) == ("schema", ("", "subject"))
    assert request["headers"][-1] == ("countersign-justification", "because")
    assert (response["holds"], response["target"], response["direction"]) == ("schema", None, "response")
    nobody = request_message(exchange(operation=None, connection=None), made)
    assert (nobody["connection"], nobody["subject"], nobody["holds"], nobody["path_names"]) == ("", None, "unknown", ())


def test_another_key_of_values_masks_at_once() -> None:
    """Small messages are hashed under the new key."""
    masking = MessageMasking(settings(), _Child(fails=True))
    before = masking.masker
    masking.renew(b"w" * 32)
    assert masking.masker is not before
    assert masking.text("harmless words") == "harmless words"


def test_a_text_that_would_take_long_is_not_searched_here() -> None:
    """Nothing of it is kept; one that is short enough is."""
    masking = MessageMasking(settings(), _Child(fails=True))
    assert masking.text("a " * limits.ON_LOOP_BYTES) == "[masked]"
    assert masking.text("a " * 1000) == "a " * 1000


@pytest.mark.parametrize(("size", "asked"), [(limits.ON_LOOP_BYTES - 1, 0), (limits.ON_LOOP_BYTES, 3)])
async def test_large_schemas_and_what_is_said_of_them_go_to_the_child(size: int, asked: int) -> None:
    """The same comes of small ones, which are masked in this process."""
    child = _Child(fails=False)
    masking = MessageMasking(settings(_RULE), child)
    document: Json = {"properties": {"pin": {"default": "4815"}}}
    (masked,) = await masking.schemas(size, "schemas", [("a", document)])
    assert masked.document == {"properties": {"pin": {"default": "[masked]"}}}
    assert await masking.pointers(size, "schemas", [document]) == masked.pointers == {"/properties/pin/default"}
    words = await masking.words(size, ["write to ann@example.com", {"a": "ann@example.com"}])
    assert words == ("write to [masked]", {"a": "[masked]"})
    assert child.asked == asked


async def test_what_has_no_masked_form_is_not_shown() -> None:
    """Where the child does not answer there is no schema, no pointer and no word; what is small does not need it."""
    masking = MessageMasking(settings(), _Child(fails=True))
    for size, fails in ((limits.ON_LOOP_BYTES, pytest.raises(MaskingFailed)), (0, nullcontext())):
        with fails:
            await masking.schemas(size, "schemas", [("a", True)])
        with fails:
            await masking.pointers(size, "schemas", [True])
        with fails:
            await masking.words(size, ["a"])
    assert await masking.pointers(limits.ON_LOOP_BYTES, "schemas", []) == frozenset()


_WHOSE: dict[str, Any] = {"connection": "schemas", "subject": "a", "groups": frozenset()}


async def test_a_large_answer_is_masked_for_its_caller_by_the_child() -> None:
    """As a small one is here; and one with a content coding, which may be larger than it looks."""
    child = _Child(fails=False)
    masking = MessageMasking(settings(_RULE), child)
    view = masking.client_views.of(**_WHOSE)
    assert view is not None
    shown = []
    for pad, asked in ((b"", 0), (b"a " * limits.ON_LOOP_BYTES, 1)):
        answer = {"headers": (), "body": b'{"pin":"4815","pad":"%s"}' % pad, "holds": "data"}
        shown.append(await masking.view(view, _WHOSE, answer, NOTHING_KNOWN))
        assert child.asked == asked
    assert [b"4815" in each.body or each.masked != {"pins": 1} for each in shown] == [False, False]
    coded = {"headers": (("Content-Encoding", "gzip"),), "body": gzip.compress(b'{"pin":"4815"}'), "holds": "data"}
    assert gzip.decompress((await masking.view(view, _WHOSE, coded, NOTHING_KNOWN)).body) == b'{"pin":"[masked]"}'
    assert child.asked == 2


async def test_an_answer_that_the_child_does_not_mask_has_no_view() -> None:
    """It says why; a small one has its view."""
    masking = MessageMasking(settings(_RULE), _Child(fails=True))
    view = masking.client_views.of(**_WHOSE)
    assert view is not None
    with pytest.raises(NotMaskable, match="too long"):
        await masking.view(view, _WHOSE, {"headers": (), "body": _LARGE, "holds": "data"}, NOTHING_KNOWN)
    small = await masking.view(view, _WHOSE, {"headers": (), "body": b'{"pin":1}', "holds": "data"}, NOTHING_KNOWN)
    assert small.body == b'{"pin":"[masked]"}'
