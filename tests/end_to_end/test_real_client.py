"""Confluent's own client through the gateway: what passes, what waits for another person, what is refused."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from confluent_kafka.schema_registry import ConfigCompatibilityLevel, SchemaRegistryClient, ServerConfig
from confluent_kafka.schema_registry.common._httpx_compat import httpx
from confluent_kafka.schema_registry.error import SchemaRegistryError

from scripts.story.scene import Scene
from scripts.story.service import Seen
from scripts.story.stage import SERVICE_CREDENTIAL, Stage
from tests.end_to_end.approver import Approver
from tests.end_to_end.confluent import ANNOTATED, PLAIN, TIGHTENED, client, register
from tests.end_to_end.records import wait_for

COMMON = {"type": "object", "properties": {"currency": {"type": "string"}}}
REFERRING = {"type": "object", "properties": {"price": {"$ref": "price.json"}}}


@pytest.fixture(scope="module")
def bob(registry: Stage) -> Approver:
    return Approver(registry, "bob")


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Answers a held change after a second."""
    with Stage(tmp_path_factory.mktemp("impatient"), "registry", hold_seconds=1) as stage:
        yield stage


def writes(stage: Stage, subject: str) -> list[Seen]:
    """The changes of `subject` that reached its service through the gateway or past it."""
    return [seen for seen in stage.service.seen if seen.method != "GET" and f"/{subject}" in seen.target]


def test_a_change_of_words_alone_is_registered_at_once(registry: Stage, scene: Scene, bob: Approver) -> None:
    """A new description passes without anybody being asked."""
    scene.put_in_production("orders-words", PLAIN)
    assert register(registry, registry.pipeline_token(), "orders-words", ANNOTATED) > 0
    assert [seen.authorised for seen in writes(registry, "orders-words")] == [True, True]
    assert bob.pending("orders-words") == []


def test_a_new_required_field_waits_for_another_person(
    registry: Stage, scene: Scene, bob: Approver, background: ThreadPoolExecutor
) -> None:
    """Nothing reaches the service before Bob agrees; then exactly the bytes arrive that the client sends without a gateway."""
    scene.put_in_production("orders-required", PLAIN)
    waiting = background.submit(register, registry, registry.pipeline_token(), "orders-required", TIGHTENED)
    asked = bob.wait_for("orders-required")
    assert any("`amount`" in line for line in asked["summary"])
    assert len(writes(registry, "orders-required")) == 1  # what was in production before
    assert not waiting.done()
    assert bob.decide(asked["id"], "approve")[0] == 200
    assert waiting.result(30) > 0
    (_, sent) = writes(registry, "orders-required")
    assert sent.body == scene.bytes_without_gateway("orders-required", TIGHTENED)


def test_who_started_the_pipeline_cannot_approve_its_change(
    registry: Stage, scene: Scene, bob: Approver, background: ThreadPoolExecutor
) -> None:
    """Ana is an approver, but stands behind the request; Bob's same click lets it through."""
    scene.put_in_production("orders-own", PLAIN)
    waiting = background.submit(register, registry, registry.pipeline_token(started_by="ana"), "orders-own", TIGHTENED)
    asked = bob.wait_for("orders-own")
    status, problem = Approver(registry, "ana").decide(asked["id"], "approve")
    assert status == 403
    assert "another person" in problem["detail"]
    assert len(writes(registry, "orders-own")) == 1
    assert bob.decide(asked["id"], "approve")[0] == 200
    assert waiting.result(30) > 0
    assert len(writes(registry, "orders-own")) == 2


def test_a_denial_reaches_the_client_with_its_reason(
    registry: Stage, scene: Scene, bob: Approver, background: ThreadPoolExecutor
) -> None:
    """The client's exception holds who denied, and why."""
    scene.put_in_production("orders-denied", PLAIN)
    waiting = background.submit(register, registry, registry.pipeline_token(), "orders-denied", TIGHTENED)
    asked = bob.wait_for("orders-denied")
    bob.decide(asked["id"], "deny", "billing still sends orders without an amount")
    with pytest.raises(SchemaRegistryError, match=r"bob denied .*billing still sends orders without an amount") as told:
        waiting.result(30)
    assert (told.value.http_status_code, told.value.error_code) == (403, 40300)
    assert len(writes(registry, "orders-denied")) == 1


def test_another_teams_subject_is_refused(registry: Stage, scene: Scene) -> None:
    """What the client shows says who may not do what; the same change of the caller's own subject passes."""
    scene.put_in_production("billing-mine", PLAIN)
    scene.put_in_production("orders-mine", PLAIN)
    with pytest.raises(SchemaRegistryError, match=r"no rule in access.yaml .*'billing-mine'") as told:
        register(registry, registry.pipeline_token(), "billing-mine", ANNOTATED)
    assert (told.value.http_status_code, told.value.error_code) == (403, 40300)
    assert len(writes(registry, "billing-mine")) == 1
    assert not [seen for seen in registry.service.seen if seen.method == "GET" and "billing-mine" in seen.target]
    register(registry, registry.pipeline_token(), "orders-mine", ANNOTATED)
    assert len(writes(registry, "orders-mine")) == 2


def test_nobody_passes_without_a_token(registry: Stage, scene: Scene) -> None:
    """The client is told what to send; with a token the same call passes."""
    scene.put_in_production("orders-token", PLAIN)
    with pytest.raises(httpx.ProxyError, match="407 no credential"):
        register(registry, None, "orders-token", ANNOTATED)
    assert len(writes(registry, "orders-token")) == 1
    register(registry, registry.pipeline_token(), "orders-token", ANNOTATED)
    assert len(writes(registry, "orders-token")) == 2


def test_a_reference_to_another_subject_resolves(registry: Stage, scene: Scene) -> None:
    """The gateway reads what the schema refers to; one that the caller may not read is refused and not read."""
    reference = {"name": "price.json", "subject": "orders-price", "version": 1}
    scene.put_in_production("orders-price", COMMON)
    scene.put_in_production("billing-price", COMMON)
    scene.put_in_production("orders-line", REFERRING, [reference])
    token, words = registry.pipeline_token(), {**REFERRING, "title": "Line"}
    with pytest.raises(SchemaRegistryError, match=r"refers to another subject: .*'billing-price'") as told:
        register(registry, token, "orders-line", words, ("price.json", "billing-price", 1))
    assert told.value.http_status_code == 403
    assert len(writes(registry, "orders-line")) == 1
    assert not [seen for seen in registry.service.seen if seen.method == "GET" and "billing-price" in seen.target]
    assert register(registry, token, "orders-line", words, ("price.json", "orders-price", 1)) > 0
    assert len(writes(registry, "orders-line")) == 2


def delete(made: SchemaRegistryClient, subject: str) -> object:
    return made.delete_subject(subject)


def set_config(made: SchemaRegistryClient, subject: str) -> object:
    return made.set_config(subject, ServerConfig(compatibility=ConfigCompatibilityLevel.BACKWARD))


@pytest.mark.parametrize(("act", "subject"), [(delete, "orders-gone"), (set_config, "orders-set")])
def test_an_owners_delete_or_setting_waits_too(
    registry: Stage,
    scene: Scene,
    bob: Approver,
    background: ThreadPoolExecutor,
    act: Callable[[SchemaRegistryClient, str], object],
    subject: str,
) -> None:
    """Carol owns everything, and still needs another person who says why; the pipeline has no right to it at all."""
    scene.put_in_production(subject, PLAIN)
    with client(registry, registry.pipeline_token()) as made, pytest.raises(SchemaRegistryError, match="no rule in"):
        act(made, subject)
    with client(registry, registry.provider.token_for_person("carol")) as made:
        waiting = background.submit(act, made, subject)
        asked = bob.wait_for(subject)
        assert bob.decide(asked["id"], "approve")[0] == 409  # without a reason
        assert len(writes(registry, subject)) == 1
        assert not waiting.done()
        assert bob.decide(asked["id"], "approve", "agreed in the review")[0] == 200
        waiting.result(30)
    assert len(writes(registry, subject)) == 2


def test_the_service_sees_the_gateways_credential_and_never_the_callers(registry: Stage, scene: Scene) -> None:
    """No token, and no header that carried one, goes upstream."""
    scene.put_in_production("orders-credential", PLAIN)
    token = registry.pipeline_token()
    register(registry, token, "orders-credential", ANNOTATED)
    sent = writes(registry, "orders-credential")[-1]
    assert sent.header("Authorization") == "Basic " + base64.b64encode(SERVICE_CREDENTIAL.encode()).decode()
    assert sent.header("Proxy-Authorization") is None
    for seen in registry.service.seen:
        assert token not in repr(seen)
        assert token.rpartition(".")[2] not in repr(seen)


def test_two_clients_with_the_same_change_share_one_approval_and_one_use(
    registry: Stage, scene: Scene, bob: Approver, background: ThreadPoolExecutor
) -> None:
    """One approval is asked for, and it lets one of them through; the other is told to send it again."""
    scene.put_in_production("orders-twice", PLAIN)
    carol = registry.provider.token_for_person("carol")

    def act() -> object:
        with client(registry, carol) as made:
            return set_config(made, "orders-twice")

    both = [background.submit(act), background.submit(act)]
    asked = bob.wait_for("orders-twice")
    wait_for(registry, "decision", 2, subject="orders-twice", verdict="hold")
    bob.decide(asked["id"], "approve", "agreed")
    outcomes = [future.exception(30) for future in both]
    assert outcomes.count(None) == 1
    (refused,) = [error for error in outcomes if error is not None]
    assert isinstance(refused, SchemaRegistryError)
    assert refused.http_status_code == 409
    assert len(writes(registry, "orders-twice")) == 2  # the schema before, and one setting


def test_the_same_request_sent_again_joins_and_uses_the_grant_once(impatient: Stage) -> None:
    """Told to come back, a retry joins the pending approval; once it is granted the next one passes, the one after asks anew."""
    scene, bob = Scene(impatient), Approver(impatient, "bob")
    scene.put_in_production("orders-retry", PLAIN)
    carol = impatient.provider.token_for_person("carol")

    def act() -> object:
        with client(impatient, carol) as made:
            return set_config(made, "orders-retry")

    with pytest.raises(SchemaRegistryError, match="waits for another person") as told:
        act()
    assert (told.value.http_status_code, told.value.error_code) == (503, 50300)
    (first,) = bob.pending("orders-retry")
    with pytest.raises(SchemaRegistryError, match="waits for another person"):
        act()
    assert [entry["id"] for entry in bob.pending("orders-retry")] == [first["id"]]
    assert len(writes(impatient, "orders-retry")) == 1
    assert bob.decide(first["id"], "approve", "agreed")[1]["state"] == "approved"
    act()
    assert len(writes(impatient, "orders-retry")) == 2
    with pytest.raises(SchemaRegistryError, match="waits for another person"):
        act()
    (second,) = bob.pending("orders-retry")
    assert second["id"] != first["id"]
    assert len(writes(impatient, "orders-retry")) == 2
