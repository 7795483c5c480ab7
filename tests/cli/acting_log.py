"""A log with an old story, for the commands that act on it: with a gateway's control socket, and without."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from click.testing import CliRunner, Result

from countersign.approvals.retention import needed
from countersign.cli import main
from countersign.evidence import EvidenceLog, LogSettings, StatePlaces, store, verify
from countersign.evidence.control import Control
from countersign.evidence.control_room import ControlRoom
from countersign.evidence.records import Record
from countersign.evidence.report import Report
from countersign.rulebook.loading import load
from tests.evidence import logs

SHIPPED = Path(__file__).parents[2] / "rules"
DAY_US = 24 * 3600 * 1_000_000
PATIENCE_SECONDS = 10
RETENTION = """retention:
  - name: bodies
    older_than_days: 2
    types: [intent]
  - name: everything else
    older_than_days: 3
"""


def now() -> int:
    """Microseconds UTC, now."""
    return time.time_ns() // 1000


class ActingLog:
    """A state directory and rules, below a path that is short enough for a socket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.places = StatePlaces(folder / "state")
        self.rules = Path(shutil.copytree(SHIPPED, folder / "rules", ignore=shutil.ignore_patterns("schemas")))
        self.anchor = folder / "elsewhere" / "checkpoints"
        self.anchor.parent.mkdir()
        self.write_rules()
        with logs.opened(self.places, clock=logs.Clock(now() - 5 * DAY_US), settings=self.settings) as log:
            logs.tell_story(log)

    def write_rules(self, retention: str = RETENTION) -> None:
        """evidence.yaml."""
        text = f"compliance: true\nanchors: {{ checkpoint_files: ['{self.anchor}'] }}\n{retention}"
        (self.rules / "evidence.yaml").write_text(text)

    @property
    def settings(self) -> LogSettings:
        """What the rules say."""
        return LogSettings.by_rules(load(self.rules).evidence)

    @contextmanager
    def gateway(self) -> Iterator[EvidenceLog]:
        """What a running gateway has of it: the log, and the control socket."""
        rules = load(self.rules).evidence
        with logs.opened(self.places, clock=now, settings=self.settings) as log:
            room = ControlRoom(self.places.evidence, Control(log, rules.retention, needed, now), rules)
            room.start()
            try:
                yield log
            finally:
                room.stop(PATIENCE_SECONDS)

    def run(self, *arguments: str) -> Result:
        """`countersign evidence ...`."""
        environment = {"COUNTERSIGN_STATE": str(self.places.root), "COUNTERSIGN_RULES": str(self.rules)}
        return CliRunner().invoke(main, ["evidence", *arguments], env=environment)

    def records(self, *types: str) -> list[Record]:
        """Those that are stored."""
        with closing(store.open_for_reading(self.places.database)) as db:
            return list(store.read_records(db, types=types or None))

    @property
    def report(self) -> Report:
        """What verification says now."""
        return verify(self.places.database, self.places.vkey.read_text())

    def raw(self) -> bytes:
        """All bytes of the database and of what SQLite has beside it."""
        return b"".join(path.read_bytes() for path in sorted(self.places.evidence.glob("evidence.db*")))


@contextmanager
def acting_log() -> Iterator[ActingLog]:
    """One that is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="acting-"))
    try:
        yield ActingLog(folder)
    finally:
        shutil.rmtree(folder)
