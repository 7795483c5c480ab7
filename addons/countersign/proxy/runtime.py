"""What one running gateway is made of: built once at start from the rules and the state folder, shared by the addons.

Before it is started, and after it was stopped, asking for a part raises, and so every hook denies.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path

from countersign import __version__, limits
from countersign.approvals import Desk
from countersign.approvals.records import ApprovalRecords
from countersign.approvals.retention import needed
from countersign.console.server import Console
from countersign.errors import CountersignError
from countersign.evidence import Entry, EvidenceLog, LogSettings, StatePlaces
from countersign.evidence.control import Control
from countersign.evidence.control_room import ControlRoom
from countersign.identity import BrowserLogin, TokenVerifier
from countersign.masking import ClientViews, KeyedDigest
from countersign.notifications import Notifier
from countersign.proxy.assessing import Assessor
from countersign.proxy.data_masking import DataMasking
from countersign.proxy.evidence_port import EvidencePort
from countersign.proxy.known_schemas import KnownSchemas
from countersign.proxy.masking_child import Settings
from countersign.proxy.masking_process import MaskingProcess
from countersign.proxy.message_masking import MessageMasking
from countersign.proxy.outbound import Outbound
from countersign.proxy.service_reader import ServiceReader
from countersign.proxy.subject_locks import SubjectLocks
from countersign.proxy.witness_post import WitnessPost
from countersign.rulebook.secret_values import read_secret
from countersign.rulebook.values import Connection, Rulebook, Tunnel
from countersign.strict_json import Json


def now() -> int:
    """Microseconds UTC."""
    return time.time_ns() // 1000


def steady() -> int:
    """Microseconds that nobody sets, and that go on while the machine is suspended, where the system has such a clock."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)) // 1000


def new_id() -> str:
    """The id of an exchange or an approval: 128 random bits, nobody can guess another's."""
    return secrets.token_hex(16)


class Parts:
    """Everything that exists only while the gateway runs."""

    def __init__(self, rules: Rulebook, places: StatePlaces, origin: str, trusted_ca: Path | None) -> None:
        self.rules = rules
        self.connections: dict[tuple[str, int], Connection] = {(c.host, c.port): c for c in rules.connections}
        self.tunnels: dict[tuple[str, int], Tunnel] = {(t.host, t.port): t for t in rules.tunnels}
        software: dict[str, Json] = {"name": "countersign-gateway", "version": __version__}
        self.log = EvidenceLog.open(
            places.database.parent,
            places.keys,
            origin,
            clock=now,
            randomness=secrets.token_bytes,
            software=software,
            settings=LogSettings.by_rules(rules.evidence),
            steady=steady,
            post=WitnessPost(trusted_ca),
        )
        try:
            self.digest = KeyedDigest(self.log.digest_key)
            settings = Settings(rules.masking, rules.built_in_masking, self.log.digest_key, self.log.values_key)
            self.masking_process = MaskingProcess(settings)
            self.masking = MessageMasking(settings, self.masking_process)
            self.outbound = Outbound(trusted_ca)
            self.reader = ServiceReader(self.outbound)
            self.known = KnownSchemas(self.reader, self.digest, lambda: steady() / 1_000_000)
            self.data = DataMasking(self.masking, self.known)
            self.evidence = EvidencePort(self.log, self.masking, self.data, self.digest)
            self.verifier = TokenVerifier(rules.identity, self.outbound.fetch, time.time)
            self.browser_login = BrowserLogin(
                rules.identity, self.verifier, self.outbound.post, read_secret, secrets.token_urlsafe
            )
            self.assessor = Assessor(rules, self.reader, self.known, self.masking, self.digest, now)
            self.desk = Desk(ApprovalRecords(self.log), now, self.masking.text)
            self.locks = SubjectLocks()
            self.notifier: Notifier | None = None
            control = Control(self.log, rules.evidence.retention, needed, now, self._take_values_key)
            self.control_room = ControlRoom(places.evidence, control, rules.evidence)
        except BaseException:
            self.log.close()
            raise

    @property
    def client_views(self) -> ClientViews:
        """What callers see of answers, by the rules and the key of now."""
        return self.masking.client_views

    def record_rules(self, unsafe: list[str]) -> None:
        """Which rules are in force from here on, and which insecure switches. Raises EvidenceUnavailable."""
        entry = Entry("rules", None, {"digest": self.rules.digest, "unsafe": list(unsafe)})
        self.log.submit(entry).result(timeout=limits.EVIDENCE_DEADLINE_SECONDS)

    def _take_values_key(self) -> None:
        """The log has another key of masked values that stay comparable."""
        self.masking.renew(self.log.values_key)

    def start_notifier(self, approval_url: Callable[[str], str]) -> None:
        """From here on the rules' targets hear what happens to approvals. Raises RulesError on a target of no use."""
        notifier = Notifier(self.rules.notify, self.outbound.post_bytes, approval_url, now)
        notifier.start()
        self.desk.tell(notifier.heard)
        self.notifier = notifier

    def close(self) -> None:
        if self.notifier is not None:
            self.notifier.stop()
        self.outbound.close()
        self.masking_process.close()
        self.control_room.stop(limits.EVIDENCE_CLOSE_SECONDS)
        self.log.close()


class Runtime:
    """Holds the parts for the addons; `parts` raises where there are none."""

    def __init__(self) -> None:
        self._parts: Parts | None = None
        self._console: Console | None = None

    @property
    def parts(self) -> Parts:
        if self._parts is None:
            raise CountersignError("the gateway is not started: rules or evidence are not loaded")
        return self._parts

    @property
    def is_started(self) -> bool:
        return self._parts is not None

    def approval_url(self, approval_id: str) -> str:
        """Where a person decides on this approval."""
        if self._console is None:
            raise CountersignError("the console is not started")
        return self._console.approval_url(approval_id)

    def start(self, parts: Parts, console: Console) -> None:
        self._parts = parts
        self._console = console
        parts.control_room.start()

    def stop(self) -> None:
        console, self._console = self._console, None
        parts, self._parts = self._parts, None
        if console is not None:
            console.stop()
        if parts is not None:
            parts.close()
