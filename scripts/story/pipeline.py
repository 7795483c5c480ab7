"""The pipeline of the story: Confluent's own client, unchanged. It finds the gateway through HTTPS_PROXY.

`python -m scripts.story.pipeline URL CA SUBJECT SCHEMA.json [REFERENCE=SUBJECT:VERSION ...]` registers the file and
prints `registered ID`, or `refused STATUS CODE MESSAGE` as the client's exception has it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError


def main() -> None:
    """Register one schema, once."""
    url, authority, subject, file, *references = sys.argv[1:]
    client = SchemaRegistryClient({"url": url, "ssl.ca.location": authority, "max.retries": 0})
    bundled = []
    for reference in references:
        name, _, place = reference.partition("=")
        other, _, version = place.rpartition(":")
        bundled.append(SchemaReference(name, other, int(version)))
    try:
        identifier = client.register_schema(subject, Schema(Path(file).read_text(), "JSON", bundled))
    except SchemaRegistryError as error:
        print(f"refused {error.http_status_code} {error.error_code} {error.error_message}")
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - a refused CONNECT is an exception of the client's HTTP library
        print(f"failed {type(error).__name__}: {error}")
        sys.exit(2)
    print(f"registered {identifier}")


if __name__ == "__main__":
    main()
