"""`scripts/demo`: the whole story on one machine, told step by step, with what each party saw.

Every part is real: a TLS schema service with Confluent's REST API, an OIDC provider, Confluent's own client, mitmdump
with the addons. Each step checks what it tells; the first that is not so ends the demo with exit code 1.
"""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import sys
import tempfile
import textwrap
from pathlib import Path

from scripts.story.process import ROOT, ChildFailed
from scripts.story.scene import Scene
from scripts.story.stage import Stage, files_below

SECRET = "sk_live_51HxSecretOfTheDemo"
IN_PRODUCTION = {
    "title": "Order",
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "amount": {"type": "number", "minimum": 0},
        "apiKey": {"type": "string", "default": SECRET},
    },
    "required": ["id"],
}
ANNOTATED = {**IN_PRODUCTION, "description": "What a customer ordered."}
TIGHTENED = {**ANNOTATED, "required": ["id", "amount"]}


class Untrue(Exception):
    """The story says something that is not so."""


def say(text: str) -> None:
    print(textwrap.fill(text, 100), flush=True)


def show(text: str) -> None:
    print(textwrap.indent(text.rstrip(), "    | "), flush=True)


def step(number: int, title: str) -> None:
    print(f"\n{number}. {title}\n", flush=True)


def require(truth: object, claim: str) -> None:
    if not truth:
        raise Untrue(f"not so: {claim}")


def tell(stage: Stage) -> None:
    """The story, in the order of README."""
    scene = Scene(stage)
    scene.put_in_production("orders-value", IN_PRODUCTION)
    say(
        f"On stage: a schema service at {stage.service_url} that accepts only the gateway's credential, an OIDC provider "
        f"at {stage.provider.issuer}, and the gateway: mitmdump with the addons at 127.0.0.1:{stage.port}. "
        "`orders-value` is in production. The pipeline is Confluent's own client; it only has HTTPS_PROXY set."
    )

    step(1, "A safe change passes at once")
    say("The pipeline adds a description. Nothing that was valid becomes invalid, nor the other way round.")
    result = scene.register("orders-value", ANNOTATED)
    show(result.output)
    require(result.output.startswith("registered"), "the annotation-only change was registered")

    step(2, "A risky change is held until another person agrees")
    say("Now `amount` becomes required. The pipeline waits; this is what approvers see in their terminal:")
    before = scene.writes()
    waiting = scene.start_registering("orders-value", TIGHTENED)
    approval = scene.wait_for_approval()
    show(stage.countersign("approvals", "list", token=stage.provider.token_for_person("bob")).output)
    require(scene.writes() == before, "nothing has reached the service while the change is held")
    say("Ana started this pipeline, so she cannot approve it, although she is an approver:")
    own = stage.countersign("approvals", "approve", approval, token=stage.provider.token_for_person("ana"))
    show(own.output)
    require(own.wait() == 1, "the person behind the pipeline was refused")
    say("Bob can:")
    other = stage.countersign(
        "approvals", "approve", approval, "--reason", "agreed", token=stage.provider.token_for_person("bob")
    )
    show(other.output)
    require(other.wait() == 0, "the other person's approval was taken")
    waiting.wait(seconds=60)
    show(waiting.output)
    require(waiting.output.startswith("registered"), "the approved change was registered")
    sent, reached = scene.bytes_without_gateway("orders-value", TIGHTENED), scene.last_write().body
    require(sent == reached, "the service saw the client's bytes")
    say(f"The service saw exactly the client's {len(reached)} bytes, with its own credential instead of the token.")

    step(3, "What is not allowed is refused, with what to do about it")
    before = scene.writes()
    for title, outcome in (
        ("another team's subject", scene.register("billing-value", TIGHTENED)),
        ("no token", scene.register("orders-value", TIGHTENED, token=None)),
        ("an expired token", scene.register("orders-value", TIGHTENED, token=scene.expired_token())),
    ):
        say(f"{title}:")
        show(outcome.output)
        require(outcome.wait() != 0, f"{title} is refused")
    require(scene.writes() == before, "no refused request reached the service")

    step(4, "A secret is never kept")
    say(
        "The schema holds an API key as a default value. It reached the service, and is nowhere in what the gateway wrote:"
    )
    require(SECRET.encode() in scene.last_write().body, "the secret went upstream untouched")
    kept = [stage.state, stage.directory / "gateway.log", stage.directory / "countersign.log"]
    files = [file for place in kept for file in (files_below(place) if place.is_dir() else [place])]
    found = [file.name for file in files if SECRET.encode() in file.read_bytes()]
    show(f"{len(files)} files searched, the secret is in {len(found)} of them")
    require(not found, "the secret is nowhere in evidence, logs or terminal output")

    step(5, "The evidence proves itself")
    verified = stage.countersign("evidence", "verify")
    show(verified.output)
    require(verified.wait() == 0, "the evidence verifies")
    say("One byte of one record changed in a copy, and it no longer does:")
    copy = _copy_with_one_byte_changed(stage)
    tampered = stage.countersign("evidence", "verify", "--state", str(copy))
    show("\n".join(tampered.output.splitlines()[:3]))
    require(tampered.wait() == 1, "a changed byte is found")


def _copy_with_one_byte_changed(stage: Stage) -> Path:
    copy = stage.directory / "tampered"
    (copy / "evidence").mkdir(parents=True)
    shutil.copytree(stage.state / "keys", copy / "keys")
    source = sqlite3.connect(f"file:{stage.state / 'evidence' / 'evidence.db'}?mode=ro", uri=True)
    target = sqlite3.connect(copy / "evidence" / "evidence.db")
    source.backup(target)
    (leaf,) = target.execute("select leaf from records where seq = 5").fetchone()
    changed = leaf.replace(b"ana at", b"ann at", 1)
    require(sum(one != other for one, other in zip(leaf, changed, strict=True)) == 1, "one byte is changed")
    target.execute("update records set leaf = ? where seq = 5", (changed,))
    target.commit()
    source.close()
    target.close()
    return copy


def main() -> None:
    """Tell it; with --stay, leave everything running until Ctrl-C."""
    stay = "--stay" in sys.argv[1:]
    folder = Path(tempfile.mkdtemp(prefix="countersign-demo-"))
    try:
        with Stage(folder, "registry") as stage:
            tell(stage)
            print("\nEverything above was seen just now, not only told.", flush=True)
            if stay:
                _stay(stage)
            say("Next: README.md, or `scripts/demo --stay` to look around in a browser.")
    except (Untrue, ChildFailed) as error:
        print(f"\nthe demo failed: {error}\nits files are in {folder}", file=sys.stderr)
        sys.exit(1)
    shutil.rmtree(folder)


def _stay(stage: Stage) -> None:
    """Leave it running, and say how to try it by hand."""
    schema = stage.directory / "try.json"
    body = {"schemaType": "JSON", "schema": json.dumps({**TIGHTENED, "required": ["id"], "maxProperties": 9})}
    schema.write_text(json.dumps(body))
    tokens = {"pipeline": stage.pipeline_token(), "bob": stage.provider.token_for_person("bob")}
    for name, token in tokens.items():
        file = stage.directory / f"{name}.token"
        file.touch(mode=0o600)
        file.write_text(token)
    print(
        f"""
It stays up until Ctrl-C. In another terminal, a change that will be held (curl waits up to 45 seconds):

  export HTTPS_PROXY="http://ci:$(cat {stage.directory}/pipeline.token)@127.0.0.1:{stage.port}" NO_PROXY=
  curl --cacert {stage.gateway_ca} -H 'Content-Type: application/json' \\
       -d @{schema} {stage.service_url}/subjects/orders-value/versions

Approve it as Bob in a browser (mitmweb; his token is the password): {stage.console_url}
  cat {stage.directory}/bob.token
or in a terminal:
  export COUNTERSIGN_CONSOLE={stage.console_url}
  {ROOT}/.venv/bin/countersign approvals list --token-file {stage.directory}/bob.token
  {ROOT}/.venv/bin/countersign approvals approve ID --token-file {stage.directory}/bob.token

The evidence:
  {ROOT}/.venv/bin/countersign evidence list --state {stage.state}
""",
        flush=True,
    )
    try:
        signal.pause()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main()
