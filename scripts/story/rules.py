"""Rule files for one machine: the shipped dialects, and a small company of its own."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from scripts.story.process import ROOT

_CONNECTION = """\
connections:
  - name: {name}
    url: {url}
    dialect: {dialect}
    hold_seconds: {hold_seconds}
    pending_status: {pending_status}
    credential: {{ header: Authorization, scheme: Basic, from_file: {credential_file} }}
"""

_IDENTITY = """\
issuers:
  - url: {issuer}
    audiences: [countersign]
    algorithms: [RS256]
    groups_claim: groups
    leeway_seconds: {leeway_seconds}
    login: {{ client_id: countersign-console }}

# A pipeline's token names who started it (`user_login`); a person's own token names the person (`sub`).
people:
  - person: ana
    marks:
      - {{ issuer: "{issuer}", claim: user_login, value: ana, signs: false }}
      - {{ issuer: "{issuer}", claim: sub, value: ana }}
  - person: bob
    marks: [{{ issuer: "{issuer}", claim: sub, value: bob }}]
  - person: carol
    marks: [{{ issuer: "{issuer}", claim: sub, value: carol }}]
"""

ACCESS = """\
rules:
  - name: the orders pipeline reads and changes its own schemas
    allow: [read, data, register, update]
    who: { claims: [{ claim: sub, value: orders-ci }] }
    connections: ["*"]
    subjects: ["orders-*"]
  - name: owners do everything
    allow: [read, data, register, update, delete, settings]
    who: { groups: [schema-owners] }
    connections: ["*"]
    subjects: ["*"]
"""

MASKING = """\
rules:
  - name: API keys are never kept
    paths: ["$..apiKey", "$..password"]
    how: redact
  - name: API keys that schemas hold are never shown
    in: [schema]
    paths: ["$..apiKey.default", "$..apiKey.examples[*]"]
    how: redact
  - name: account numbers keep their end
    paths: ["$..iban"]
    how: keep-last
    keep: 4
  - name: the pipeline's own headers
    headers: [X-Build-Secret, X-Build-Badge]
    how: redact
"""

_EMERGENCIES_AND_NEWS = """\

break_glass:
  - name: owners, in an emergency
    who: {{ groups: [schema-owners] }}
    when: {{}}
    reviewers: ["group:schema-approvers"]

notify:
  - name: the team's chat bot
    webhook: {url}
    key: {{ from_file: {key_file} }}
"""


def approval_with_news(url: str, key_file: Path) -> str:
    """The shipped approval.yaml, with break-glass for owners, and a webhook at `url` that hears of everything."""
    shipped = (ROOT / "rules" / "approval.yaml").read_text()
    return shipped + _EMERGENCIES_AND_NEWS.format(url=url, key_file=key_file)


@dataclass(frozen=True, slots=True)
class Service:
    """A connection to write."""

    name: str
    url: str
    dialect: str
    credential_file: Path
    hold_seconds: int = 45
    pending_status: int = 503


def write_rules(
    directory: Path,
    *,
    issuer: str,
    services: list[Service],
    access: str = ACCESS,
    approval: str | None = None,
    tunnels: tuple[tuple[str, int], ...] = (),
    leeway_seconds: int = 30,
) -> None:
    """A rules folder in `directory`. `approval` None: the shipped approval.yaml."""
    (directory / "connections").mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "rules" / "dialects", directory / "dialects", dirs_exist_ok=True)
    for service in services:
        text = _CONNECTION.format(
            name=service.name,
            url=service.url,
            dialect=service.dialect,
            hold_seconds=service.hold_seconds,
            pending_status=service.pending_status,
            credential_file=service.credential_file,
        )
        (directory / "connections" / f"{service.name}.yaml").write_text(text)
    listed = "".join(f"\n  - {{ host: {host}, port: {port} }}" for host, port in tunnels) or " []"
    (directory / "connections" / "tunnels.yaml").write_text(f"tunnels:{listed}\n")
    (directory / "identity.yaml").write_text(_IDENTITY.format(issuer=issuer, leeway_seconds=leeway_seconds))
    (directory / "access.yaml").write_text(access)
    (directory / "approval.yaml").write_text(approval or (ROOT / "rules" / "approval.yaml").read_text())
    (directory / "masking.yaml").write_text(MASKING)
