"""Templates: hostile text comes out visible and escaped; the colours can be read."""

from __future__ import annotations

import re

import jinja2
import pytest

from countersign.console import page_rendering
from countersign.console.page_rendering import PAGE, POLICY, render

PROBLEM = {"status": 404, "title": "Not Found", "detail": "there is none"}


def test_a_page_is_filled() -> None:
    """With what it is given."""
    page = render("problem.html", PROBLEM)
    assert '<p role="alert">there is none</p>' in page
    assert page.startswith("<!doctype html>\n<html lang=")


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("\"' onfocus=alert(1)", "&#34;&#39; onfocus=alert(1)"),
        ("a\u202eb", "a\\u202eb"),
        ("\x1b[2J", "\\u001b[2J"),
        ("one\ntwo", "one\\u000atwo"),
        ("a\u200bb\u00ad\ufeff", "a\\u200bb\\u00ad\\ufeff"),
    ],
)
def test_hostile_text_is_visible_and_escaped(hostile: str, shown: str) -> None:
    """Whatever the template does with it."""
    assert f'<p role="alert">{shown}</p>' in render("problem.html", {**PROBLEM, "detail": hostile})


def test_a_value_that_is_not_there_is_an_error() -> None:
    """A page never shows less than it should without a word."""
    with pytest.raises(jinja2.UndefinedError, match="detail"):
        render("problem.html", {"status": 404, "title": "x"})


def of(source: str, **values: object) -> str:
    """`source` as a template of the pages."""
    return page_rendering._TEMPLATES.from_string(source).render(values)


def test_documents_keep_their_lines_and_nothing_else() -> None:
    """`lines` is for `<pre>`, `typed` for what the viewer wrote themselves; both escape."""
    assert of("{{ text|lines }}", text="a\n\tb\r<\u202e") == "a\n\tb\\u000d&lt;\\u202e"
    assert of("{{ text|typed }}", text="a\n<b>\u200d") == "a\n&lt;b&gt;\u200d"


@pytest.mark.parametrize("name", ["safe", "tojson", "urlize", "xmlattr"])
def test_no_filter_makes_markup(name: str) -> None:
    """There is no way to show a value unescaped; an ordinary filter works."""
    with pytest.raises(jinja2.TemplateAssertionError):
        of("{{ text|" + name + " }}", text="<b>")
    assert of("{{ text|upper }}", text="<b>") == "&lt;B&gt;"


@pytest.mark.parametrize("path", sorted(PAGE.glob("*.html")), ids=lambda path: path.name)
def test_no_template_holds_script_or_style(path: object) -> None:
    """The policy would stop it; it should not be needed. Nothing is loaded from elsewhere."""
    if getattr(path, "name", "") in ("login.html", "logged_in.html"):  # their own policy allows their own style
        return
    text = (PAGE / getattr(path, "name", "")).read_text()
    assert not re.search(r"\son[a-z]+=|\sstyle=|<style|javascript:|https?://|\|\s*safe|autoescape", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


def test_the_policy_allows_our_own_files_only() -> None:
    """No inline script, no inline style, no frame, no foreign form."""
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    for part in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"):
        assert part in POLICY


# -- colours (WCAG 2.2, 1.4.3 and 1.4.11) -------------------------------------------------------------------------------

TEXT, SHAPE = 4.5, 3.0
PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "faint", "link") for ground in ("paper", "sheet", "code")),
    *((f"{level}-ink", level, TEXT) for level in ("high", "medium", "low")),
    ("high-ink", "old", TEXT),
    ("low-ink", "new", TEXT),
    ("faint", "old", TEXT),
    ("faint", "new", TEXT),
    ("on-button", "yes", TEXT),
    ("no", "sheet", TEXT),
    ("paper", "ink", TEXT),
    *((edge, ground, SHAPE) for edge in ("edge", "focus", "yes", "no") for ground in ("paper", "sheet")),
    ("no", "high", SHAPE),
]


def palette(scheme: str) -> dict[str, str]:
    """The colours of one scheme; the dark one replaces those of the light one."""
    light, dark, *_ = re.findall(r":root \{(.*?)\}", (PAGE / "approvals.css").read_text(), re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    return colours | (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark)) if scheme == "dark" else {})


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0 to 1 (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_contrast(scheme: str, ink: str, ground: str, least: float) -> None:
    """AA, in light and in dark."""
    colours = palette(scheme)
    lighter, darker = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= least


def test_the_dark_palette_is_complete() -> None:
    """No colour of the light one is left over in the dark."""
    light, dark = palette("light"), palette("dark")
    assert {name for name in light if light[name] == dark[name]} == set()
