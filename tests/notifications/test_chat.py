"""Chats and mail get whole messages that are harmless, and never hold anybody up."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from countersign import limits
from countersign.errors import RulesError
from countersign.notifications.chat import Chat, UnusableUrl, open_service
from countersign.notifications.delivery import NotDelivered
from tests.notifications.receivers import Receiver, receiving_mail, until
from tests.notifications.values import HOSTILE, PLANTED, URL, news, target

TOKEN = "hook7secret7token7of7this7chat"


def _mattermost(receiver: Receiver, tmp_path: Path, query: str = "") -> Chat:
    return Chat(target(tmp_path, apprise=f"mmost://127.0.0.1:{receiver.port}/{TOKEN}{query}"))


def _said(receiver: Receiver) -> str:
    """All parts of what a Mattermost was told, as its people see it."""
    return "\n".join(json.loads(posted.body)["text"] for posted in receiver.posted)


async def test_a_chat_is_told_the_whole_news(receiver: Receiver, tmp_path: Path) -> None:
    """Title, summary and link, and nothing that is behind the log-in."""
    await _mattermost(receiver, tmp_path).send(news())
    said = _said(receiver)
    assert said.splitlines()[:2] == [
        "Approval needed: register of orders-value at prod",
        "What: register of orders-value at prod (register-version)",
    ]
    assert "- `taxId` becomes required" in said
    assert said.endswith(URL)
    assert not [secret for secret in PLANTED if secret in str(receiver.posted)]
    assert receiver.posted[0].path == f"/hooks/{TOKEN}"


@pytest.mark.parametrize("query", ["", "?overflow=truncate", "?overflow=upstream"])
async def test_500_changes_all_arrive(query: str, receiver: Receiver, tmp_path: Path) -> None:
    """In as many parts as the service needs, whatever the URL says about it."""
    summary = tuple(
        f"`property{number}` becomes required; what is valid today would be refused" for number in range(500)
    )
    await _mattermost(receiver, tmp_path, query).send(news(summary=summary))
    assert len(receiver.posted) > 5
    assert all(len(json.loads(posted.body)["text"]) <= 4000 for posted in receiver.posted)
    said = _said(receiver)
    assert [number for number in range(500) if f"`property{number}` becomes" not in said] == []
    assert said.endswith(URL)


async def test_a_name_of_10000_characters_arrives_whole(receiver: Receiver, tmp_path: Path) -> None:
    """Also where a part cannot end between words."""
    await _mattermost(receiver, tmp_path).send(news(summary=("x" * 10_000,)))
    assert _said(receiver).count("x") >= 10_000
    assert _said(receiver).endswith(URL)


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_text_is_harmless(name: str, receiver: Receiver, tmp_path: Path) -> None:
    """What chats read as mention, link or markup never arrives as such."""
    hostile = HOSTILE[name]
    await _mattermost(receiver, tmp_path).send(news(subject=hostile, summary=(hostile,), caller_people=(hostile,)))
    said = _said(receiver)
    assert not [sign for sign in ("@", "\uff20", "<", ">", "](", "]:", "www.", "\x1b", "\u202e", "``") if sign in said]
    assert said.count("://") == 1


@pytest.mark.parametrize("kind", ["text", "html", "markdown"])
async def test_the_link_is_whole_in_every_form(kind: str, receiver: Receiver, tmp_path: Path) -> None:
    """And names are shown as they are written: where `_` and `*` are markup, they are escaped."""
    chat = Chat(target(tmp_path, apprise=f"json://127.0.0.1:{receiver.port}/x?format={kind}"))
    await chat.send(news(summary=("a*b* and __init__ <i>",)))
    said = json.loads(receiver.posted[0].body)["message"]
    assert said.endswith(f"[{URL}]({URL})" if kind == "markdown" else URL)
    assert ("\\_\\_init\\_\\_" if kind == "markdown" else "__init__") in said
    assert "<i>" not in said


async def test_a_service_made_for_two_lines_gets_all(receiver: Receiver, tmp_path: Path) -> None:
    """Where Apprise itself would cut: the screen may be small, and yet it is for its owner to say so."""
    chat = Chat(target(tmp_path, apprise=f"kodi://127.0.0.1:{receiver.port}"))
    await chat.send(news(summary=tuple(f"`property{number}`" for number in range(500))))
    said = "".join(json.loads(posted.body)["params"]["message"] for posted in receiver.posted)
    assert [number for number in range(500) if f"`property{number}`" not in said] == []


async def test_mail_is_told_too(tmp_path: Path) -> None:
    """One line of configuration; HTML mail shows markup as text."""
    with receiving_mail() as (port, mails):
        url = f"mailto://127.0.0.1:{port}?from=gateway@example.com&to=leads@example.com&mode=insecure"
        await Chat(target(tmp_path, apprise=url)).send(news(summary=("<script>alert(1)</script>",)))
        (mail,) = mails
    message = email.message_from_bytes(mail, policy=email.policy.default)
    assert message["subject"] == "Approval needed: register of orders-value at prod"
    assert URL in mail.decode() or URL in str(message.get_body())
    assert "<script>" not in str([part.get_content() for part in message.walk() if not part.is_multipart()])


async def test_a_service_that_refuses_is_worth_another_try(receiver: Receiver, tmp_path: Path) -> None:
    """Also where the URL calls it optional; the text names no URL."""
    receiver.answers = [(500, {})]
    with pytest.raises(NotDelivered) as caught:
        await _mattermost(receiver, tmp_path, "?optional=yes").send(news())
    assert TOKEN not in str(caught.value)
    receiver.answers = [(200, {})]
    await _mattermost(receiver, tmp_path, "?optional=yes").send(news())


async def test_what_a_library_raises_is_named_and_not_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its text may hold the URL."""

    def breaks(url: str) -> None:
        raise RuntimeError(url)

    monkeypatch.setattr("countersign.notifications.chat.open_service", breaks)
    with pytest.raises(NotDelivered, match=r"^RuntimeError$"):
        await Chat(target(tmp_path, apprise="json://127.0.0.1/secret")).send(news())


async def test_a_redirect_is_not_followed(receiver: Receiver, tmp_path: Path) -> None:
    """Not even where the URL asks for it: the summary goes where the rules say."""
    receiver.answers = [(307, {"Location": f"http://127.0.0.1:{receiver.port}/elsewhere"}), (200, {})]
    with pytest.raises(NotDelivered):
        await _mattermost(receiver, tmp_path, "?redirect=yes").send(news())
    assert [posted.path for posted in receiver.posted] == [f"/hooks/{TOKEN}"]


async def test_a_service_that_hangs_holds_up_neither_the_loop_nor_the_end(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up after its time; until its thread has ended there is no second one."""
    monkeypatch.setattr(limits, "CHAT_SECONDS", 0.5)
    receiver.may_answer.clear()
    chat = _mattermost(receiver, tmp_path)
    sending = asyncio.ensure_future(chat.send(news()))
    await until(lambda: len(receiver.posted) == 1)
    assert not sending.done()  # the loop runs
    hanging = [thread for thread in threading.enumerate() if thread.daemon and "_report" in thread.name]
    assert len(hanging) == 1  # and Python does not wait for it at its end
    with pytest.raises(NotDelivered, match="not sent within"):
        await sending
    with pytest.raises(NotDelivered, match="earlier try"):
        await chat.send(news())
    receiver.may_answer.set()
    await until(lambda: not hanging[0].is_alive())
    monkeypatch.setattr(limits, "CHAT_SECONDS", 20.0)
    await chat.send(news())


async def test_the_url_is_read_at_use(receiver: Receiver, tmp_path: Path) -> None:
    """It can be rotated without a restart; where it is missing that is said."""
    chat = _mattermost(receiver, tmp_path)
    (tmp_path / "secret-of-there").write_text(f"mmost://127.0.0.1:{receiver.port}/another7token7of7this7chat7")
    await chat.send(news())
    assert receiver.posted[0].path == "/hooks/another7token7of7this7chat7"
    (tmp_path / "secret-of-there").unlink()
    with pytest.raises(NotDelivered, match="cannot be read"):
        await chat.send(news())
    (tmp_path / "secret-of-there").write_text("nonsense")
    with pytest.raises(NotDelivered, match="no URL that Apprise knows"):
        await chat.send(news())


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (None, r"approval\.yaml:7: the target 'there': the file .* cannot be read"),
        ("nosuchservice://host/planted", "no URL that Apprise knows"),
        ("planted", "no URL that Apprise knows"),
        ("jsons://hooks.example/planted?verify=no", "switches the check of certificates off"),
    ],
)
def test_what_could_never_be_sent_is_found_before_the_start(url: str | None, text: str, tmp_path: Path) -> None:
    """With file and line, and without the URL; a target that is merely unreachable is none of these."""
    with pytest.raises(RulesError, match=text) as caught:
        Chat(target(tmp_path, apprise=url)).check()
    assert "planted" not in str(caught.value)
    Chat(target(tmp_path, apprise="jsons://unreachable.example/planted")).check()


class _Log(logging.Handler):
    """Where mitmproxy's handlers are: at the root, from the lowest level on."""

    def __init__(self) -> None:
        super().__init__(0)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name} {record.getMessage()}")


@pytest.fixture
def log() -> Iterator[_Log]:
    """All that is logged during a test."""
    made, root = _Log(), logging.getLogger()
    level = root.level
    root.addHandler(made)
    root.setLevel(1)
    yield made
    root.removeHandler(made)
    root.setLevel(level)


async def test_nothing_of_apprise_gets_into_the_log(receiver: Receiver, tmp_path: Path, log: _Log) -> None:
    """Nor of the libraries it sends with: their messages hold URLs, and so tokens."""
    receiver.answers = [(500, {}), (200, {})]
    with pytest.raises(NotDelivered):
        await _mattermost(receiver, tmp_path).send(news())
    await _mattermost(receiver, tmp_path).send(news())
    with pytest.raises(UnusableUrl):
        open_service(f"nosuchservice://{TOKEN}")
    logging.getLogger("countersign").warning("others are heard")
    assert len(receiver.posted) == 2
    assert [line for line in log.lines if line.startswith(("apprise", "urllib3", "requests")) or TOKEN in line] == []
    assert "countersign others are heard" in log.lines


def test_what_the_service_is_cannot_be_changed_by_its_url() -> None:
    """No cut, no redirect, nothing on disk, no picture from elsewhere."""
    (service,) = open_service("json://127.0.0.1/x?overflow=truncate&redirect=yes&optional=yes&store=yes&emojis=yes")
    assert service.overflow_mode.value == "split"
    assert (service.redirects, service.optional, service.persistent_storage) == (False, False, False)
    assert not service.interpret_emojis
    assert (service.store.mode.value, service.asset.storage_mode.value) == ("memory", "memory")
    assert not service.asset.image_url("info", "128x128")


def test_apprise_is_loaded_only_where_it_is_used() -> None:
    """It takes some 50 MB and half a second."""
    code = "import sys, countersign.notifications; sys.exit('apprise' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], timeout=60, env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0
    )
