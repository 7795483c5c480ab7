"""Masking rules, policies and keys for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence

from countersign.masking.documents.json_paths import compile_path
from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.policies import Holds, Policy
from countersign.masking.values import KnownSchema
from countersign.rulebook.values import BuiltInMasking, MaskingDirection, MaskingHow, MaskingRule, Source
from countersign.strict_json import Json

SECRET = "hunter2-correct-horse"
DIGEST = KeyedDigest(b"k" * 32)


def rule(
    name: str = "a rule",
    *,
    paths: tuple[str, ...] = (),
    headers: tuple[str, ...] = (),
    query: tuple[str, ...] = (),
    how: MaskingHow = "redact",
    keep: int = 0,
    connections: tuple[str, ...] = ("*",),
    subjects: tuple[str, ...] = ("*",),
    directions: tuple[MaskingDirection, ...] = ("request", "response"),
    segments: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    detectors: tuple[str, ...] = (),
    marks: tuple[str, ...] = (),
    groups: tuple[str, ...] = (),
    except_groups: tuple[str, ...] = (),
    examples: tuple[Json, ...] = (),
) -> MaskingRule:
    """One masking rule; what is not given holds for everything and redacts."""
    return MaskingRule(
        name,
        connections,
        subjects,
        directions,
        paths,
        headers,
        query,
        how,
        keep,
        Source("masking.yaml", 3),
        segments,
        names,
        detectors,
        marks,
        groups,
        except_groups,
        examples,
    )


def policy(
    *rules: MaskingRule,
    built_in: BuiltInMasking | None = BuiltInMasking(),  # noqa: B008 - frozen
    holds: Holds = "unknown",
    known: Sequence[KnownSchema] = (),
) -> Policy:
    """A policy of `rules`, first ones first; `built_in`: None: nothing else masks anything."""
    compiled = [(each, [compile_path(path) for path in each.paths]) for each in rules]
    return Policy(compiled, built_in, holds, known)


def documents(*rules: MaskingRule) -> Policy:
    """As `policy`."""
    return policy(*rules)
