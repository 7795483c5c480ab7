"""`countersign evidence`."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from countersign.cli.evidence import evidence
from countersign.evidence import Entry, Payload, StatePlaces
from countersign.strict_json import Json
from tests.evidence import logs


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> StatePlaces:
    """A closed log: two exchanges, and an approval whose signature names no exchange."""
    places = StatePlaces(tmp_path_factory.mktemp("told"))
    with logs.opened(places) as log:
        logs.tell_story(log)
        held: dict[str, Json] = {"subject": "payments-value", "caller": {"people": ["carol"], "sub": "ci"}}
        log.submit(
            Entry("intent", "exchange-3", held, {"request": Payload("text/plain", b"\x1b[2Jgone")}),
            Entry("approval", "exchange-3", {"approval": "a1", "kind": "requested"}),
            Entry("approval", None, {"approval": "a1", "verdict": "approved", "data": {"person": "bob"}}),
            Entry("approval", None, {"approval": "a2", "kind": "denied", "data": {"person": "dave"}}),
            logs.outcome("exchange-3", 201),
        ).result(5)
    return places


@pytest.fixture
def state(told: StatePlaces, tmp_path: Path) -> StatePlaces:
    """A copy of it that a test may break."""
    return StatePlaces(Path(shutil.copytree(told.root, tmp_path / "state")))


def run(state: StatePlaces, *arguments: str) -> Result:
    """Run a command on a state directory."""
    return CliRunner().invoke(evidence, [arguments[0], "--state", str(state.root), *arguments[1:]])


def seqs(result: Result) -> list[int]:
    """The numbers of the records of a JSON lines answer."""
    assert result.exit_code == 0, result.output
    return [json.loads(line)["seq"] for line in result.output.splitlines()]


def test_list(told: StatePlaces) -> None:
    """The newest records come first, one line each, in plain words."""
    result = run(told, "list", "--limit", "3")
    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert [line.split()[0] for line in lines] == ["12", "11", "10"]
    assert "the service answered 201" in lines[1]
    assert "exchange-3" in lines[1]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--type", "intent"], [7, 5, 2]),
        (["--subject", "payments-value"], [7]),
        (["--caller", "alice"], [5, 2]),
        (["--caller", "ali", "--type", "intent", "--limit", "1"], [5]),
        (["--subject", "nothing"], []),
    ],
)
def test_list_filters(told: StatePlaces, filters: list[str], found: list[int]) -> None:
    """Each filter narrows the list, and they can be combined."""
    assert seqs(run(told, "list", "--json")) == list(range(12, -1, -1))
    assert seqs(run(told, "list", "--json", *filters)) == found


def test_list_since(told: StatePlaces) -> None:
    """A time is the one that the list shows, to the microsecond; without an offset it is UTC."""
    third = json.loads(run(told, "show", "3", "--json").output)[1]
    assert third["seq"] == 3
    for since in (third["time"], third["time"].removesuffix("Z")):
        assert seqs(run(told, "list", "--json", "--since", since)) == list(range(12, 2, -1))
    assert seqs(run(told, "list", "--json", "--since", third["time"].replace("Z", "+00:01"))) == list(range(12, -1, -1))
    assert seqs(run(told, "list", "--json", "--since", "2027-01-16")) == []


def test_list_since_a_period(told: StatePlaces) -> None:
    """A period is counted back from now: the test's records are in the future, so all are there."""
    assert len(seqs(run(told, "list", "--json", "--since", "24h"))) == 13


@pytest.mark.parametrize("since", ["yesterday", "7 days", "99999999999d", "999999d"])
def test_list_bad_since(told: StatePlaces, since: str) -> None:
    """What is no time is refused with the forms that are."""
    result = run(told, "list", "--since", since)
    assert result.exit_code == 2
    assert "90m" in result.output


def test_show_exchange(told: StatePlaces) -> None:
    """An exchange is shown whole: who, what, the approver, the outcome, the payload without its control characters."""
    result = run(told, "show", "exchange-3")
    assert result.exit_code == 0
    assert "carol (ci) asks for payments-value" in result.output
    assert "approval a1 approved by bob" in result.output
    assert "the service answered 201" in result.output
    assert "dave" not in result.output
    assert "\\u001b[2Jgone" in result.output
    assert "\x1b" not in result.output


def test_show_by_number(told: StatePlaces) -> None:
    """The number of any record of an exchange shows the same; one that belongs to none is shown alone."""
    assert run(told, "show", "11").output == run(told, "show", "exchange-3").output
    alone = json.loads(run(told, "show", "0", "--json").output)
    assert [record["type"] for record in alone] == ["genesis"]


def test_show_json(told: StatePlaces) -> None:
    """The JSON form holds everything, payloads included."""
    shown = json.loads(run(told, "show", "exchange-2", "--json").output)
    assert [record["type"] for record in shown] == ["intent", "decision"]
    assert base64.b64decode(shown[0]["payloads"]["request"]["base64"]) == b"\x00\xff"
    assert shown[1]["fields"]["verdict"] == "deny"


@pytest.mark.parametrize("wanted", ["exchange-9", "99", "9" * 40, "-", "\x1b[2J"])
def test_show_nothing(told: StatePlaces, wanted: str) -> None:
    """What is not there is an error that says so."""
    result = run(told, "show", wanted)
    assert result.exit_code == 2
    assert "there is no exchange" in result.output
    assert "\x1b" not in result.output


def test_tampered_record_is_not_shown(state: StatePlaces) -> None:
    """A record that disagrees with itself is not shown as if it were evidence."""
    logs.execute(state.database, "update records set verdict = 'allow' where seq = 6")
    for command in (["show", "exchange-2"], ["list"]):
        result = run(state, *command)
        assert result.exit_code == 1
        assert "evidence verify" in result.output


def test_no_database(tmp_path: Path) -> None:
    """Listing where there is no log is an error, and makes no file."""
    result = run(StatePlaces(tmp_path), "list")
    assert result.exit_code == 2
    assert not list(tmp_path.iterdir())


def test_beside_a_running_gateway(tmp_path: Path) -> None:
    """A log in use can be read and verified, and says which requests are under way."""
    places = StatePlaces(tmp_path / "state")
    with logs.opened(places) as log:
        log.submit(logs.intent("x")).result(5)
        result = run(places, "verify")
        assert result.exit_code == 0
        assert "1 request is still open" in result.output
        assert seqs(run(places, "list", "--json")) == [2, 1, 0]
        log.submit(logs.outcome("x")).result(5)
