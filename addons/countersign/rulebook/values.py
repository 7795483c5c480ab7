"""What the rule files say, as frozen values: one class for each thing a rule file can name.

A value that exists is a valid value: `rulebook.loading` checked it against its JSON Schema and against the other files.
Those of dialects, evidence and masking stand in files of their own; all are imported from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Literal

from countersign.rulebook.dialect_values import BundlePlace as BundlePlace
from countersign.rulebook.dialect_values import Dialect as Dialect
from countersign.rulebook.dialect_values import Effect as Effect
from countersign.rulebook.dialect_values import LookUp as LookUp
from countersign.rulebook.dialect_values import OperationRule as OperationRule
from countersign.rulebook.dialect_values import SchemaForm as SchemaForm
from countersign.rulebook.dialect_values import SchemaPlace as SchemaPlace
from countersign.rulebook.evidence_values import EvidenceRules as EvidenceRules
from countersign.rulebook.evidence_values import RetentionRule as RetentionRule
from countersign.rulebook.evidence_values import WitnessRule as WitnessRule
from countersign.rulebook.masking_values import BuiltInMasking as BuiltInMasking
from countersign.rulebook.masking_values import MaskingDirection as MaskingDirection
from countersign.rulebook.masking_values import MaskingHow as MaskingHow
from countersign.rulebook.masking_values import MaskingRule as MaskingRule
from countersign.rulebook.places import SecretPlace as SecretPlace
from countersign.rulebook.places import Source as Source

Notable = Literal["requested", "decided", "expired", "break-glass"]


# -- identity.yaml ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LoginClient:
    """The console as a client of an issuer: how people log in with a browser (authorization code with PKCE)."""

    client_id: str  #: also the audience of the ID tokens that come back; never one of the issuer's `audiences`
    secret: SecretPlace | None  #: None: a public client
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Issuer:
    """An OIDC provider whose tokens are accepted."""

    url: str  #: exactly the `iss` of its tokens; https, or http on loopback
    audiences: tuple[str, ...]  #: one of these must be in `aud`
    algorithms: tuple[str, ...]  #: asymmetric JWS algorithms
    leeway_seconds: int
    groups_claim: str | None  #: a claim that holds a list of group names
    person_claim: str | None  #: a claim whose value *is* the person's name, where `people` does not say otherwise
    source: Source
    login: LoginClient | None = None  #: None: nobody logs in to the console's pages with it


@dataclass(frozen=True, slots=True)
class PersonMark:
    """One way a token names a person: this issuer, this claim, this value."""

    issuer: str
    claim: str
    value: str
    person: str
    signs: bool = True  #: False: the token speaks for what the person started (a pipeline), and not for the person


@dataclass(frozen=True, slots=True)
class IdentityRules:
    issuers: tuple[Issuer, ...]
    people: tuple[PersonMark, ...]


# -- connections/*.yaml -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UpstreamCredential:
    """The service's own credential, which callers never hold. The value is read at use from a file or the environment."""

    header: str
    scheme: str  #: put before the value, e.g. `Bearer`; empty: the value alone
    from_env: str | None
    from_file: str | None


@dataclass(frozen=True, slots=True)
class Connection:
    """One registered service: opened, inspected, recorded."""

    name: str
    scheme: Literal["https", "http"]
    host: str  #: lower case, no trailing dot
    port: int
    dialect: str
    hold_seconds: int
    pending_status: Literal[503, 409, 423]
    credential: UpstreamCredential | None
    pass_caller_credentials: bool
    source: Source


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A host that callers may reach through a blind CONNECT."""

    host: str
    port: int
    source: Source


# -- access.yaml ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Who:
    """Which callers a rule speaks of. All that is given must hold; within one list any entry does."""

    everyone: bool = False
    people: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    claims: tuple[tuple[str, str, str], ...] = ()  #: (issuer or "*", claim, glob on its value)


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Allow or deny some callers some effects on some subjects of some connections. A deny beats every allow."""

    name: str
    verdict: Literal["allow", "deny"]
    who: Who
    connections: tuple[str, ...]  #: globs
    subjects: tuple[str, ...]  #: globs
    effects: tuple[Effect, ...]
    source: Source


# -- approval.yaml ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """A span of local time: every week on some days, or once. It is never shorter than it reads, also when clocks change."""

    name: str
    timezone: str  #: of the IANA database
    days: tuple[int, ...]  #: on which it begins, Monday is 0; of a weekly one
    begins: time | datetime  #: local; a datetime where it is once
    ends: time | datetime  #: exclusive; a time that is not after `begins` is of the next day
    source: Source


@dataclass(frozen=True, slots=True)
class Requirement:
    """So many distinct people out of these."""

    quorum: int  #: 1 or more
    approvers: tuple[str, ...]  #: groups (`group:x`) or people (`person:x`)


@dataclass(frozen=True, slots=True)
class Condition:
    """Which allowed changes a rule speaks of. All that is given must hold; within one list any entry does."""

    connections: tuple[str, ...] = ("*",)
    subjects: tuple[str, ...] = ("*",)
    effects: tuple[Effect, ...] = ()  #: empty: any
    kinds: tuple[str, ...] = ()  #: globs on the kinds of changes; empty: any
    change_effects: tuple[str, ...] = ()  #: `narrows`, `widens`, ...; empty: any
    backward: tuple[str, ...] = ()  #: `compatible`, `breaking`, `unknown`; empty: any
    forward: tuple[str, ...] = ()
    during: tuple[Window, ...] = ()  #: within any of them; empty: at any time
    outside: tuple[Window, ...] = ()  #: within none of them


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """Rules are read from the top; the first whose condition holds decides. Where none holds, the change is refused."""

    name: str
    when: Condition
    verdict: Literal["allow", "deny", "hold"]
    #: Of a hold: any one of these, and of that one all, by distinct people; a person counts in one place only.
    alternatives: tuple[tuple[Requirement, ...], ...]
    reason: tuple[Literal["approve", "deny"], ...]  #: which decisions need a reason
    expires_seconds: int  #: a pending approval
    grant_seconds: int  #: an approval whose request went away
    source: Source

    @property
    def approvers(self) -> tuple[str, ...]:
        """Every group and person that any alternative names, in order, once."""
        return tuple(
            dict.fromkeys(name for together in self.alternatives for one in together for name in one.approvers)
        )

    @property
    def quorum(self) -> int:
        """The fewest people who can end a hold; 0 where the rule is none."""
        return min((sum(one.quorum for one in together) for together in self.alternatives), default=0)


@dataclass(frozen=True, slots=True)
class BreakGlassRule:
    """Who may pass what would be held at once, with a justification; it stays open until somebody else has reviewed it."""

    name: str
    who: Who
    when: Condition
    reviewers: tuple[str, ...]  #: groups (`group:x`) or people (`person:x`)
    source: Source


@dataclass(frozen=True, slots=True)
class NotifyTarget:
    """Where news of approvals go: an Apprise URL (chat, mail and the like), or a signed JSON webhook."""

    name: str
    apprise: SecretPlace | None  #: an Apprise URL is a credential
    webhook: str | None  #: URL; https, or http on loopback
    key: SecretPlace | None  #: signs what a webhook gets
    events: tuple[Notable, ...]
    source: Source


# -- all of it --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every rule file, read once; `digest` names exactly these bytes (SHA-256 over file names and contents)."""

    connections: tuple[Connection, ...]
    tunnels: tuple[Tunnel, ...]
    dialects: Mapping[str, Dialect]
    identity: IdentityRules
    access: tuple[AccessRule, ...]
    approval: tuple[ApprovalRule, ...]
    masking: tuple[MaskingRule, ...]
    digest: str
    break_glass: tuple[BreakGlassRule, ...] = ()
    notify: tuple[NotifyTarget, ...] = ()
    evidence: EvidenceRules = field(default_factory=EvidenceRules)
    built_in_masking: BuiltInMasking = field(default_factory=BuiltInMasking)
