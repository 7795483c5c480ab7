"""A rules directory -> Rulebook, or every problem that is in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from countersign import limits
from countersign.errors import RulesError
from countersign.rulebook import (
    access_rules,
    approval_rules,
    break_glass_rules,
    connection_rules,
    dialect_rules,
    evidence_rules,
    identity_rules,
    masking_rules,
    notify_rules,
    shapes,
    window_rules,
)
from countersign.rulebook import documents as yaml
from countersign.rulebook.documents import Document
from countersign.rulebook.problems import Problems, did_you_mean
from countersign.rulebook.values import (
    ApprovalRule,
    BreakGlassRule,
    BuiltInMasking,
    EvidenceRules,
    IdentityRules,
    MaskingRule,
    NotifyTarget,
    Rulebook,
)

_FOLDERS = {"connections": "connections", "dialects": "dialect"}  # folder -> shape of each file in it
_FILES = ("identity", "access", "approval", "masking")
_OPTIONAL_FILES = ("evidence",)


def load(directory: Path) -> Rulebook:
    """Read and check every rule file below `directory`; each file is read once, and `digest` names those bytes.

    Raises RulesErrors with all problems found. Does not check who may write to the directory, nor that a credential's
    file or variable exists: the gateway's start does.
    """
    problems = Problems(directory)
    contents = _contents(directory, problems)
    documents, whole = _documents(contents, problems)
    folders = {folder: [documents[name] for name in documents if name.startswith(f"{folder}/")] for folder in _FOLDERS}

    connections = connection_rules.connections(folders["connections"], problems)
    tunnels = connection_rules.tunnels(folders["connections"], problems)
    dialects = dialect_rules.dialects(folders["dialects"], problems)
    connection_rules.check_together(connections, tunnels, dialects if "dialects" in whole else None, problems)

    files = {name: documents[f"{name}.yaml"] for name in _FILES if f"{name}.yaml" in documents}
    identity = identity_rules.identity(files["identity"], problems) if "identity" in files else IdentityRules((), ())
    access = access_rules.access(files["access"], problems) if "access" in files else ()
    approval, break_glass, notify = _approval(files.get("approval"), problems)
    masking, built_in_masking = _masking(files.get("masking"), problems)
    masking_rules.check_together(masking, connections, dialects if "dialects" in whole else None, problems)
    evidence = evidence_rules.evidence(documents["evidence.yaml"], problems) if "evidence.yaml" in documents else None
    if "identity" in files:
        named = [(person, rule.source) for rule in access for person in rule.who.people]
        named += approval_rules.people_named(approval, break_glass)
        access_rules.refuse_unknown_people(named, identity, problems)
        access_rules.refuse_unknown_issuers((*access, *break_glass), identity, problems)

    problems.raise_found()
    return Rulebook(
        connections=connections,
        tunnels=tunnels,
        dialects=dialects,
        identity=identity,
        access=access,
        approval=approval,
        masking=masking,
        digest=digest(contents),
        break_glass=break_glass,
        notify=notify,
        evidence=evidence or EvidenceRules(),
        built_in_masking=built_in_masking,
    )


def digest(contents: Mapping[str, bytes]) -> str:
    """SHA-256 (hex) over relative file names and contents, sorted by name, each behind its length in 8 bytes."""
    total = hashlib.sha256()
    for name in sorted(contents):
        for part in (name.encode(), contents[name]):
            total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()


def _approval(
    document: Document | None, problems: Problems
) -> tuple[tuple[ApprovalRule, ...], tuple[BreakGlassRule, ...], tuple[NotifyTarget, ...]]:
    if document is None:
        return (), (), ()
    windows = window_rules.windows(document, problems)
    return (
        approval_rules.approval(document, windows, problems),
        break_glass_rules.break_glass(document, windows, problems),
        notify_rules.notify(document, problems),
    )


def _masking(document: Document | None, problems: Problems) -> tuple[tuple[MaskingRule, ...], BuiltInMasking]:
    if document is None:
        return (), BuiltInMasking()
    return masking_rules.masking(document, problems), masking_rules.built_in_masking(document, problems)


def _contents(directory: Path, problems: Problems) -> dict[str, bytes]:
    names = [f"{name}.yaml" for name in _FILES]
    names += [f"{name}.yaml" for name in _OPTIONAL_FILES if os.path.lexists(directory / f"{name}.yaml")]
    if not directory.is_dir():
        problems.add("", None, "there is no such rules directory", "name it with --rules or COUNTERSIGN_RULES")
        problems.raise_found()
    for folder in _FOLDERS:
        names += _names_in(directory, folder, problems)
    _refuse_strays(directory, problems)
    contents: dict[str, bytes] = {}
    for name in names:
        path = directory / name
        try:
            if not path.is_file():
                problems.add(name, None, "the file is missing", "rules/ of the project holds one to start from")
                continue
            with path.open("rb") as file:
                contents[name] = file.read(limits.MAX_RULE_FILE_BYTES + 1)
        except OSError as error:
            problems.add(name, None, f"cannot be read: {error.strerror}", "let the gateway's user read it")
    return contents


def _names_in(directory: Path, folder: str, problems: Problems) -> list[str]:
    try:
        found = sorted(path.name for path in (directory / folder).iterdir() if not path.name.startswith("."))
    except OSError as error:
        problems.add(folder, None, f"the folder cannot be read: {error.strerror}", "it holds *.yaml files")
        return []
    for name in found:
        if name.lower().endswith((".yml", ".yaml")) and not name.endswith(".yaml"):
            problems.add(f"{folder}/{name}", None, "would be passed over", "name it *.yaml, or move it away")
    names = [f"{folder}/{name}" for name in found if name.endswith(".yaml")]
    if not names:
        problems.add(folder, None, "holds no *.yaml file", "rules/ of the project holds one to start from")
    if len(names) > limits.MAX_RULE_FILES:
        problems.add(folder, None, f"holds more than {limits.MAX_RULE_FILES} files", "is it the right directory?")
        return []
    return names


def _refuse_strays(directory: Path, problems: Problems) -> None:
    """A rule file under another name would be passed over without a word."""
    known = [f"{name}.yaml" for name in (*_FILES, *_OPTIONAL_FILES)]
    for path in directory.iterdir():
        if path.name.lower().endswith((".yaml", ".yml")) and path.name not in known and not path.name.startswith("."):
            problems.add(path.name, None, "is not a rule file", did_you_mean(path.name, known))


def _documents(contents: Mapping[str, bytes], problems: Problems) -> tuple[dict[str, Document], set[str]]:
    """What could be read and has the right shape, and which folders are whole."""
    documents: dict[str, Document] = {}
    broken: set[str] = set()
    for name, data in sorted(contents.items()):
        folder = name.partition("/")[0]
        kind = _FOLDERS.get(folder, name.removesuffix(".yaml"))
        try:
            document = yaml.parse(name, data)
        except RulesError as error:
            problems.add(name, error.line, error.problem, error.remedy)
            broken.add(folder)
            continue
        if shapes.fits(kind, document, problems):
            documents[name] = document
        else:
            broken.add(folder)
    return documents, set(_FOLDERS) - broken
