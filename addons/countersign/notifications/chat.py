"""Chats, mail and the like, by Apprise: whole messages as plain text, from a thread of its own.

Apprise is loaded only when a target uses it. Proxies of the environment are used, as Apprise has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any

from countersign import limits
from countersign.errors import CountersignError, RulesError
from countersign.notifications.delivery import NotDelivered
from countersign.notifications.news import News
from countersign.rulebook.secret_values import NoSecret, read_secret
from countersign.rulebook.values import NotifyTarget

#: They write URLs, and so credentials, into their messages.
_TALKATIVE = ("apprise", "oauthlib", "requests", "requests_oauthlib", "urllib3")


class UnusableUrl(CountersignError):
    """What the secret holds is no URL that Apprise can use safely. Never holds the URL."""


class Chat:
    """One target of kind `apprise`."""

    def __init__(self, target: NotifyTarget) -> None:
        self._target = target
        self._ended: threading.Event | None = None  #: of the last try's thread

    def check(self) -> None:
        """Raises RulesError where the URL is not there, or Apprise does not know it. Sends nothing."""
        source = self._target.source
        try:
            open_service(self._url())
        except (NoSecret, UnusableUrl) as error:
            raise RulesError(source.file, source.line, f"the target {self._target.name!r}: {error}") from None

    async def send(self, news: News) -> None:
        """One try, of which the loop feels nothing. Raises NotDelivered, also where it takes too long.

        A long message that failed half-way is sent again from its beginning.
        """
        if self._ended is not None and not self._ended.is_set():
            raise NotDelivered("an earlier try has not ended yet")
        try:
            url = self._url()
        except NoSecret as error:
            raise NotDelivered(str(error)) from None
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended = threading.Event()
        # Not of a pool: Python waits for those when it ends, and a service that hangs would keep the gateway.
        threading.Thread(target=_report, args=(lambda: _notify(url, news), done, self._ended), daemon=True).start()
        try:
            async with asyncio.timeout(limits.CHAT_SECONDS):
                await done
        except TimeoutError:
            raise NotDelivered(f"not sent within {limits.CHAT_SECONDS} s") from None

    def _url(self) -> str:
        assert self._target.apprise is not None
        return read_secret(self._target.apprise)


def open_service(url: str) -> Any:
    """Apprise with the one service that `url` names: it cuts nothing, follows no redirect and keeps nothing on disk.

    Raises UnusableUrl.
    """
    _keep_out_of_logs()
    import apprise  # some 50 MB and half a second with all its services: only for those who use it

    asset = apprise.AppriseAsset(
        async_mode=False,
        service_timeout=0,  # ours holds; Apprise's would need threads that Python waits for at its end
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        pgp_autogen=False,
        pem_autogen=False,
        allow_templates=False,
        interpret_emojis=False,
        app_id="Countersign",
        app_desc="Countersign",
        image_url_mask="",
        image_url_logo="",
    )
    service = apprise.Apprise.instantiate(url, asset=asset)
    if service is None:
        raise UnusableUrl("what is there is no URL that Apprise knows; see its documentation of the service")
    if not service.verify_certificate:
        raise UnusableUrl("its URL switches the check of certificates off; leave `verify=no` out")
    service.overflow_mode = apprise.OverflowMode.SPLIT
    service.body_max_line_count = 0
    service.redirects = False
    service.optional = False  # else what fails counts as sent
    service.persistent_storage = False
    return apprise.Apprise(service, asset=asset)


def _notify(url: str, news: News) -> None:
    from apprise import NotifyFormat, conversion

    convert: Any = conversion.convert_between  # has no types
    box = open_service(url)
    body, form = news.text, NotifyFormat.TEXT
    if box[0].resolve_format(form) == NotifyFormat.MARKDOWN:  # Apprise would escape the link too, and it would be none
        *lines, _ = news.lines
        form = NotifyFormat.MARKDOWN
        body = convert(NotifyFormat.TEXT, form, "\n".join(lines)) + f"\n[{news.url}]({news.url})"
    if not box.notify(body=body, title=news.title, body_format=form):
        raise NotDelivered("the service did not take it")


def _report(work: Callable[[], None], done: asyncio.Future[None], ended: threading.Event) -> None:
    """In a thread: do `work`, and tell the loop of `done`, if both still live, how it ended."""
    failure: NotDelivered | None = None
    try:
        work()
    except CountersignError as error:
        failure = NotDelivered(str(error))
    except Exception as error:  # noqa: BLE001  # of any library; its text may hold the URL
        failure = NotDelivered(type(error).__name__)
    ended.set()
    with contextlib.suppress(RuntimeError):  # the loop is closed
        done.get_loop().call_soon_threadsafe(_settle, done, failure)


def _settle(done: asyncio.Future[None], failure: NotDelivered | None) -> None:
    if done.done():
        return
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)


def _keep_out_of_logs() -> None:
    """The gateway's handlers are at the root: nothing of these reaches them, also when they log while they load."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:  # else Python prints warnings that no handler takes
            logger.addHandler(logging.NullHandler())
