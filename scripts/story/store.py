"""A schema service of the plain REST kind: one schema for each subject, the whole body, with ETags (RFC 9110, 13.1).

`GET /schemas` lists the subjects; `GET`, `POST`, `PUT` and `DELETE` of `/schemas/{subject}` read, register, replace and
delete one; `POST /data/{subject}` takes a record and sends it back. Does not check that a schema is one.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass

from scripts.story.service import Answer, Request, add_options, json_answer, run


@dataclass(frozen=True, slots=True)
class Stored:
    """A schema and how often this subject was written."""

    body: bytes
    revision: int

    @property
    def etag(self) -> str:
        return f'"r{self.revision}"'


class Store:
    """Subjects and their schemas, in memory."""

    def __init__(self) -> None:
        self._schemas: dict[str, Stored] = {}
        self._revision = 0  # over all subjects: an ETag never comes back, also not after a delete

    def answer(self, request: Request) -> Answer:
        """Apply one request."""
        match request.method, request.segments:
            case "GET" | "HEAD", ("schemas",):
                return json_answer(200, sorted(self._schemas))
            case "GET" | "HEAD", ("schemas", subject) if subject in self._schemas:
                return _shown(200, self._schemas[subject])
            case "GET" | "HEAD", ("schemas", _):
                return json_answer(404, {"error": "no such schema"})
            case "POST" | "PUT" | "DELETE", ("schemas", subject) if not self._precondition_holds(request, subject):
                return json_answer(412, {"error": "the schema is not the one that the request was made for"})
            case "POST" | "PUT", ("schemas", subject):
                return self._write(subject, request.body)
            case "DELETE", ("schemas", subject):
                if self._schemas.pop(subject, None) is None:
                    return json_answer(404, {"error": "no such schema"})
                return Answer(204)
            case "POST", ("data", subject):
                return _received(subject, request.body)
        return json_answer(404, {"error": "no such resource"})

    def _write(self, subject: str, body: bytes) -> Answer:
        if not _is_json(body):
            return json_answer(400, {"error": "the body is not JSON"})
        status = 200 if subject in self._schemas else 201
        self._revision += 1
        self._schemas[subject] = Stored(body, self._revision)
        return _shown(status, self._schemas[subject])

    def _precondition_holds(self, request: Request, subject: str) -> bool:
        stored = self._schemas.get(subject)
        if "if-match" in request.headers:
            wanted = [tag.strip() for tag in request.headers["if-match"].split(",")]
            if stored is None or not ("*" in wanted or stored.etag in wanted):
                return False
        if "if-none-match" in request.headers:
            refused = [tag.strip().removeprefix("W/") for tag in request.headers["if-none-match"].split(",")]
            if stored is not None and ("*" in refused or stored.etag in refused):
                return False
        return True


def _shown(status: int, stored: Stored) -> Answer:
    return Answer(status, stored.body, "application/schema+json", {"ETag": stored.etag})


def _received(subject: str, body: bytes) -> Answer:
    if not _is_json(body):
        return json_answer(400, {"error": "the body is not JSON"})
    return json_answer(200, {"subject": subject, "received": json.loads(body)})


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def main() -> None:
    """Run the service: `python -m scripts.story.store --credential-file FILE [--port N] ...`."""
    parser = argparse.ArgumentParser(description="a schema service of the plain REST kind, in memory")
    add_options(parser)
    run(Store().answer, parser, parser.parse_args())


if __name__ == "__main__":
    main()
