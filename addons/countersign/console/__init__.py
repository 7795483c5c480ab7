"""The approvals pages, and mitmweb behind a guarded door: approvers see held changes there, and decide.

server.py            Console: binds, follows the desk, stops
settings.py          where it listens, under which names it may be called
application.py       mitmweb's own tornado application with an allow-list of (method, path) -> handler
door.py              what every request passes: host, origin, fetch metadata, session or bearer token, headers, errors
login_page.py        the page to log in, and what every log-in ends with
login.py             logging in with a token, and out
browser_login.py     logging in at one's own provider: the way there and the way back
pending_logins.py    who is on that way; landing.py where they go afterwards; login_attempts.py bounds guessing
sessions.py          who is logged in
twins.py             one masked, paused twin of the held request per pending approval
mitmweb_pages.py     what the mitmweb page asks for, answered per viewer with the least that lets it work
updates.py           the page's web socket, read only
decisions.py         Resume, Abort and the API, all through the approvals desk
problems.py          refusals as RFC 9457 problem details
approval_view.py     the content view that opens first
approval_pages.py    our own pages: an inbox, one page per approval, a form that decides; no script is needed
inbox_values.py      what the inbox shows; page_values.py one approval's page; page_words.py what they call things
page_rendering.py    templates, in which everything is made visible and escaped
page/                templates, styles and scripts: of the approvals, of the log-in, and what is added to mitmweb's page

Nothing is imported here: the command line uses the texts without mitmproxy.
"""
