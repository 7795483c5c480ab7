"""The service's own credential, read at use."""

from __future__ import annotations

from pathlib import Path

import pytest

from countersign.errors import SchemaUnavailable
from countersign.proxy.credentials import upstream_credential
from countersign.rulebook.values import UpstreamCredential
from tests.proxy.values import connection


def test_a_connection_without_a_credential_adds_none() -> None:
    """Where the rules name no credential, no header is added."""
    assert upstream_credential(connection()) == ()


def test_the_environment_is_read_at_each_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotated value counts at once, and the scheme stands before it."""
    known = connection(credential=UpstreamCredential("Authorization", "Bearer", "COUNTERSIGN_TEST_KEY", None))
    monkeypatch.setenv("COUNTERSIGN_TEST_KEY", "first")
    assert upstream_credential(known) == (("Authorization", "Bearer first"),)
    monkeypatch.setenv("COUNTERSIGN_TEST_KEY", "second")
    assert upstream_credential(known) == (("Authorization", "Bearer second"),)


def test_a_file_is_read_at_each_use_without_its_line_end(tmp_path: Path) -> None:
    """A file as editors and secret stores write it gives the value alone."""
    file = tmp_path / "key"
    known = connection(credential=UpstreamCredential("X-Api-Key", "", None, str(file)))
    file.write_text("first\n")
    assert upstream_credential(known) == (("X-Api-Key", "first"),)
    file.write_text("second\n")
    assert upstream_credential(known) == (("X-Api-Key", "second"),)


@pytest.mark.parametrize("content", [b"", b" \n", b"a\nb", b"a\x00b", b"\xff\xfe"], ids=repr)
def test_a_value_that_is_no_header_value_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty value, a line feed inside, a control character and what is not UTF-8 never become a header."""
    file = tmp_path / "key"
    file.write_bytes(content)
    known = connection(credential=UpstreamCredential("X-Api-Key", "", None, str(file)))
    with pytest.raises(SchemaUnavailable, match=r"no credential for schemas; see connections/schemas\.yaml:3"):
        upstream_credential(known)


def test_a_missing_source_is_named_by_the_rule_and_not_by_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable or a file that is not there is refused, with the place in the rules."""
    monkeypatch.delenv("COUNTERSIGN_TEST_KEY", raising=False)
    for credential in (
        UpstreamCredential("Authorization", "Bearer", "COUNTERSIGN_TEST_KEY", None),
        UpstreamCredential("Authorization", "Bearer", None, str(tmp_path / "nothing")),
    ):
        with pytest.raises(SchemaUnavailable, match=r"schemas\.yaml:3"):
            upstream_credential(connection(credential=credential))
