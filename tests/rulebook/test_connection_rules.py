from __future__ import annotations

import pytest

from tests.rulebook.conftest import RulesDirectory

CREDENTIAL = "    credential: {header: Authorization, scheme: Bearer, from_env: TOKEN}\n"
SECOND = "  - name: second\n    url: https://second.example.com\n    dialect: rest\n"


def _append(rules: RulesDirectory, text: str) -> None:
    path = rules.path / "connections/example.yaml"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_a_connection_is_read_with_its_defaults(rules: RulesDirectory) -> None:
    """Host and port come from the URL; the source says where it stands."""
    _append(rules, SECOND + CREDENTIAL)
    first, second = rules.load().connections
    assert (first.scheme, first.host, first.port) == ("https", "schemas.example.com", 443)
    assert (first.hold_seconds, first.pending_status, first.pass_caller_credentials) == (45, 503, False)
    assert str(first.source) == "connections/example.yaml:4"
    assert first.credential is None
    assert second.credential is not None
    assert (second.credential.header, second.credential.scheme) == ("Authorization", "Bearer")
    assert (second.credential.from_env, second.credential.from_file) == ("TOKEN", None)


def test_tunnels_are_read_with_their_port(rules: RulesDirectory) -> None:
    """443 where no port is given."""
    rules.replace(
        "connections/tunnels.yaml", "tunnels: []", "tunnels: [{host: IdP.example.com}, {host: '::1', port: 1}]"
    )
    assert [(tunnel.host, tunnel.port) for tunnel in rules.load().tunnels] == [("idp.example.com", 443), ("::1", 1)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (SECOND.replace("second\n", "example\n"), "a second connection is named 'example' (the first: connections/example.yaml:4)"),
        (SECOND.replace("second.", "schemas."), "schemas.example.com:443 is listed a second time"),
        (SECOND.replace("second.", "SCHEMAS.").replace("https", "http").replace(".com", ".com:443"), "listed a second time"),
        (SECOND.replace("rest", "rets"), "there is no dialect 'rets' in dialects/ (did you mean 'rest'?)"),
        (SECOND.replace("second.example.com", "127.1"), "'127.1' is not an IP address in its usual form"),
        (SECOND.replace("https", "http") + CREDENTIAL, "the service's credential would cross the network in the clear"),
        (SECOND + CREDENTIAL.replace("Authorization", "Host"), "a credential cannot stand in 'Host'"),
    ],
)  # fmt: skip
def test_a_connection_that_cannot_be_meant_is_refused(rules: RulesDirectory, text: str, problem: str) -> None:
    """One problem for one mistake, in the file where it stands."""
    _append(rules, text)
    found = rules.problems()
    assert len(found) == 1, found
    assert found[0].startswith("connections/example.yaml:")
    assert problem in found[0]


@pytest.mark.parametrize(
    "text",
    [SECOND, SECOND + CREDENTIAL, SECOND.replace("https://second.example.com", "http://127.0.0.1:8081") + CREDENTIAL,
     SECOND.replace("https", "http"), SECOND.replace("second.example.com", "schemas.example.com:8443")],
)  # fmt: skip
def test_their_twins_pass(rules: RulesDirectory, text: str) -> None:
    """Another name, place or header; http on loopback, or without a credential."""
    _append(rules, text)
    assert len(rules.load().connections) == 2


def test_a_connection_is_no_tunnel(rules: RulesDirectory) -> None:
    """A service that is guarded could otherwise be reached around the gate."""
    rules.replace("connections/tunnels.yaml", "tunnels: []", "tunnels: [{host: schemas.example.com}]")
    assert "schemas.example.com:443 is listed a second time" in rules.problems()[0]
    rules.replace("connections/tunnels.yaml", "schemas.", "other.")
    assert len(rules.load().tunnels) == 1


def test_a_broken_dialect_does_not_make_its_name_unknown(rules: RulesDirectory) -> None:
    """One mistake is one problem."""
    rules.replace("dialects/rest.yaml", "name: rest", "name: REST")
    found = rules.problems()
    assert len(found) == 1
    assert found[0].startswith("dialects/rest.yaml:4: name is not well formed")
