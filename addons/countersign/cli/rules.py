"""`countersign rules`: are the rule files right, and what do they say?"""

from __future__ import annotations

from pathlib import Path

import click

from countersign.errors import RulesErrors
from countersign.masking.rule_checks import check_rules as check_masking
from countersign.rulebook.loading import load
from countersign.rulebook.values import BuiltInMasking, Rulebook

#: The rules directory, for every command that needs it.
rules_option = click.option(
    "--rules",
    "directory",
    type=click.Path(path_type=Path),
    default=Path("rules"),
    envvar="COUNTERSIGN_RULES",
    show_default=True,
    show_envvar=True,
    help="The directory with the rule files.",
)


@click.group()
def rules() -> None:
    """Check the rule files, and ask what they decide."""


@rules.command()
@rules_option
def check(directory: Path) -> None:
    """Check every rule file; show what is in force, or each problem with file and line (exit code 1)."""
    try:
        rulebook = load(directory)
        check_masking(rulebook.masking, rulebook.built_in_masking, directory)
    except RulesErrors as problems:
        for error in problems.errors:
            click.echo(str(error), err=True)
        count = len(problems.errors)
        click.echo(f"{count} problem{'s' if count > 1 else ''}: the gateway would not start", err=True)
        raise click.exceptions.Exit(1) from None
    click.echo(_summary(rulebook))


def _summary(rulebook: Rulebook) -> str:
    lines = [f"digest       {rulebook.digest}"]
    for connection in rulebook.connections:
        place = f"{connection.scheme}://{_bracketed(connection.host)}:{connection.port}"
        held = f"held up to {connection.hold_seconds} s, then {connection.pending_status}"
        lines.append(f"connection   {connection.name}: {place}, dialect {connection.dialect}, {held}")
    lines += [f"tunnel       {_bracketed(tunnel.host)}:{tunnel.port}, not inspected" for tunnel in rulebook.tunnels]
    lines += [f"issuer       {issuer.url}" for issuer in rulebook.identity.issuers]
    people = {mark.person for mark in rulebook.identity.people}
    lines.append(f"people       {len(people)} known by name")
    lines += [f"access       {rule.verdict:5} {', '.join(rule.effects)}: {rule.name}" for rule in rulebook.access]
    lines += [f"approval     {rule.verdict:5} {rule.name}" for rule in rulebook.approval]
    lines += [f"break-glass  {rule.name}, reviewed by {' or '.join(rule.reviewers)}" for rule in rulebook.break_glass]
    lines += [f"notify       {target.name}: {', '.join(target.events)}" for target in rulebook.notify]
    lines += [f"masking      {rule.how} in {', '.join(rule.directions)}: {rule.name}" for rule in rulebook.masking]
    lines.append(f"masking      built in{_switched_off(rulebook.built_in_masking)}")
    lines.append("Everything else is refused.")
    return "\n".join(lines)


def _switched_off(built_in: BuiltInMasking) -> str:
    off = (*built_in.names_off, *built_in.detectors_off, *built_in.marks_off)
    regions = f", with telephone numbers of {', '.join(built_in.phone_regions)}" if built_in.phone_regions else ""
    return regions + (f", without {', '.join(off)}" if off else "")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
