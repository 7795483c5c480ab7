"""`compare` on the labelled pairs of other projects, beside `jsoncompat` in the same run: who is right, and how fast.

The pairs lie beside the checkout (../shared/cases); without them, or without `jsoncompat`, it says so. Nothing is fetched.
"""

from __future__ import annotations

import importlib
import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from countersign.schema_change import compare
from countersign.schema_change.dialect import DRAFT_2020_12, subschemas

CASES = Path(__file__).parents[3] / "shared" / "cases" / "pairs.jsonl"
ROUNDS = 7  # the shortest of each pair counts: what others do on the machine only adds
_DIRECTIONS = ("backward", "forward")
_HEAD = ("", "right", "wrong", "unknown", "unsafe", "raised", "median", "mean", "p99", "slowest", "median to ours")

type Verdicts = tuple[str, str]  #: backward and forward: compatible, breaking, unknown, or raised
type Engine = Callable[[Any, Any], Verdicts]


def run(directory: Path) -> Iterator[str]:
    if not CASES.exists():
        yield "skipped: the pairs are not beside the checkout: ../shared/cases/pairs.jsonl"
        return
    pairs = [json.loads(line) for line in CASES.read_text().splitlines()]
    engines: dict[str, Engine] = {"countersign": _ours}
    peer = _peer()
    if peer is None:
        yield "jsoncompat is not installed: only our own figures"
    else:
        engines |= {"jsoncompat as given": peer, "jsoncompat rewritten": peer}
    counts: dict[str, Counter[str]] = {name: Counter() for name in engines}
    taken: dict[str, list[list[float]]] = {name: [[] for _ in pairs] for name in engines}
    given = [(pair["old"], pair["new"]) for pair in pairs]
    rewritten = [(_rewritten(old), _rewritten(new)) for old, new in given]
    for turn in range(ROUNDS):  # an engine has a round to itself, as a gateway has one engine; the engines take turns
        for name, engine in engines.items():
            documents = rewritten if name.endswith("rewritten") else given
            for pair, sides, times in zip(pairs, documents, taken[name], strict=True):
                started = time.perf_counter()
                said = engine(*sides)
                times.append(time.perf_counter() - started)
                if turn == 0:
                    counts[name].update(_judged(pair, said))
    seconds = {name: [min(times) for times in taken[name]] for name in engines}
    yield f"{len(pairs)} pairs, {sum(pair[each] is not None for pair in pairs for each in _DIRECTIONS)} verdicts"
    yield _row(_HEAD)
    ours = statistics.median(seconds["countersign"])
    for name in engines:
        yield _row((name, *_figures(counts[name], seconds[name], ours)))
    yield "unsafe: compatible, where an instance shows that it is not. Milliseconds for both directions of a pair."
    yield "jsoncompat reads 2020-12 only, calls what it cannot prove breaking, and lists no changes; our time includes the"
    yield "list, the effects and the checked examples. Rewritten: to 2020-12, keyword by keyword, before the clock starts."


def _ours(old: Any, new: Any) -> Verdicts:
    try:
        found = compare(old, new)
    except Exception:  # noqa: BLE001  # it counts that there is none
        return ("raised", "raised")
    return (found.backward, found.forward)


def _peer() -> Engine | None:
    try:
        check = importlib.import_module("jsoncompat").check_compat
    except ImportError:
        return None

    def within(small: str, large: str) -> str:
        try:
            return "compatible" if check(large, small, "serializer") else "breaking"
        except Exception:  # noqa: BLE001  # another program's
            return "raised"

    def verdicts(old: Any, new: Any) -> Verdicts:
        before, after = json.dumps(old), json.dumps(new)
        return (within(before, after), within(after, before))

    return verdicts


def _judged(pair: Mapping[str, Any], said: Verdicts) -> Iterator[str]:
    for direction, verdict in zip(_DIRECTIONS, said, strict=True):
        expected = pair[direction]
        if expected is None:
            continue
        right = verdict == ("compatible" if expected else "breaking")
        yield "right" if right else verdict if verdict in ("unknown", "raised") else "wrong"
        if verdict == "compatible" and not expected and pair[f"{direction}_source"] == "witness":
            yield "unsafe"


def _figures(counts: Counter[str], seconds: list[float], ours: float) -> Iterator[str]:
    yield from (str(counts[name]) for name in ("right", "wrong", "unknown", "unsafe", "raised"))
    middle = statistics.median(seconds)
    for each in (middle, statistics.mean(seconds), statistics.quantiles(seconds, n=100)[98], max(seconds)):
        yield f"{each * 1000:.2f}"
    yield f"x{middle / ours:.2f}"


def _row(cells: tuple[str, ...]) -> str:
    return f"{cells[0]:<21}" + "".join(f"{cell:>9}" for cell in cells[1:-1]) + f"{cells[-1]:>16}"


def _rewritten(document: Any) -> Any:
    """In the words of 2020-12, as far as one keyword stands for another."""
    found = deepcopy(document)
    for schema in list(subschemas(found)):
        _rewrite(schema)
    return found


def _rewrite(schema: dict[str, Any]) -> None:
    if "$schema" in schema:
        schema["$schema"] = DRAFT_2020_12.uri
    if isinstance(schema.get("id"), str):
        schema["$id"] = schema.pop("id")
    if isinstance(schema.get("items"), list):
        schema["prefixItems"] = schema.pop("items")
        if "additionalItems" in schema:
            schema["items"] = schema["additionalItems"]
    schema.pop("additionalItems", None)
    for name in ("minimum", "maximum"):
        exclusive = f"exclusive{name.capitalize()}"
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and name in schema:
            schema[exclusive] = schema.pop(name)
    dependencies = schema.get("dependencies")
    if isinstance(dependencies, dict):
        del schema["dependencies"]
        schema["dependentRequired"] = {name: each for name, each in dependencies.items() if isinstance(each, list)}
        schema["dependentSchemas"] = {name: each for name, each in dependencies.items() if not isinstance(each, list)}
