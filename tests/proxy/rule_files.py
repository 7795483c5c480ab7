"""A rules directory for tests: one connection, one tunnel, the REST dialect of the project."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from countersign.strict_json import Json

PROJECT = Path(__file__).parents[2]
CONNECTION = "schemas"


def write_rules(directory: Path, *, issuer: str, url: str, tunnel_port: int = 1, **connection: Any) -> Path:
    """Engineers may do everything, approvers sign; equal schemas pass, others wait for one approver.

    Firefighters may break the glass. Changes of `frozen-...` are denied. `connection` adds to the connection's entry. JSON is YAML.
    """
    files: Mapping[str, Json] = {
        "connections/schemas.yaml": {
            "connections": [{"name": CONNECTION, "url": url, "dialect": "rest", "hold_seconds": 30, **connection}],
            "tunnels": [{"host": "127.0.0.1", "port": tunnel_port}],
        },
        "identity.yaml": {
            "issuers": [
                {
                    "url": issuer,
                    "audiences": ["countersign"],
                    "algorithms": ["ES256"],
                    "groups_claim": "groups",
                    "person_claim": "person",
                }
            ]
        },
        "access.yaml": {
            "rules": [
                {
                    "name": "engineers",
                    "allow": ["read", "data", "register", "update", "delete", "settings"],
                    "who": {"groups": ["engineers"]},
                    "connections": ["*"],
                    "subjects": ["*"],
                }
            ]
        },
        "approval.yaml": {
            "rules": [
                {"name": "frozen", "when": {"subjects": ["frozen-*"]}, "verdict": "deny"},
                {
                    "name": "equal",
                    "when": {"effects": ["register", "update"], "backward": ["compatible"], "forward": ["compatible"]},
                    "verdict": "allow",
                },
                {
                    "name": "others",
                    "when": {},
                    "verdict": "hold",
                    "quorum": 1,
                    "approvers": ["group:approvers"],
                    "reason": ["deny"],
                },
            ],
            "break_glass": [
                {
                    "name": "fire",
                    "who": {"groups": ["firefighters"]},
                    "when": {},
                    "reviewers": ["group:approvers"],
                }
            ],
        },
        "masking.yaml": {
            "rules": [
                {"name": "secrets", "paths": ["$..password"], "how": "redact"},
                {"name": "keys", "headers": ["X-Api-Key"], "how": "redact"},
            ]
        },
    }
    for name, document in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    (directory / "dialects").mkdir(exist_ok=True)
    shutil.copy(PROJECT / "rules" / "dialects" / "rest.yaml", directory / "dialects" / "rest.yaml")
    return directory


def edit_rules(directory: Path, name: str, edit: Callable[[Any], None]) -> None:
    """Let `edit` change the document of one of the files that `write_rules` wrote."""
    path = directory / name
    document = json.loads(path.read_text(encoding="utf-8"))
    edit(document)
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")


def freeze(directory: Path, begins: datetime, ends: datetime) -> None:
    """From `begins` until `ends`, in whole minutes, two approvers must sign whatever is not allowed or denied."""

    def edit(document: Any) -> None:
        window = {"name": "end of the year", "timezone": "UTC"}
        span = {"from": begins.strftime("%Y-%m-%dT%H:%M"), "until": ends.strftime("%Y-%m-%dT%H:%M")}
        document["windows"] = [window | span]
        stronger = document["rules"][-1] | {"name": "freeze", "when": {"during": [window["name"]]}, "quorum": 2}
        document["rules"].insert(-1, stronger)

    edit_rules(directory, "approval.yaml", edit)
