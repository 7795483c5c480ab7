"""What an operator does to a log beside its traffic: erase by rule, begin a key epoch, note an export. Each leaves a record.

The same for a log that a gateway has open and for one that is opened just for this. Does not check who asks: `actor` is
whoever the caller says it is.
"""

from __future__ import annotations

import pwd
import threading
from collections.abc import Callable, Mapping, Sequence

from countersign import limits
from countersign.errors import CountersignError, EvidenceUnavailable
from countersign.evidence import pruning
from countersign.evidence.log import EvidenceLog
from countersign.evidence.pruning import Needed, Plan, Tell
from countersign.evidence.records import Entry
from countersign.evidence.values_key import KEY_NAME
from countersign.rulebook.values import RetentionRule
from countersign.strict_json import Json

#: Does what a JSON object asks for; who asks; hears of progress. Gives what was done.
type Perform = Callable[[Json, str, Tell], dict[str, Json]]


class Refused(CountersignError):
    """An act that is not done. Says why, and what to do."""


class Control:
    """The acts on one open log. Any thread may call it."""

    def __init__(
        self,
        log: EvidenceLog,
        rules: Sequence[RetentionRule],
        needed: Needed,
        clock: Callable[[], int],
        on_new_values_key: Callable[[], None] = lambda: None,
    ) -> None:
        """`rules` are those in force; `needed` says what they leave alone; `clock` gives microseconds since 1970, UTC;
        `on_new_values_key` is called when the log has another key of masked values."""
        self._log = log
        self._rules = {rule.name: rule for rule in rules}
        self._needed = needed
        self._clock = clock
        self._on_new_values_key = on_new_values_key
        self._pruning = threading.Lock()

    def perform(self, asked: Json, actor: str, tell: Tell) -> dict[str, Json]:
        """Do what is asked for, in one of the forms that `prune_by`, `ROTATE_KEY`, `erase_values_key` and `export_of` make.

        Raises Refused and the other CountersignErrors of the log, and what `tell` raises.
        """
        match asked:
            case {"act": "prune", "rule": dict() as rule, "reason": None | str() as reason, **rest} if not rest:
                return self.prune(self._in_force(rule), actor, reason, tell)
            case {"act": "rotate-key", **rest} if not rest:
                return self._rotate_key(actor)
            case {"act": "erase-values-key", "reason": None | str() as reason, **rest} if not rest:
                return self._erase_values_key(actor, reason)
            case {"act": "export", "what": dict() as what, **rest} if not rest:
                return self._note_export(what, actor)
        raise Refused("no such act; are the command and the gateway of the same version?")

    def prune(self, rule: RetentionRule, actor: str, reason: str | None, tell: Tell) -> dict[str, Json]:
        """Erase by one rule. Returns and raises as `perform`; refuses while another prune runs."""
        if not self._pruning.acquire(blocking=False):
            raise Refused("the log is being pruned already; wait until that has ended")
        try:
            selection = pruning.by_rule(rule, self._clock())
            done = self._log.prune(
                selection, self._needed, rule=str(rule), actor=actor, reason=reason or None, tell=tell
            )
        finally:
            self._pruning.release()
        return {
            **figures(rule, done.plan),
            "payloads": done.payloads,
            "records": done.records,
            "is_gone": done.is_gone,
        }

    def _in_force(self, given: Mapping[str, Json]) -> RetentionRule:
        rule = self._rules.get(str(given.get("name")))
        if rule is None or _as_json(rule) != given:
            raise Refused(
                f"the retention rule {str(given.get('name'))[:120]!r} is not in force as it stands in the file now: the "
                "gateway has other rules; restart it, or name the rules that it runs with"
            )
        return rule

    def _rotate_key(self, actor: str) -> dict[str, Json]:
        old = self._log.vkey.splitlines()[-1]
        self._log.rotate_key(actor)
        return {"old": old, "new": self._log.vkey.splitlines()[-1]}

    def _erase_values_key(self, actor: str, reason: str | None) -> dict[str, Json]:
        self._log.erase_values_key(actor, reason)
        self._on_new_values_key()
        return {"erased": KEY_NAME}

    def _note_export(self, what: dict[str, Json], actor: str) -> dict[str, Json]:
        match what:
            case {
                "form": "tiles" | "proof",
                "first": int(first),
                "last": int(last),
                "size": int(size),
                "root": str(),
                "with_payloads": bool(),
                **rest,
            } if not rest and 0 <= first <= last < size <= self._log.size:
                written = self._log.submit(Entry("export", None, {**what, "actor": actor}))
            case _:
                raise Refused("that is no export of this log")
        try:
            return {"seq": written.result(limits.EVIDENCE_CLOSE_SECONDS)[0].seq}
        except TimeoutError:
            raise EvidenceUnavailable(f"not durable after {limits.EVIDENCE_CLOSE_SECONDS} seconds") from None


ROTATE_KEY: Json = {"act": "rotate-key"}


def erase_values_key(reason: str | None) -> Json:
    """What asks for erasing the key of masked values."""
    return {"act": "erase-values-key", "reason": reason}


def prune_by(rule: RetentionRule, reason: str | None) -> Json:
    """What asks for erasing by a rule."""
    return {"act": "prune", "rule": _as_json(rule), "reason": reason}


def export_of(what: dict[str, Json]) -> Json:
    """What asks for the record of an export."""
    return {"act": "export", "what": what}


def figures(rule: RetentionRule, plan: Plan) -> dict[str, Json]:
    """What a rule erases now, for those who asked. Times in microseconds since 1970, UTC, bytes without the salts."""
    return {
        "rule": str(rule),
        "before": plan.selection.before_us,
        "payloads": plan.extent.payloads,
        "bytes": plan.extent.size,
        "oldest": plan.extent.oldest_us,
        "newest": plan.extent.newest_us,
        "kept": plan.kept,
    }


def os_user(uid: int) -> str:
    """An account of this machine as records name it. Does not tell who of several people uses it."""
    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"uid {uid}"


def _as_json(rule: RetentionRule) -> dict[str, Json]:
    """Without its place: a comment above it changes nothing."""
    return {
        "name": rule.name,
        "older_than_days": rule.older_than_days,
        "connection": rule.connection,
        "types": None if rule.types is None else list(rule.types),
        "names": None if rule.names is None else list(rule.names),
    }
