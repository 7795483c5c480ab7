"""`countersign evidence rotate-key`, with a gateway and without."""

from __future__ import annotations

import os

from countersign.evidence.control import os_user
from countersign.evidence.keys import SIGNING_KEY_NAME
from countersign.evidence.values_key import KEY_NAME as VALUES_KEY_NAME
from tests.cli.acting_log import ActingLog


def test_rotate_key(acting: ActingLog) -> None:
    """A stopped log, then a running one: both public keys are printed, the old private key is gone, all verifies."""
    first = acting.places.vkey.read_text().strip()
    result = acting.run("rotate-key")
    assert result.exit_code == 0, result.output
    _, second = acting.places.vkey.read_text().splitlines()
    assert result.output.splitlines()[:2] == [f"old: {first}", f"new: {second}"]
    before = (acting.places.keys / SIGNING_KEY_NAME).read_bytes()
    with acting.gateway() as log:
        result = acting.run("rotate-key")
        assert result.exit_code == 0, result.output
        third = log.vkey.splitlines()[-1]
        assert result.output.splitlines()[:2] == [f"old: {second}", f"new: {third}"]
    assert (acting.places.keys / SIGNING_KEY_NAME).read_bytes() != before
    assert [record.fields["actor"] for record in acting.records("key_rotation")] == [os_user(os.geteuid())] * 2
    assert (acting.report.ok, len(acting.report.epochs)) == (True, 3)
    assert acting.run("verify", "--anchor", str(acting.anchor)).exit_code == 0


def test_rules_that_cannot_be_used(acting: ActingLog) -> None:
    """A stopped log is not opened without its anchors; a running one needs no rules."""
    (acting.rules / "evidence.yaml").write_text("compliance: yes\n")
    size = len(acting.records())
    result = acting.run("rotate-key")
    assert (result.exit_code, "evidence.yaml:1" in result.output) == (2, True), result.output
    assert len(acting.records()) == size
    acting.write_rules()
    with acting.gateway():
        (acting.rules / "evidence.yaml").write_text("compliance: yes\n")
        assert acting.run("rotate-key").exit_code == 0


def test_erase_values_key(acting: ActingLog) -> None:
    """With and without a gateway: another key is in the file, a running gateway has it at once, and it is on record."""
    file = acting.places.keys / VALUES_KEY_NAME
    first = file.read_bytes()
    result = acting.run("erase-values-key", "--reason", "GDPR")
    assert (result.exit_code, result.output) == (0, f"erased: {file}\n")
    second = file.read_bytes()
    with acting.gateway() as log:
        result = acting.run("erase-values-key")
        assert result.exit_code == 0, result.output
        assert log.values_key.hex().encode() == file.read_bytes().strip()
    assert len({first, second, file.read_bytes()}) == 3
    assert [record.fields["reason"] for record in acting.records("key_erasure")] == ["GDPR", None]
    assert acting.report.ok
