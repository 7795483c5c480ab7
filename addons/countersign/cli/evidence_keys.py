"""`countersign evidence rotate-key`: the log goes on with a new signing key, and the old one is erased."""

from __future__ import annotations

from pathlib import Path

import click

from countersign.cli.evidence_acts import acting, errors_as_exit_codes
from countersign.cli.evidence_places import places_of, state_option
from countersign.cli.rules import rules_option
from countersign.evidence.control import ROTATE_KEY
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
