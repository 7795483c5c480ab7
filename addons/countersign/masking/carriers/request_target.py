"""Masks what a request target or another URL carries: user information, path segments, query parameters, fragment.

A secret in a path is found by what it looks like, by the name that the dialect's template has for its place, or, where no
template fits, by the segment before it (`/password/...`). Does not know other places where a service takes secrets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote, unquote_plus

from countersign import limits
from countersign.masking.carriers.parameters import Parameters, written
from countersign.masking.policies import Policy
from countersign.masking.replacements import DROPPED, REDACTED, UNREADABLE_QUERY, URL_CREDENTIAL, Replacements
from countersign.rulebook.values import MaskingRule
from countersign.visible_text import visible_line

UNREADABLE_PATH: Final = "built-in:unreadable-path"

_USER_INFORMATION = re.compile(r"(^/{2,}|:/+|^)[^/?#]*@")
_QUERY = re.compile(
    r"(?:[!-\"$&-~]|%[0-9A-Fa-f]{2})*+"
)  # visible ASCII (some clients leave out escapes), proper escapes
_SEGMENT = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*+", re.DOTALL)
_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/{2}[^/?#]*|/{2,}[^/?#]*|")


def mask_target(target: str, policy: Policy, replacements: Replacements, path_names: Sequence[str] = ()) -> str:
    """`target` (any form of RFC 9112, section 3.2, or a URL) with its secrets replaced and the rest as it was.

    User information and the fragment are masked whole. A query parameter is masked when its decoded name is in a rule or among
    the built-in names, each time it occurs; also when its value holds such a parameter of another URL; and what the detectors
    find. A query that is not visible ASCII with proper UTF-8 escapes is masked whole. `path_names`: what the dialect calls each
    segment, "" where it is a literal one; (): no template fits. Raises TooLarge as Policy does.
    """
    rest, fragment_mark, fragment = target.partition("#")
    path, query_mark, query = rest.partition("?")
    path = _USER_INFORMATION.sub(lambda found: f"{found[1]}{replacements.redact(URL_CREDENTIAL, 'user')}@", path)
    path = _mask_path(path, policy, replacements, path_names)
    if query:
        query = _mask_query(query, policy, replacements)
    if fragment:
        fragment = replacements.redact(URL_CREDENTIAL, "fragment")
    return visible_line(f"{path}{query_mark}{query}{fragment_mark}{fragment}")


def _mask_query(query: str, policy: Policy, replacements: Replacements) -> str:
    if not _QUERY.fullmatch(query):
        return replacements.redact(UNREADABLE_QUERY, "query")
    try:
        unquote_plus(query, errors="strict")
    except UnicodeDecodeError:
        return replacements.redact(UNREADABLE_QUERY, "query")
    return Parameters(policy, replacements, "query").mask(query)


def _mask_path(path: str, policy: Policy, replacements: Replacements, path_names: Sequence[str]) -> str:
    found = _AUTHORITY.match(path)
    start = found.end() if found else 0
    authority, segments = path[:start], path[start:].split("/", limits.MAX_PATH_SEGMENTS + 1)
    named = segments[1:]  # nothing stands before the first slash
    if len(named) > limits.MAX_PATH_SEGMENTS:
        return replacements.redact(UNREADABLE_PATH, "path")
    names: Sequence[str] = path_names
    if names and len(names) != len(named):
        if any(_rule_of(name, policy) is not None for name in names):
            return replacements.redact(UNREADABLE_PATH, "path")  # which segment it is cannot be told
        names = ()
    masked = [_mask_segment(segments[0], None, "path", policy, replacements)]
    for number, segment in enumerate(named):
        # under no template: by what stands before it
        rule = _rule_of(names[number], policy) if names else policy.name_rule(unquote(segments[number]))
        masked.append(_mask_segment(segment, rule, f"segment {number + 1}", policy, replacements))
    shown = policy.text(authority, replacements, "authority") if authority else ""
    return shown + "/".join(segment for segment in masked if segment is not None)


def _mask_segment(
    raw: str, rule: MaskingRule | None, where: str, policy: Policy, replacements: Replacements
) -> str | None:
    """`rule`: who masks it by its place. None: a rule drops it."""
    if not raw or raw == REDACTED:
        return raw
    try:
        text = unquote(raw, errors="strict") if _SEGMENT.fullmatch(raw) else None
    except UnicodeDecodeError:
        text = None
    if rule is not None:
        masked = replacements.by(rule, raw if text is None else text, where)
        return None if masked is DROPPED else written(masked)
    if text is None:
        return replacements.redact(UNREADABLE_PATH, where)
    # `;token=...` and `key=...` are parameters here, too
    return Parameters(policy, replacements, where).mask_piece(raw)


def _rule_of(name: str, policy: Policy) -> MaskingRule | None:
    return (policy.segment_rule(name) or policy.name_rule(name)) if name else None
