"""The corpus through one gateway, in every carrier and encoding: nothing that is kept has a secret, and nothing was changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import pytest

from tests.end_to_end import records, traces
from tests.end_to_end.answers import answer_heads
from tests.end_to_end.approver import Approver
from tests.end_to_end.campaign import Campaign, stage_with_mirror
from tests.end_to_end.carriers import Carried, bodies
from tests.end_to_end.encodings import Encoded, encodings
from tests.end_to_end.heads import request_heads
from tests.end_to_end.leaks import Leak, Scanner
from tests.end_to_end.planted import cores, corpus

PUBLIC = "an order of the shop 8d1f"  # no secret, and so it has to be there: the search looks where things are kept
MANY = 500  # pairs: of more of them, every other one is an answer, too
type Pair = tuple[Carried, Encoded]


@dataclass(frozen=True)
class Played:
    """What there is to look at once everything has happened."""

    leaks: list[Leak]
    public: list[Leak]
    changed: list[str]
    sent: int
    recorded: int


def every_pair(carried: Sequence[Carried]) -> Iterator[Pair]:
    """Each carrier in each encoding."""
    yield from ((each, encoded) for each in carried for encoded in encodings(each))


def pairwise(carried: Sequence[Carried]) -> Iterator[Pair]:
    """Each carrier as it is and in one other encoding, so that each encoding has several carriers."""
    turns = count()
    for each in carried:
        first, *others = encodings(each)
        yield each, first
        yield each, others[next(turns) % len(others)]


def play(campaign: Campaign, choose: Callable[[Sequence[Carried]], Iterable[Pair]]) -> None:
    """Requests and answers, over HTTP/1.1 and HTTP/2."""
    secrets = corpus()
    pairs = list(choose([*bodies(secrets), Carried("public", "application/json", f'"{PUBLIC}"'.encode())]))
    for number, (carried, encoded) in enumerate(pairs):
        campaign.send_body(carried.name, encoded)
        if len(pairs) > MANY and number % 2:
            continue  # there is an odd number of encodings: each has answers, and each carrier, too
        head = "\r\n".join(["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in encoded.fields)])
        campaign.answer(f"answer: {carried.name}, {encoded.name}", head.encode(), encoded.on_the_wire)
    for carried, encoded in pairs[::3]:
        if not encoded.is_chunked:
            campaign.send_over_http2(f"HTTP/2: {carried.name}, {encoded.name}", encoded)
    late = tuple(("x-late", secret.text) for secret in secrets if secret.has_form and secret.is_ascii_line)
    campaign.send_over_http2("trailers", pairs[0][1], late)
    for each in request_heads(secrets):
        campaign.send_head(each)
    for name, written in answer_heads(secrets):
        campaign.answer(name, written, b"{}")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(pairwise, id="pairwise", marks=pytest.mark.timeout(300)),
        pytest.param(every_pair, id="exhaustive", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
    ],
)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Requests, answers, requests over HTTP/2; then everything that can be read is read."""
    secrets = corpus()
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("leaks")
        (folder / "temporary").mkdir()
        patch.setenv("TMPDIR", str(folder / "temporary"))
        with stage_with_mirror(folder / "stage") as (stage, mirror):
            with Campaign(stage, mirror) as campaign:
                play(campaign, request.param)
            bob = Approver(stage, "bob")
            said = [*traces.commands(stage, bob.token), *traces.console(bob, ())]
            recorded = len({record.exchange for record in records.read(stage)})
            scanner = Scanner(cores(secrets))
            leaks = scanner.in_all(said) + scanner.in_files(traces.files(stage, folder / "temporary"))
        leaks += scanner.in_files(traces.files(stage))  # also what is only written at the end
        public = Scanner({"public": PUBLIC}).in_files(traces.files(stage))
    return Played(leaks, public, campaign.changed, campaign.sent, recorded)


def test_nothing_that_is_kept_or_shown_has_a_secret(played: Played) -> None:
    """Not one of the corpus, in no writing: in no file, no output, no answer of the console, no export."""
    assert [str(leak) for leak in played.leaks] == []


def test_everything_passed_as_it_was(played: Played) -> None:
    """Each request arrived byte for byte, each answer came back byte for byte; what had to be refused was."""
    assert played.changed == []


def test_the_search_looked_where_things_are_kept(played: Played) -> None:
    """What is no secret was found in the evidence, and there is a record of each request."""
    assert any(leak.place.startswith("evidence.db payloads.data") for leak in played.public)
    assert played.recorded >= played.sent
