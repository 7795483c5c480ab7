"""`countersign evidence prune`: erases old payloads by the rules of evidence.yaml, as an act that is in the log."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from countersign.approvals.retention import needed
from countersign.cli.evidence_acts import acting, errors_as_exit_codes, now
from countersign.cli.evidence_places import places_of, state_option
from countersign.cli.rules import rules_option
from countersign.evidence import account, pruning
from countersign.evidence.control import Refused, figures, prune_by
from countersign.rulebook.loading import load
from countersign.rulebook.problems import did_you_mean
from countersign.rulebook.values import RetentionRule, Rulebook
from countersign.visible_text import visible_line

_NOT_DONE = 2
_TIMES = ("before", "oldest", "newest")


@click.command("prune")
@state_option
@rules_option
@click.option("--rule", "names", multiple=True, metavar="NAME", help="Only this rule; repeat.  [default: every one]")
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and change nothing.")
@click.option("--reason", help="Why, for the record.")
@click.option("--yes", is_flag=True, help="Do not ask, on a terminal.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def prune(
    state: Path | None,
    directory: Path,
    names: tuple[str, ...],
    dry_run: bool,
    reason: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase messages and documents that are older than the `retention` rules of evidence.yaml allow, with their salts.

    The records of what happened stay, and so do all proofs; the log tells who erased what by which rule, and `evidence
    verify` tells that from what is missing. What approvals that are still open need is kept. Copies, exports and backups
    are not reached.

    With a gateway running it is done by the gateway, beside its traffic, by the rules that it runs with; else here. Nothing
    is erased by itself, unless `prune_every_hours` in evidence.yaml says so; or let cron run this command every day.

    Ends with 0: done, 1: the evidence was tampered with, 2: not done for another reason, or not wholly.
    """
    with errors_as_exit_codes():
        places, rulebook = places_of(state), load(directory)
        rules = _chosen(rulebook, names)
        selections = [pruning.by_rule(rule, now()) for rule in rules]
        plans = pruning.plan(places.database, selections, needed)
        planned = [figures(rule, plan) for rule, plan in zip(rules, plans, strict=True)]
        if dry_run:
            _show(planned, as_json, "would be erased")
            return
        if not yes and sys.stdin.isatty() and any(each["payloads"] for each in planned):
            _show(planned, False, "would be erased")
            if not click.confirm("They cannot be brought back. Erase them?", err=True):
                raise Refused("nothing was erased")
        with acting(places, lambda: rulebook.evidence) as act:
            done = [act(prune_by(rule, reason), _tell) for rule in rules]
    _show(done, as_json, "were erased")
    if not all(each["is_gone"] for each in done):
        click.echo(
            "Somebody reads the log, so that what was erased can still be in the file evidence.db-wal: prune again when they "
            "have ended.",
            err=True,
        )
        sys.exit(_NOT_DONE)


def _chosen(rulebook: Rulebook, names: Sequence[str]) -> Sequence[RetentionRule]:
    rules = {rule.name: rule for rule in rulebook.evidence.retention}
    if not rules:
        raise Refused(
            "evidence.yaml has no retention rules; write some, as in `retention: [{name: bodies, older_than_days: 90, names: "
            "[request-body, response-body]}]`"
        )
    for name in names:
        if name not in rules:
            raise Refused(f"evidence.yaml has no retention rule {name!r} ({did_you_mean(name, rules)})")
    connections = {connection.name for connection in rulebook.connections}
    chosen = [rules[name] for name in dict.fromkeys(names)] or list(rules.values())
    for rule in chosen:
        if rule.connection is not None and rule.connection not in connections:
            click.echo(f"{rule}: the rules have no connection {rule.connection!r} (any more)", err=True)
    return chosen


def _show(found: Sequence[dict[str, Any]], as_json: bool, what: str) -> None:
    if as_json:
        rules = [{**each, **{name: _moment(each[name]) for name in _TIMES}} for each in found]
        click.echo(json.dumps({"dry_run": what != "were erased", "rules": rules}, indent=2, sort_keys=True))
        return
    for each in found:
        told = f"{each['payloads']} payloads ({each['bytes']} bytes) {what}"
        if each["payloads"]:
            told += f", of records from {_moment(each['oldest'])} to {_moment(each['newest'])}"
        if each["kept"]:
            told += f"; {each['kept']} are kept, because approvals need them"
        click.echo(visible_line(f"{each['rule']}: {told}."))


def _moment(time_us: int | None) -> str | None:
    return None if time_us is None else account.moment(time_us)


def _tell(erased: int) -> None:
    """On a terminal, in one line that the next one overwrites."""
    if sys.stderr.isatty():
        click.echo(f"\r{erased} payloads erased\r", nl=False, err=True)
