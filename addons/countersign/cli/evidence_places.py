"""Where `countersign evidence` finds a log: the options that say so, shared by its commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from countersign.evidence.places import StatePlaces


def state_option[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    """The gateway whose log it is: the parameter `state`."""
    return click.option(
        "--state",
        envvar="COUNTERSIGN_STATE",
        type=click.Path(path_type=Path),
        help="State directory of the gateway.  [default: ~/.countersign]",
    )(command)


def source_options[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    """The same, or a database by itself: the parameters `state` and `db`."""
    database = click.option("--db", type=click.Path(path_type=Path), help="The database itself, e.g. a copy.")
    return state_option(database(command))


def places_of(state: Path | None) -> StatePlaces:
    """What `--state` names, or leaves to the default."""
    return StatePlaces.default(Path.home()) if state is None else StatePlaces(state)
