"""`scripts/demo`: the whole story on one machine, told step by step, with what each party saw.

Every part is real: a TLS schema service with Confluent's REST API, an OIDC provider, Confluent's own client, mitmdump
with the addons. Each step checks what it tells; the first that is not so ends the demo with exit code 1.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
import textwrap
from pathlib import Path

from scripts.story.hook import Hook, told
from scripts.story.process import ChildFailed
from scripts.story.rules import approval_with_news
from scripts.story.scene import Scene
from scripts.story.stage import Stage, files_below
from scripts.story.stay import stay

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
LOOSENED = {**ANNOTATED, "description": "What a customer ordered; not every old order has an amount."}
EMERGENCY = "no order gets through since amount is required, INC-4711"


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


def tell(stage: Stage, hook: Hook) -> None:
    """The story, in the order of README."""
    scene = Scene(stage)
    scene.put_in_production("orders-value", IN_PRODUCTION)
    say(
        f"On stage: a schema service at {stage.service_url} that accepts only the gateway's credential, an OIDC provider "
        f"at {stage.provider.issuer}, and the gateway: mitmdump with the addons at 127.0.0.1:{stage.port}. "
        "`orders-value` is in production. The pipeline is Confluent's own client; it only has HTTPS_PROXY set. "
        f"The team's chat bot at {hook.url} hears of every approval."
    )

    step(1, "A safe change passes at once")
    say("The pipeline adds a description. Nothing that was valid becomes invalid, nor the other way round.")
    result = scene.register("orders-value", ANNOTATED)
    show(result.output)
    require(result.output.startswith("registered"), "the annotation-only change was registered")

    step(2, "A risky change is held until another person agrees")
    say("Now `amount` becomes required. The pipeline waits. The chat bot was sent this, signed:")
    before = scene.writes()
    waiting = scene.start_registering("orders-value", TIGHTENED)
    approval = scene.wait_for_approval()
    show(told(hook.wait_for("approval.requested")))
    say("The link is for a browser; `scripts/demo --stay` shows it. In a terminal, Bob sees this:")
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

    step(3, "An emergency does not wait, and is looked at afterwards")
    say(
        "Production is down because of that. Carol owns the schemas; a rule lets owners break the glass. She takes the "
        f"requirement back, with the header `Countersign-Break-Glass: {EMERGENCY}`:"
    )
    status, answer = scene.send_as("carol", "orders-value", LOOSENED, Countersign_Break_Glass=EMERGENCY)
    show(f"{status} {answer.decode()}")
    require(status == 200, "the urgent change passed at once")
    broken = hook.wait_for("approval.break_glass")
    require(broken["data"]["justification"] == EMERGENCY, "the chat bot was told why")
    say("The chat bot was told, and it stays open until somebody else has looked at it. Ana does:")
    token = stage.provider.token_for_person("ana")
    show(stage.countersign("approvals", "list", token=token).output)
    ana = stage.countersign("approvals", "review", broken["data"]["approval"], "--accept", token=token)
    show(ana.output)
    require(ana.wait() == 0, "Ana's review was taken")

    step(4, "What is not allowed is refused, with what to do about it")
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

    step(5, "A secret is never kept")
    say(
        "The schema holds an API key as a default value. It reached the service, and is nowhere in what the gateway wrote "
        "or told:"
    )
    require(SECRET.encode() in scene.last_write().body, "the secret went upstream untouched")
    kept = [stage.state, stage.directory / "gateway.log", stage.directory / "countersign.log", hook.log]
    files = [file for place in kept for file in (files_below(place) if place.is_dir() else [place])]
    found = [file.name for file in files if SECRET.encode() in file.read_bytes()]
    show(f"{len(files)} files searched, the secret is in {len(found)} of them")
    require(not found, "the secret is nowhere in evidence, logs, messages or terminal output")

    step(6, "The evidence proves itself")
    verified = stage.countersign("evidence", "verify")
    show(verified.output)
    require(verified.wait() == 0, "the evidence verifies")
    say("One byte of one record changed in a copy, and it no longer does:")
    copy = _copy_with_one_byte_changed(stage)
    tampered = stage.countersign("evidence", "verify", "--state", str(copy))
    first, *rest = tampered.output.splitlines()
    show("\n".join([first, *[line for line in rest if line.startswith("problem")][:2], "..."]))
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
    folder = Path(tempfile.mkdtemp(prefix="countersign-demo-"))
    try:
        with (
            Hook(folder) as hook,
            Stage(folder, "registry", approval=approval_with_news(hook.url, hook.key_file)) as stage,
        ):
            tell(stage, hook)
            print("\nEverything above was seen just now, not only told.", flush=True)
            if "--stay" in sys.argv[1:]:
                hook.say = lambda text: show(f"the chat bot: {text}")
                stay(stage)
            else:
                say("Next: README.md, or `scripts/demo --stay` to look around in a browser.")
    except (Untrue, ChildFailed) as error:
        print(f"\nthe demo failed: {error}\nits files are in {folder}", file=sys.stderr)
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
