"""The approvals pages as HTML. Whatever a template shows is made visible first, then escaped: a schema is hostile text.

Only the constant text of the templates is markup; there is no way to mark a value as safe.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from countersign.visible_text import visible, visible_line

PAGE = Path(__file__).with_name("page")

#: The pages load themselves, their style and their script, and nothing else; no script or style stands in them.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def render(template: str, values: dict[str, Any]) -> str:
    """The page. Raises jinja2.UndefinedError where `values` lacks what the template shows."""
    return _TEMPLATES.get_template(template).render(values)


def _shown(value: object) -> object:
    """Every expression of a template passes here: on one line, so that nothing hides behind a line feed."""
    return value if isinstance(value, Markup) else visible_line(str(value))


def _lines(text: str) -> Markup:
    """For `<pre>`: as it is, over several lines."""
    return escape(visible(text))


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(PAGE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["lines"] = _lines
    environment.filters["typed"] = escape  # what the viewer has written goes back into its field as it was
    environment.globals["versions"] = {name: _version(name) for name in ("approvals.css", "approvals.js")}
    for name in ("safe", "tojson", "urlize", "xmlattr"):  # each gives markup
        del environment.filters[name]
    return environment


def _version(name: str) -> str:
    """In the addresses of style and script, so that a browser does not use its copy of an older one."""
    return hashlib.sha256((PAGE / name).read_bytes()).hexdigest()[:12]


_TEMPLATES = _environment()
