"""mitmweb behind a guarded door: approvers see held changes and decide with Resume (approve) and Abort (deny).

server.py            Console: binds, follows the desk, stops
settings.py          where it listens, under which names it may be called
application.py       mitmweb's own tornado application with an allow-list of (method, path) -> handler
door.py              what every request passes: host, origin, fetch metadata, session or bearer token, headers, errors
sessions.py          who is logged in; login.py logs in and out; login_attempts.py bounds guessing
twins.py             one masked, paused twin of the held request per pending approval
mitmweb_pages.py     what the mitmweb page asks for, answered per viewer with the least that lets it work
updates.py           the page's web socket, read only
decisions.py         Resume, Abort and the API, all through the approvals desk
problems.py          refusals as RFC 9457 problem details
approval_document.py one approval as the API shows it
approval_view.py     the content view that opens first
page/                the style and the script added to mitmweb's page, and the log-in page

Nothing is imported here: the command line uses the texts without mitmproxy.
"""
