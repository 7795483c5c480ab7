"""What mitmweb's page asks for: itself, its files, the viewer's twins, one twin's content, and the least of all else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import tornado.escape
import tornado.web
from mitmproxy.contentviews import Metadata
from mitmproxy.tools.web import app

from countersign.approvals.eligibility import may_see
from countersign.console.door import Door
from countersign.console.landing import Landing
from countersign.console.problems import Problem
from countersign.console.settings import ConsoleError
from countersign.console.twins import Twin
from countersign.visible_text import visible, visible_line

if TYPE_CHECKING:
    from countersign.console.application import ConsoleApplication

_PAGE = Path(__file__).with_name("page")
_HEAD = "<head>"


def index_page() -> str:
    """mitmweb's own page with our style and script before its own. Raises ConsoleError where it is not as expected."""
    page = Path(app.__file__).with_name("index.html").read_text(encoding="utf-8")
    if page.count(_HEAD) != 1:
        raise ConsoleError("mitmweb's page is not the one this version knows; install the pinned mitmproxy")
    ours = '<script src="./approver.js"></script><link rel="stylesheet" href="./approver.css">'
    return page.replace(_HEAD, _HEAD + ours)


class MitmwebHandler(Door, app.RequestHandler):
    """mitmproxy's own handler behind the door: its wrapping of every method by an authentication check stays on."""

    application: ConsoleApplication

    def prepare(self) -> Any:
        return Door.prepare(self)

    def twin(self, twin_id: str) -> Twin:
        """The twin that the viewer may see. Raises Problem 404 for any other, so that ids cannot be probed."""
        twin = self.view.get_by_id(twin_id)
        if not isinstance(twin, Twin) or not may_see(twin.approval, self.session.caller):
            raise Problem(404, "there is no pending approval of this id for you")
        return twin


class Index(MitmwebHandler):
    """The page."""

    is_page = True

    def login_path(self) -> str:
        return Landing(is_mitmweb=True).carried_by("/login")

    def get(self) -> None:
        assert self.xsrf_token  # sets its cookie, which the page's script reads
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        person = tornado.escape.xhtml_escape(visible_line(", ".join(sorted(self.session.caller.people))))
        self.finish(
            self.application.index.replace(_HEAD, f'{_HEAD}<meta name="countersign-person" content="{person}">')
        )


class PageFile(Door, tornado.web.StaticFileHandler):
    """One file of mitmweb's page, or of ours."""

    def set_extra_headers(self, path: str) -> None:
        self.set_header("Cache-Control", "private, max-age=3600")

    def compute_etag(self) -> str | None:
        return tornado.web.StaticFileHandler.compute_etag(self)


class Fixed(MitmwebHandler):
    """A constant answer to a question that mitmweb's page asks at its start."""

    def initialize(self, document: dict[str, Any] | list[Any]) -> None:
        self.document = document

    def get(self) -> None:
        self.write(self.document)


class Flows(MitmwebHandler):
    """The twins that the viewer may see."""

    def get(self) -> None:
        viewer = self.session.caller
        self.write([twin.as_json() for twin in self.view if may_see(twin.approval, viewer)])


class Content(MitmwebHandler):
    """One twin's request through one content view; whole, whatever number of lines the page asks for."""

    async def get(self, twin_id: str, message: str, view_name: str) -> None:
        twin = self.twin(twin_id)
        if message != "request":
            raise Problem(404, "a held request has no response yet")
        views = self.application.content_views
        name = view_name.lower()
        if name != "auto" and name not in views:
            raise Problem(404, f"the console has no such view; it has {', '.join(views.available_views())}")
        data = twin.request.raw_content or b""
        metadata = Metadata(flow=twin, http_message=twin.request, content_type="application/json")
        view = views.get_view(data, metadata, name)
        try:
            text = await self.application.in_turn(self.session.caller, lambda: view.prettify(data, metadata))
        except ValueError:
            text = "this view cannot show the body; choose another"
        self.write(
            {
                "text": visible(text),
                "view_name": view.name,
                "syntax_highlight": view.syntax_highlight,
                "description": "",
            }
        )
