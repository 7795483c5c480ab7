"""Children: started, waited for with a bound, ended."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from scripts.story.process import ROOT, Child, ChildFailed, free_port, start_module

SLEEPER = "import threading; print('up', flush=True); threading.Event().wait()"


def python(source: str, log: Path, **environment: str) -> Child:
    return Child([sys.executable, "-c", source], log=log, environment=environment)


def test_a_line_is_waited_for_and_kept_in_the_log(log: Path) -> None:
    """The match comes back, and the log file holds what was printed."""
    with python("print('one'); print('ready 42')", log) as child:
        assert child.wait_for_line(r"^ready (\d+)$")[1] == "42"
        assert child.wait() == 0
    assert log.read_text() == "one\nready 42\n"


def test_standard_error_is_part_of_the_output(log: Path) -> None:
    """A traceback is seen, too."""
    with python("raise SystemExit('broken')", log) as child:
        assert child.wait() == 1
        assert "broken" in child.output


def test_a_child_that_ends_too_early_is_told_at_once(log: Path) -> None:
    """Its end and the end of its output are in the error, long before the time is over."""
    with python("print('no luck'); raise SystemExit(3)", log) as child:
        with pytest.raises(ChildFailed, match=r"(?s)exit code 3.*no luck"):
            child.wait_for_line("ready", seconds=60)


def test_waiting_for_a_line_is_bounded(log: Path) -> None:
    """A child that never says it is given up, and still ended."""
    with python(SLEEPER, log) as child:
        with pytest.raises(ChildFailed, match="is still running"):
            child.wait_for_line("ready", seconds=0.2)
        assert child.is_running
    assert not child.is_running


def test_waiting_for_the_end_is_bounded(log: Path) -> None:
    """A child that does not end by itself is an error, not a hang."""
    with python(SLEEPER, log) as child:
        with pytest.raises(ChildFailed, match="did not end"):
            child.wait(seconds=0.2)


def test_a_port_is_waited_for(log: Path) -> None:
    """As soon as somebody listens."""
    port = free_port()
    source = f"import socket; s = socket.create_server(('127.0.0.1', {port})); {SLEEPER}"
    with python(source, log) as child:
        child.wait_for_port(port)


def test_a_port_that_nobody_opens_is_given_up(log: Path) -> None:
    """Bounded, and at once where the child has ended."""
    with python(SLEEPER, log) as child:
        with pytest.raises(ChildFailed, match="does not listen"):
            child.wait_for_port(free_port(), seconds=0.2)
    with python("", log) as child:
        child.wait()
        with pytest.raises(ChildFailed, match="ended with exit code 0"):
            child.wait_for_port(free_port(), seconds=60)


def test_a_child_that_ignores_the_request_to_end_is_killed(log: Path) -> None:
    """SIGTERM first, then SIGKILL."""
    source = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
    child = python(source, log)
    child.wait_for_line("up")
    assert child.stop(seconds=0.2) == -signal.SIGKILL
    assert child.stop() == -signal.SIGKILL


def test_signals_reach_the_child(log: Path) -> None:
    """For fault tests: a kill without farewell."""
    with python(SLEEPER, log) as child:
        child.wait_for_line("up")
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL


def test_the_environment_is_added_to_ours(log: Path) -> None:
    """What is given is there, and so is PATH."""
    with python("import os; print(os.environ['STORY'], 'PATH' in os.environ)", log, STORY="told") as child:
        child.wait_for_line("^told True$")


def test_a_module_of_the_repository_is_started(log: Path) -> None:
    """From its root, wherever the caller stands."""
    with start_module("scripts.story.store", "--help", log=log) as child:
        assert child.wait() == 0
        assert "--credential-file" in child.output
    assert (ROOT / "pyproject.toml").is_file()
