"""Masking rules and keys for the tests of this folder."""

from __future__ import annotations

from typing import Literal

from countersign.masking.json_documents import DocumentRules
from countersign.masking.json_paths import compile_path
from countersign.masking.keyed_digest import KeyedDigest
from countersign.rulebook.values import MaskingRule, Source

SECRET = "hunter2-correct-horse"
DIGEST = KeyedDigest(b"k" * 32)


def rule(
    name: str = "a rule",
    *,
    paths: tuple[str, ...] = (),
    headers: tuple[str, ...] = (),
    query: tuple[str, ...] = (),
    how: Literal["redact", "keep-last", "keyed-hash"] = "redact",
    keep: int = 0,
    connections: tuple[str, ...] = ("*",),
    subjects: tuple[str, ...] = ("*",),
    directions: tuple[Literal["request", "response", "schema"], ...] = ("request", "response"),
) -> MaskingRule:
    """One masking rule; what is not given holds for everything and redacts."""
    return MaskingRule(
        name, connections, subjects, directions, paths, headers, query, how, keep, Source("masking.yaml", 3)
    )


def documents(*rules: MaskingRule) -> DocumentRules:
    """The path rules of `rules`, compiled together."""
    return DocumentRules([(compile_path(path), rule) for rule in rules for path in rule.paths])
