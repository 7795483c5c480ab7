"""The demo, as a newcomer runs it."""

from __future__ import annotations

import re
import shutil
import urllib.request
from pathlib import Path

import pytest

from scripts.story.process import Child, start_module

STEPS = [
    "1. A safe change passes at once",
    "2. A risky change is held until another person agrees",
    "3. An emergency does not wait, and is looked at afterwards",
    "4. What is not allowed is refused, with what to do about it",
    "5. A secret is never kept",
    "6. The evidence proves itself",
]


def test_the_demo_tells_its_steps_and_ends_by_itself(tmp_path: Path) -> None:
    """Exit code 0, every step in order, and what each party saw below it."""
    with start_module("scripts.story.demo", log=tmp_path / "demo.log") as demo:
        assert demo.wait(seconds=100) == 0, demo.output
    assert re.findall(r"^\d\. .*$", demo.output, re.MULTILINE) == STEPS
    for seen in (
        "| registered",
        "| approval.requested: register of orders-value by ana, high risk",
        "/approvals/",
        "1 missing",
        "refused: ana stands behind",
        "BREAK-GLASS",
        "reviewed and accepted",
        "refused 403 40300",
        "407",
        "intact",
        "problem: record 5",
    ):
        assert seen in demo.output
    assert "Everything above was seen just now" in demo.output


@pytest.mark.skipif(shutil.which("curl") is None, reason="what it prints is for curl")
def test_what_the_demo_prints_to_be_tried_works(tmp_path: Path) -> None:
    """With --stay: each printed line does what it says, from the held request to the evidence; SIGTERM ends it well."""
    with start_module("scripts.story.demo", "--stay", log=tmp_path / "demo.log") as demo:
        demo.wait_for_line("^What the chat bot is told appears below", seconds=100)
        text = demo.output.partition("It stays up until Ctrl-C")[2]
        indented = [line for line in text.replace("\\\n", "").splitlines() if line.startswith("  ")]
        *first, proxy, curl, token = [line for line in indented if re.match(r"  (cd|export|curl)", line)]
        assert len(first) == 3
        page = re.search(r"http://\S+/approvals", text)
        assert page is not None
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(page[0], timeout=10) as answer:
            assert "Log in with" in answer.read().decode()

        def run(name: str, *lines: str) -> Child:
            return Child(["bash", "-ec", "\n".join([*first, *lines])], log=tmp_path / f"{name}.log")

        with (
            run("curl", proxy, curl) as pipeline,
            run("watch", token, "exec countersign approvals watch") as watch,
        ):
            approval = watch.wait_for_line(r"^\S+  ([0-9a-f]{32})  .*orders-refund-value")[1]
            listed = run("list", token, "countersign approvals list")
            assert listed.wait() == 0
            assert approval in listed.output
            approved = run("approve", token, f'countersign approvals approve {approval} --reason "agreed"')
            assert approved.wait() == 0, approved.output
            assert pipeline.wait(seconds=60) == 0, pipeline.output
            assert '{"id":' in pipeline.output
            watch.wait_for_line(approval + "  .*(used|let through)")
        evidence = run("evidence", "countersign evidence list")
        assert evidence.wait() == 0
        assert f"approval {approval} approved by bob because: agreed" in evidence.output
        demo.wait_for_line("the chat bot: approval.approved: register of orders-refund-value by ana")
        assert demo.stop() == 0
        assert "the demo failed" not in demo.output
