"""`countersign ...`: one module for each group of commands."""

from __future__ import annotations

import click

from countersign import __version__
from countersign.cli.approvals import approvals
from countersign.cli.evidence import evidence
from countersign.cli.evidence_check_proof import check_proof
from countersign.cli.evidence_export import export, prove
from countersign.cli.evidence_keys import erase_key, rotate_key
from countersign.cli.evidence_prune import prune
from countersign.cli.evidence_verify import verify
from countersign.cli.explain import explain
from countersign.cli.rules import rules
from countersign.cli.schema import schema
from countersign.cli.try_mask import try_mask
from countersign.cli.watch import watch
from countersign.cli.witness import witness


@click.group()
@click.version_option(__version__, prog_name="countersign")
def main() -> None:
    """Every change to a production JSON Schema identified, authorised, countersigned and provable."""


rules.add_command(explain)
rules.add_command(try_mask)
approvals.add_command(watch)
for _command in (verify, prove, check_proof, export, prune, rotate_key, erase_key):
    evidence.add_command(_command)
for _group in (approvals, evidence, rules, schema):
    main.add_command(_group)
main.add_command(witness)
