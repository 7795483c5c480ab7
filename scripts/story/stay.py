"""`scripts/demo --stay`: leaves the stage running, and says how to do by hand what the story told."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

from scripts.story.scene import Scene
from scripts.story.stage import PEOPLE, Stage

ANA, BOB, _ = PEOPLE

_TEXT = """
It stays up until Ctrl-C. To try it yourself, in another terminal:

  cd {directory}
  export PATH={bin}:"$PATH" NO_PROXY=
  export COUNTERSIGN_CONSOLE={console} COUNTERSIGN_STATE=$PWD/state

Be a pipeline that Ana started. This change is held: curl waits, and asks again until it is decided.

  export HTTPS_PROXY="http://ci:$(cat pipeline.token)@127.0.0.1:{port}"
  curl -sS --cacert mitmproxy/mitmproxy-ca-cert.pem --fail-with-body --retry 240 --retry-max-time 3600 \\
       -H 'Content-Type: application/json' -H 'Countersign-Justification: nobody is refunded nothing' \\
       -d @try.json {service}/subjects/{subject}/versions

Be Bob and decide on it, in a browser, at {console}/approvals
The provider ({provider}) lets you in as {people}.
Ana may look at it and withdraw it, no more.

Or in a terminal of his (the first three lines above, and then):

  export COUNTERSIGN_TOKEN="$(cat bob.token)"
  countersign approvals watch
  countersign approvals list
  countersign approvals approve ID --reason "agreed"

What is kept of it: countersign evidence list

What the chat bot is told appears below.
"""


_SUBJECT = "orders-refund-value"


def _refund(minimum: int) -> dict[str, Any]:
    return {"title": "Refund", "type": "object", "properties": {"amount": {"type": "number", "minimum": minimum}}}


def stay(stage: Stage) -> None:
    """Write what the commands need, a request and tokens, print them, and wait for Ctrl-C."""
    Scene(stage).put_in_production(_SUBJECT, _refund(0))
    body = {"schemaType": "JSON", "schema": json.dumps(_refund(1))}
    (stage.directory / "try.json").write_text(json.dumps(body))
    for name, token in (("pipeline", stage.pipeline_token()), ("bob", stage.provider.token_for_person("bob"))):
        file = stage.directory / f"{name}.token"
        file.touch(mode=0o600)
        file.write_text(token)
    print(
        _TEXT.format(
            bin=Path(sys.executable).parent,
            console=stage.console_url,
            directory=stage.directory,
            port=stage.port,
            service=stage.service_url,
            subject=_SUBJECT,
            provider=stage.provider.issuer,
            people=" or ".join(f"{person.name} (password {person.password})" for person in (BOB, ANA)),
        ),
        flush=True,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both end it with everything that it started
    try:
        signal.pause()
    except KeyboardInterrupt:
        print()
