"""evidence.yaml: witnesses, their quorum, and how old an anchor may get."""

from __future__ import annotations

import pytest

from countersign import limits
from countersign.rulebook.values import WitnessRule
from tests.rulebook.conftest import RulesDirectory

FIRST = "witness.example.com/0+4ad4fccf+BGwIpQe4VtZmQ+7JK2/jbi+yTY/eUF2WGR8wML+qGfib"
SECOND = "witness.example.com/1+844ac307+BPck7Ua4dLPhmJVWe2MJG+7FPf0ffZ5EmxoPjVCX221W"
A_LOG = "example.com/audit/gateway-1+67349c3f+AU7qqt8TASDt45OWqVpIpGN34agVA7EWGndxFuVsnIF0"

WHOLE = f"""compliance: true
anchors:
  witnesses:
    - url: https://witness.example.com
      vkey: {FIRST}
    - url: http://127.0.0.1:8083
      vkey: {SECOND}
  quorum: 2
  warn_after_seconds: 60
  refuse_after_seconds: 600
"""
AGES = "  warn_after_seconds: 60\n  refuse_after_seconds: 600\n"


def test_what_it_says(rules: RulesDirectory) -> None:
    """Each key is read; a witness satisfies compliance."""
    rules.write("evidence.yaml", WHOLE)
    found = rules.load().evidence
    assert found.witnesses == (
        WitnessRule("https://witness.example.com", FIRST),
        WitnessRule("http://127.0.0.1:8083", SECOND),
    )
    assert (found.quorum, found.warn_after_seconds, found.refuse_after_seconds) == (2, 60, 600)
    assert found.checkpoint_files == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  quorum: 2\n", "", (1, 60, 600)),
        (AGES, "", (2, limits.WARN_UNANCHORED_SECONDS, limits.REFUSE_UNANCHORED_SECONDS)),
        ("  warn_after_seconds: 60\n  refuse_after_seconds: 600\n", "  refuse_after_seconds: 20\n", (2, 20, 20)),
        ("  warn_after_seconds: 60\n  refuse_after_seconds: 600\n", "  warn_after_seconds: 7200\n", (2, 7200, 7200)),
        (
            "  quorum: 2\n" + AGES,
            "  checkpoint_files: [/mnt/checkpoints]\n",
            (0, limits.WARN_UNANCHORED_SECONDS, limits.REFUSE_UNANCHORED_SECONDS),
        ),
        ("  quorum: 2\n", "  checkpoint_files: [/mnt/checkpoints]\n  quorum: 1\n", (1, 60, 600)),
    ],
)
def test_left_out(rules: RulesDirectory, old: str, new: str, expected: tuple[int, int, int]) -> None:
    """One witness is enough where nothing else anchors the log, none where checkpoint files do, unless it is asked for;
    nobody is refused before anybody is warned."""
    rules.write("evidence.yaml", WHOLE)
    rules.replace("evidence.yaml", old, new)
    found = rules.load().evidence
    assert (found.quorum, found.warn_after_seconds, found.refuse_after_seconds) == expected


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("https://witness", "http://witness", "evidence.yaml:4: the witness is not https"),
        (
            "https://witness",
            "https://ann:secret@witness",
            "evidence.yaml:4: the witness is not an https URL without user",
        ),
        (FIRST, FIRST[:-1], "evidence.yaml:5: the vkey is not name+id+key (copy the line"),
        (FIRST, FIRST.replace("/0+", "/9+"), "evidence.yaml:5: the vkey's id is not that of its name and key"),
        (FIRST, A_LOG, "evidence.yaml:5: the vkey is that of a log, not of a witness"),
        (FIRST, FIRST[:-44] + "C" + FIRST[-43:], "evidence.yaml:5: the vkey does not hold a witness's Ed25519 key"),
        (FIRST, SECOND, "evidence.yaml:6: this witness is listed already"),
        ("quorum: 2", "quorum: 3", "evidence.yaml:8: 3 witnesses are to cosign, and 2 are listed"),
        ("quorum: 2", "quorum: 0", "evidence.yaml:8: anchors.quorum must be at least 1"),
        ("after_seconds: 60\n", "after_seconds: 601\n", "evidence.yaml:9: operators are warned after 601 seconds"),
        ("after_seconds: 600", "after_seconds: 1", "evidence.yaml:10: anchors.refuse_after_seconds must be at least 2"),
        ("after_seconds: 600", "after_seconds: 604801", "must be at most 604800"),
        ("quorum: 2", "checkpoint_files: [/mnt/c]", "evidence.yaml:9: warn_after_seconds has no effect"),
        ("      vkey: " + FIRST + "\n", "", "evidence.yaml:4: anchors.witnesses[1] needs the key 'vkey'"),
    ],
)
def test_a_mistake_is_refused(rules: RulesDirectory, old: str, new: str, problem: str) -> None:
    """A log that is anchored otherwise than was asked for must not begin."""
    rules.write("evidence.yaml", WHOLE)
    rules.replace("evidence.yaml", old, new)
    found = rules.problems()
    assert any(problem in one for one in found), found
    assert not any("secret" in one for one in found)


@pytest.mark.parametrize(
    ("anchors", "problem"),
    [
        ("{quorum: 1}", "anchors has 'quorum' without 'witnesses'"),
        ("{checkpoint_files: [/mnt/c], refuse_after_seconds: 60}", "without 'witnesses'"),
        ("{}", "anchors is empty"),
        ("{witnesses: []}", "anchors.witnesses is empty"),
    ],
)
def test_no_witness(rules: RulesDirectory, anchors: str, problem: str) -> None:
    """What speaks of witnesses needs one."""
    rules.write("evidence.yaml", f"compliance: false\nanchors: {anchors}\n")
    assert any(problem in one for one in rules.problems())
    rules.write("evidence.yaml", "compliance: false\nanchors: {checkpoint_files: [/mnt/c]}\n")
    rules.load()
