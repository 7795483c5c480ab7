"""What callers see of the answers of services: by which rules, and the answers masked by them.

An opt-in: no built-in name, mark or detector holds here, only what rules with `in: response-to-client` name; but a text that
is nearly JSON is masked whole where a rule looks into bodies, since its reader may find in it what we cannot. Does not see
to the header fields that tell caches and clients what an answer is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final

from countersign.masking.carriers.client_bodies import Headers, NotMaskable, mask_client_body
from countersign.masking.detectors import DETECTOR_NAMES
from countersign.masking.fields.field_names import BUILT_IN_NAMES
from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.policies import Holds, Policies, Policy
from countersign.masking.replacements import DROPPED, Replacements
from countersign.masking.schemas.schema_marks import BUILT_IN_MARKS
from countersign.masking.values import KnownSchema
from countersign.rulebook.values import BuiltInMasking, MaskingRule
from countersign.strict_json import Json, dumps

_DIRECTION: Final = "response-to-client"
# These say how the answer is carried. They have to be true, or its reader finds another answer in it.
_CARRYING: Final = frozenset(("connection", "content-encoding", "content-length", "content-type", "transfer-encoding"))


@dataclass(frozen=True, slots=True)
class ClientView:
    """The rules by which some callers see the answers about some subjects; there is at least one."""

    rules: tuple[MaskingRule, ...]
    name: str  #: keyed; another one where other rules of the same files hold, or values are hashed with another key

    @property
    def masks_bodies(self) -> bool:
        """Whether any of the rules looks into bodies, so that those that cannot be read cannot be shown."""
        return any(not rule.headers for rule in self.rules)

    @property
    def looks_at_marks(self) -> bool:
        """Whether what is masked also depends on schemas."""
        return any(rule.marks for rule in self.rules)


@dataclass(frozen=True, slots=True)
class MaskedAnswer:
    """What a caller is shown of an answer."""

    headers: tuple[tuple[str, str], ...]  #: those of the answer, in their order; they still say how it was carried
    body: bytes  #: under the same content codings
    masked: Mapping[str, int]  #: name of the rule, and how many values it masked


class ClientViews:
    """The rules for what callers see, compiled. May be used from several threads."""

    def __init__(self, rules: Sequence[MaskingRule], built_in: BuiltInMasking, values: KeyedDigest) -> None:
        """`rules`: also those of other directions, which do not count. Of `built_in` the regions of phone numbers count.
        `values`: the key of keyed hashes comes from it.

        Raises ValueError that names the rule: one of its paths is no JSONPath that can be used, or a header says how an answer
        is carried.
        """
        self._rules = tuple(rule for rule in rules if _DIRECTION in rule.directions)
        for rule in self._rules:
            _refuse_carrying(rule)
        nothing_else = replace(
            built_in, names_off=(*BUILT_IN_NAMES,), marks_off=(*BUILT_IN_MARKS,), detectors_off=(*DETECTOR_NAMES,)
        )
        self._policies = Policies(self._rules, nothing_else)
        # Of its own: who sees a view may send values and look at what they become, which must tell nothing of the evidence.
        self._values = KeyedDigest(bytes.fromhex(values.of(b"", label=_DIRECTION).rpartition(":")[2]))

    def of(self, *, connection: str, subject: str | None, groups: frozenset[str]) -> ClientView | None:
        """How a caller in `groups` sees answers about `subject` (None: it is not known, and could be any); None: as they are."""
        rules = tuple(
            rule
            for rule in self._rules
            if any(fnmatchcase(connection, glob) for glob in rule.connections)
            and (subject is None or any(fnmatchcase(subject, glob) for glob in rule.subjects))
            and (not rule.groups or not groups.isdisjoint(rule.groups))
            and groups.isdisjoint(rule.except_groups)
        )
        if not rules:
            return None
        names: list[Json] = [rule.name for rule in rules]
        return ClientView(rules, self._values.of(dumps(names), label=_DIRECTION))

    def mask(
        self, view: ClientView, *, headers: Headers, body: bytes, holds: Holds, known: Sequence[KnownSchema] = ()
    ) -> MaskedAnswer:
        """An answer as `view` shows it. `headers` say how `body` is encoded; `known` describe the data in it.

        Raises NotMaskable, and nothing else.
        """
        failed: str | None = None
        try:
            replacements = Replacements(self._values)
            policy = self._policies.of(view.rules, holds, known)
            shown = tuple(_masked_headers(headers, policy, replacements))
            if view.masks_bodies:
                body = mask_client_body(body, headers, policy, replacements)
            return MaskedAnswer(shown, body, dict(replacements.masked))
        except NotMaskable as error:
            failed = str(error)
        except Exception:  # noqa: BLE001 - whatever it is, its text may hold values
            failed = "masking failed on it"
        raise NotMaskable(failed)  # outside the handlers, so that the first exception is not even its context


def _refuse_carrying(rule: MaskingRule) -> None:
    for header in rule.headers:
        if header.lower() in _CARRYING:
            problem = f"{header} says how an answer is carried and cannot be masked; leave it out"
            raise ValueError(f"{rule.source}: masking rule {rule.name!r}: {problem}")


def _masked_headers(headers: Headers, policy: Policy, replacements: Replacements) -> Iterator[tuple[str, str]]:
    for name, value in headers:
        rule = policy.header_rule(name)
        shown = value if rule is None else replacements.by(rule, value, f"header {name}")
        if shown is not DROPPED:
            yield name, shown.replace("…", "...") if rule is not None else shown  # many readers take fields for Latin-1
