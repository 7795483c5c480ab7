"""`countersign evidence rotate-key` and `erase-values-key`: a new key takes the place of an old one, which is erased."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from countersign.cli.evidence_acts import acting, errors_as_exit_codes
from countersign.cli.evidence_places import places_of, state_option
from countersign.cli.rules import rules_option
from countersign.evidence.control import ROTATE_KEY, Refused, erase_values_key
from countersign.rulebook.loading import load


@click.command("rotate-key")
@state_option
@rules_option
def rotate_key(state: Path | None, directory: Path) -> None:
    """Begin a new key epoch now: who steals the new key cannot sign anew what the old one signed.

    The old key signs the record that names the new one, and is erased. With a gateway running it is done by the gateway;
    else here, with the anchors of evidence.yaml. `key_epoch_hours` there makes it regular.
    """
    places = places_of(state)
    with errors_as_exit_codes(), acting(places, lambda: load(directory).evidence) as act:
        done = act(ROTATE_KEY, lambda erased: None)
    click.echo(f"old: {done['old']}")
    click.echo(f"new: {done['new']}")
    click.echo(f"Give those who verify the log the new line of {places.vkey}, from a place that they trust.")


@click.command("erase-values-key")
@state_option
@rules_option
@click.option("--reason", help="Why, for the record.")
@click.option("--yes", is_flag=True, help="Do not ask, on a terminal.")
def erase_key(state: Path | None, directory: Path, reason: str | None, yes: bool) -> None:
    """Erase the key of `keyed-hash` masking: what was masked so can then be compared with nothing any more.

    The log goes on with a new key: equal values are told as equal again from here on, and not with those before. With a
    gateway running it is done by the gateway, else here; it leaves a record. Copies of the key file are not reached.
    """
    places = places_of(state)
    with errors_as_exit_codes():
        if not yes and sys.stdin.isatty() and not click.confirm("It cannot be brought back. Erase it?", err=True):
            raise Refused("nothing was erased")
        with acting(places, lambda: load(directory).evidence) as act:
            done = act(erase_values_key(reason), lambda erased: None)
    click.echo(f"erased: {places.keys / str(done['erased'])}")
