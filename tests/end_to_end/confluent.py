"""Confluent's own client, unchanged, with the gateway as its proxy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient

from scripts.story.stage import Stage

PLAIN = {"type": "object", "properties": {"id": {"type": "string"}, "amount": {"type": "number"}}, "required": ["id"]}
ANNOTATED = {**PLAIN, "description": "What a customer ordered."}
TIGHTENED = {**PLAIN, "required": ["id", "amount"]}


@contextmanager
def client(stage: Stage, token: str | None) -> Iterator[SchemaRegistryClient]:
    """A client that asks once; its token is the password of its proxy."""
    credential = "" if token is None else f"ci:{token}@"
    with SchemaRegistryClient(
        {
            "url": stage.service_url,
            "ssl.ca.location": str(stage.gateway_ca),
            "proxy": f"http://{credential}127.0.0.1:{stage.port}",
            "max.retries": 0,
            "timeout": 90,
        }
    ) as made:
        yield made


def register(
    stage: Stage, token: str | None, subject: str, schema: Mapping[str, Any], *references: tuple[str, str, int]
) -> int:
    """Register `schema`; `references` are (name, subject, version). Raises what the client raises."""
    document = Schema(json.dumps(schema), "JSON", [SchemaReference(*reference) for reference in references])
    with client(stage, token) as made:
        identifier: int = made.register_schema(subject, document)
        return identifier
