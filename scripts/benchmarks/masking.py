"""What masking costs: `Masker.message` beside `json.loads` and `json.dumps` of the same body; what it finds; and whether the
event loop of a real gateway goes on while it happens."""

from __future__ import annotations

import importlib
import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from countersign.masking import KeyedDigest, Masker
from countersign.rulebook.places import Source
from countersign.rulebook.values import MaskingRule
from scripts.benchmarks import heartbeat
from scripts.benchmarks.masked_bodies import body

SIZES = {"2 KB": 2_000, "50 KB": 50_000, "1 MB": 1_000_000}
ROUNDS = 9  # of each kind in turn, so that whatever else the machine does hits both; their median counts
LABELLED = "tests.masking.detectors"  # the set of the detectors' own tests
SEED = 20_261_123
_HEADERS = (
    ("Host", "schemas.shop.example"),
    ("Content-Type", "application/json"),
    ("User-Agent", "orders/3.1"),
    ("X-Request-Id", "c0ffee00-1234-4abc-8def-0123456789ab"),
)


def run(directory: Path) -> Iterator[str]:
    yield from _ratios()
    yield from _detectors()
    yield from heartbeat.run(directory)


def rules() -> tuple[MaskingRule, ...]:
    """Twenty, of each kind that masking.yaml has, in the proportion that people write them."""
    selectors: list[dict[str, tuple[str, ...]]] = [{"paths": (path,)} for path in _PATHS]
    selectors += [{"names": (name,)} for name in ("loyaltyNumber", "shoeSize", "gateCode")]
    selectors += [{"headers": (name,)} for name in ("X-Team-Key", "X-Build")]
    selectors += [{"query": ("ticket",)}, {"segments": ("account",)}, {"marks": ("x-internal",)}]
    selectors += [{"detectors": ("email",)}]
    return tuple(
        MaskingRule(
            name=f"rule {number}",
            connections=("*",),
            subjects=("orders-*",) if number % 3 == 0 else ("*",),
            directions=("request", "response"),
            paths=selector.get("paths", ()),
            headers=selector.get("headers", ()),
            query=selector.get("query", ()),
            how="keyed-hash" if number % 4 == 0 else "redact",
            keep=0,
            source=Source("masking.yaml", number + 1),
            segments=selector.get("segments", ()),
            names=selector.get("names", ()),
            detectors=selector.get("detectors", ()),
            marks=selector.get("marks", ()),
        )
        for number, selector in enumerate(selectors)
    )


_PATHS = (
    "$..iban", "$..cardNumber", "$.customer.taxId", "$.orders[*].customer.passport", "$..payment.reference", "$.token",
    "$..secrets[*]", "$.orders[*].items[*].serial", "$..address.street", "$.meta.session", "$..credentials",
)  # fmt: skip


def _ratios() -> Iterator[str]:
    masker = Masker(rules(), KeyedDigest(bytes(range(32))))
    assert len(rules()) == 20
    figures = []
    yield f"{'':<28}{'bytes':>10}{'values masked':>15}{'ms':>9}{'json, ms':>10}{'ratio':>9}"
    for name, size in SIZES.items():
        for is_sensitive in (True, False):
            raw = body(size, is_sensitive=is_sensitive)
            times, repeats = 1 if size > 100_000 else 5, []

            def mask(raw: bytes = raw) -> object:
                return masker.message(
                    connection="orders",
                    subject="orders-value",
                    direction="request",
                    target="/data/orders-value",
                    headers=_HEADERS,
                    body=raw,
                )

            masked, plain = [], []
            for turn in range(ROUNDS + 1):  # the first one fills the caches
                pair = (_seconds(mask, times), _seconds(lambda raw=raw: json.dumps(json.loads(raw)), times))  # type: ignore[misc]
                if turn:
                    repeats.append(pair[0] / pair[1])
                    masked.append(pair[0])
                    plain.append(pair[1])
            message = masker.message(
                connection="orders", subject="orders-value", direction="request", target=None, headers=(), body=raw
            )
            assert message.body.text is not None, message.body.why_unreadable
            count, ratio = sum(message.masked.values()), statistics.median(repeats)
            what = f"{name}, {'5 % sensitive' if is_sensitive else 'nothing sensitive'}"
            ours, theirs = (statistics.median(each) * 1000 for each in (masked, plain))
            yield f"{what:<28}{len(raw):>10}{count:>15}{ours:>9.2f}{theirs:>10.2f}{f'x{ratio:.1f}':>9}"
            figures.append({"body": what, "bytes": len(raw), "masked": count, "ratio": round(ratio, 2)})
    yield json.dumps({"to": "json.loads + json.dumps", "rules": 20, "detectors": "all", "figures": figures})


def _seconds(work: Callable[[], object], times: int) -> float:
    """Of processor time, for one of `times`."""
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times


def _detectors() -> Iterator[str]:
    """Recall and precision of each detector on the labelled set of its tests, which it was not made with."""
    from countersign.masking.detectors import Detectors

    try:
        positives = importlib.import_module(f"{LABELLED}.labelled_secrets").positives(SEED)
        negatives = list(importlib.import_module(f"{LABELLED}.labelled_ordinary").negatives(SEED))
    except ImportError:
        yield "the labelled set is not there: detectors are not measured"
        return
    detectors = Detectors()
    labelled, found, right, claimed = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for each in positives:
        labelled[each.detector] += 1
        start = each.text.index(each.secret)
        end = start + len(each.secret)
        findings = detectors.find(each.text)
        found[each.detector] += any(one.start <= start and one.end >= end for one in findings)
        claimed.update(one.detector for one in findings)
        right[each.detector] += any(one.detector == each.detector and one.start < end for one in findings)
    mistaken = 0
    for _, text in negatives:
        findings = detectors.find(text)
        mistaken += bool(findings)
        claimed.update(one.detector for one in findings)
    yield f"{'detector':<18}{'labelled':>9}{'recall':>9}{'precision':>11}"
    for name in sorted(labelled):
        precision = right[name] / claimed[name]
        yield f"{name:<18}{labelled[name]:>9}{found[name] / labelled[name]:>9.1%}{precision:>11.1%}"
    yield f"of {len(negatives)} texts without a secret {mistaken} are taken for one: {mistaken / len(negatives):.2%}"
