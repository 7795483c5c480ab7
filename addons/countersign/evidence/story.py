"""What the records of a log say to each other: one genesis, and an outcome for every intent before the next start.

Does not check that any of it is true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from countersign.evidence.epochs import KeyChain
from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.records import Envelope


class Story:
    """Follows the records in order; `remark(seq, what)` hears what is odd, and no tampering."""

    def __init__(self, keys: KeyChain, remark: Callable[[int, str], None]) -> None:
        self._keys = keys
        self._remark = remark
        self.open_intents: dict[str, int] = {}  #: exchanges whose outcome is not recorded yet, and the intent's seq
        self._denied: set[str] = set()  # exchanges whose denial is recorded, and its outcome not yet
        self._last_time_us = 0
        self.anchor_files: dict[
            str, int
        ] = {}  #: those that the last start named, and the first start in a row that did
        self._witnesses: set[str] = set()  # that the last start named
        self._heartbeat_us: int | None = None  # the longest silence of a gateway that runs

    def follow(self, envelope: Envelope) -> Iterator[int]:
        """Take note of one record; yields the intents that stay without an outcome. Raises EvidenceDamaged."""
        seq = envelope.seq
        self._watch_the_clock(envelope)
        if (envelope.type == "genesis") != (seq == 0):
            raise EvidenceDamaged("a log begins with its genesis record and has one only")
        match envelope.type:
            case "genesis":
                if envelope.fields.get("vkey") != self._keys.current.vkey():
                    raise EvidenceDamaged("the log was begun with another key")
            case "key_rotation":
                self._keys.announce(dict(envelope.fields))
            case "intent":
                self._intent(seq, envelope.exchange)
            case "outcome" | "outcome_unknown":
                self._outcome(envelope)
            case "decision":
                exchange = envelope.exchange
                if exchange is not None and envelope.fields.get("verdict") == "deny":
                    if self.open_intents.pop(exchange, None) is not None:
                        self._denied.add(exchange)
            case "start":
                beat = envelope.fields.get("heartbeat_seconds")
                self._heartbeat_us = beat * 1_000_000 if type(beat) is int else None
                named = envelope.fields.get("anchor_files")
                files = [str(each) for each in named] if isinstance(named, list) else []
                for given_up in self.anchor_files.keys() - set(files):
                    self._remark(seq, f"from here on the log is not anchored in {given_up} any more")
                witnesses = _witnesses(envelope.fields.get("witnesses"))
                for given_up in sorted(self._witnesses - witnesses):
                    self._remark(seq, f"from here on the log is not anchored at the witness {given_up} any more")
                self._witnesses = witnesses
                self.anchor_files = {file: self.anchor_files.get(file, seq) for file in files}
                yield from self.open_intents.values()
                self.open_intents.clear()
                self._denied.clear()

    def _intent(self, seq: int, exchange: str | None) -> None:
        if exchange is None or exchange in self.open_intents:
            self._remark(seq, "an intent that cannot be told from an earlier one")
        if exchange is not None:
            self.open_intents[exchange] = seq

    def _outcome(self, envelope: Envelope) -> None:
        exchange = envelope.exchange
        if exchange in self._denied:
            self._denied.discard(exchange)  # what the client was told of the denial
        elif exchange not in self.open_intents and "observed" in envelope.fields:
            pass  # the service was asked later what became of a request whose outcome was unknown
        elif exchange is None or self.open_intents.pop(exchange, None) is None:
            self._remark(envelope.seq, "an outcome without an open intent")

    def _watch_the_clock(self, envelope: Envelope) -> None:
        silence = envelope.time_us - self._last_time_us
        if silence < 0:
            self._remark(envelope.seq, "the clock went back")
        elif (
            self._heartbeat_us is not None and silence > 2 * self._heartbeat_us and envelope.type not in _AFTER_SILENCE
        ):
            self._remark(
                envelope.seq,
                f"nothing was recorded for {silence // 1_000_000} seconds before it, though the gateway ran and something "
                f"was due every {self._heartbeat_us // 1_000_000}: it was suspended, or the clock was set",
            )
        self._last_time_us = envelope.time_us


_AFTER_SILENCE = (
    "start",
    "outcome_unknown",
    "clock_step",
)  # what a gateway writes that was not there, or whose clock was set


def _witnesses(named: object) -> set[str]:
    """Those that a start names, each by its name and the id of its key; what is malformed names none."""
    entries = named if isinstance(named, list) else []
    return {f"{each.get('name')} ({each.get('key')})" for each in entries if isinstance(each, dict)}
