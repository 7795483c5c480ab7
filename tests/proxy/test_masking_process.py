"""A child that masks: as the masker itself, and replaced when it does not."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from countersign import limits
from countersign.masking import KnownSchema, MaskedMessage, MaskedSchema, NotMaskable
from countersign.proxy import masking_pipe
from countersign.proxy.masking_child import HEAD, Masking
from countersign.proxy.masking_process import MaskingProcess, NotMasked
from countersign.proxy.message_masking import Message, request_message
from countersign.strict_json import Json
from tests.proxy.rule_files import PROJECT
from tests.proxy.upstream import PATIENCE_SECONDS
from tests.proxy.values import exchange, flow, settings

_BODY = b'{"password":"hunter2","colour":"ultramarine"}'
_MARKS: dict[str, Json] = {"properties": {"colour": {"x-sensitive": True}}}


@pytest.fixture
async def process() -> AsyncIterator[MaskingProcess]:
    made = MaskingProcess(settings())
    yield made
    made.close()


def _message(body: bytes = _BODY) -> Message:
    return request_message(exchange(), flow(body=body)) | {"holds": "data"}


async def _mask(process: MaskingProcess, body: bytes = _BODY, *known: KnownSchema) -> MaskedMessage:
    return await process.message(len(body), _message(body), known)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def _until_dead(pid: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while _is_alive(pid):  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def test_it_masks_as_the_masker_does(process: MaskingProcess) -> None:
    """One child for all messages, with and without a schema that it was sent before."""
    here, schema = settings().masker(), KnownSchema("k1", _MARKS, {})
    await process.start()
    pid = process.pid
    for known in ((), (schema,), (schema,)):
        assert await _mask(process, _BODY, *known) == here.message(**_message(), known=known)
    assert process.pid == pid
    assert "ultramarine" not in str((await _mask(process, _BODY, schema)).body.text)
    assert "ultramarine" in str((await _mask(process)).body.text)


async def test_schemas_that_it_forgot_are_sent_again(process: MaskingProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps so many of them, and both ends agree on which."""
    monkeypatch.setattr(limits, "MAX_SCHEMAS_OF_MASKING", 2)
    for key in ("a", "b", "c", "a", "b", "c"):
        masked = await _mask(process, _BODY, KnownSchema(key, _MARKS, {}))
        assert "ultramarine" not in str(masked.body.text)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_child_that_is_gone_or_stuck_is_replaced(
    process: MaskingProcess, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its message is not masked, and says why without a word of it; the next one is."""
    monkeypatch.setattr(limits, "MASKING_SECONDS", 1)
    await process.start()
    pid = process.pid
    assert pid is not None
    os.kill(pid, number)
    with pytest.raises(NotMasked) as caught:
        await _mask(process)
    assert "hunter2" not in str(caught.value)
    monkeypatch.undo()
    assert (await _mask(process)).masked
    assert process.pid not in (None, pid)
    await _until_dead(pid)


async def test_nonsense_is_no_answer(process: MaskingProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A child that was taken over is not listened to: nothing but our own values is made of what it says."""
    made = tmp_path / "made"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(made),)

    schema = MaskedSchema({}, frozenset())
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "message": lambda: _mask(process),
        "schemas": lambda: process.schemas(1, "c", [(None, {}), (None, {})]),
        "pointers": lambda: process.pointers(1, "c", [{}]),
        "words": lambda: process.words(1, ["a", "b"]),
        "view": lambda: process.view(1, {}, ()),
    }
    nonsense: tuple[object, ...] = (
        Evil(),
        "x",
        (1, Evil(), None),
        (2, (schema,) * 2, None),
        (1, None, "x" * 1000),
        (1, 7, None),
    )
    for said in nonsense:
        _speak(monkeypatch, pickle.dumps("ready"), pickle.dumps(said))
        for ask in asked.values():
            with pytest.raises(NotMasked):
                await ask()
    _speak(monkeypatch, b"no pickle")
    with pytest.raises(NotMasked):
        await _mask(process)
    others: tuple[tuple[str, object], ...] = (
        ("schemas", (schema,)),
        ("schemas", (1, 2)),
        ("words", ("a",)),
        ("message", schema),
    )
    for method, said in others:
        _speak(monkeypatch, pickle.dumps("ready"), pickle.dumps((1, said, None)))
        with pytest.raises(NotMasked):
            await asked[method]()
    assert not made.exists()
    monkeypatch.undo()
    assert (await _mask(process)).masked


def _speak(monkeypatch: pytest.MonkeyPatch, *answers: bytes) -> None:
    """The next child says this, whatever it is asked."""
    said = b"".join(HEAD.pack(len(answer)) + answer for answer in answers)
    evil = f"import os, sys; os.write(1, {said!r}); sys.stdin.buffer.read()"
    monkeypatch.setattr(masking_pipe, "_START", evil)


async def test_schemas_words_and_views_are_masked_as_elsewhere(process: MaskingProcess) -> None:
    """And places in schemas; what has no view says so, and the child goes on."""
    here = Masking(settings())
    document: Json = {"properties": {"password": {"default": "hunter2"}}}
    of: list[tuple[str | None, Json]] = [("a", document), (None, True)]
    assert await process.schemas(1, "c", of) == here.schemas(connection="c", documents=of)
    assert await process.pointers(1, "c", [document]) == frozenset({"/properties/password/default"})
    assert await process.words(1, ["ann@example.com", {"a": 1}]) == ("[masked]", {"a": 1})
    pid = process.pid
    answer = {"connection": "c", "subject": "a", "groups": frozenset(), "headers": (), "body": b"{}", "holds": "data"}
    with pytest.raises(NotMaskable):
        await process.view(1, answer, ())
    assert process.pid == pid


async def test_too_much_does_not_wait(process: MaskingProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither too many messages nor too many bytes; with room they are masked."""
    for limit in ("MAX_QUEUED_MASKING", "MAX_QUEUED_MASKING_BYTES"):
        with monkeypatch.context() as patch:
            patch.setattr(limits, limit, 1)
            found = await asyncio.gather(*(_mask(process) for _ in range(3)), return_exceptions=True)
            assert any(isinstance(each, NotMasked) for each in found)
    assert all(isinstance(each, MaskedMessage) for each in await asyncio.gather(*(_mask(process) for _ in range(3))))


async def test_another_key_makes_other_hashes(process: MaskingProcess) -> None:
    """From the next message on, by a new child that never knew the old key."""
    await process.start()
    pid = process.pid
    process.renew(settings())
    assert (await _mask(process)).masked
    assert process.pid != pid


async def test_closed_it_leaves_nothing_behind() -> None:
    """The child has ended, also one that was at work; afterwards nothing is masked any more."""
    process = MaskingProcess(settings())
    await process.start()
    pid = process.pid
    assert pid is not None
    working = asyncio.ensure_future(_mask(process, b"[" + b'"a b c",' * 400_000 + b"1]"))
    await asyncio.sleep(0.05)
    process.close()
    with pytest.raises(NotMasked):
        await working
    assert not _is_alive(pid)
    with pytest.raises(NotMasked):
        await _mask(process)
    process.close()


async def test_the_child_ends_with_its_parent() -> None:
    """However that ends; signals that are meant for the parent do not end it before."""
    program = (
        "import asyncio, sys, time\n"
        "from tests.proxy.values import settings\n"
        "from countersign.proxy.masking_process import MaskingProcess\n"
        "process = MaskingProcess(settings())\n"
        "asyncio.run(process.start())\n"
        "print(process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    paths = os.pathsep.join([str(PROJECT / "addons"), str(PROJECT)])
    parent = subprocess.Popen(  # noqa: ASYNC220 - it prints one line and sleeps
        [sys.executable, "-c", program], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}
    )
    try:
        assert parent.stdout is not None
        pid = int(await asyncio.to_thread(parent.stdout.readline))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(pid, number)
        await asyncio.sleep(0.05)
        assert _is_alive(pid)
        parent.kill()
        await _until_dead(pid)
    finally:
        parent.kill()
        parent.wait()
        if parent.stdout is not None:
            parent.stdout.close()


async def test_the_event_loop_goes_on_while_a_large_body_is_masked(process: MaskingProcess) -> None:
    """A heartbeat of one millisecond misses no more than a few beats."""
    await process.start()
    body = b'{"rows":[' + b",".join(b'{"id":%d,"name":"n%d"}' % (n, n) for n in range(40_000)) + b"]}"
    longest = 0.0

    async def beat() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before)

    heart = asyncio.ensure_future(beat())
    masked = await _mask(process, body)
    heart.cancel()
    assert masked.body.text is not None
    assert longest < 0.25  # on a busy machine; what it is on a quiet one is measured elsewhere
