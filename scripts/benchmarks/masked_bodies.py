"""Bodies to mask: orders of customers as shops have them, from a seed; with some sensitive values in them, or with none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

SENSITIVE = 0.05  #: of the values of a body
_STATES = ("new", "paid", "packed", "shipped", "returned")
_WORDS = "blue green cotton shirt wool coat left at the door please call before gift wrapped second delivery".split()


def body(size: int, *, is_sensitive: bool, seed: int = 7) -> bytes:
    """A JSON document of about `size` bytes."""
    random = Random(seed)  # noqa: S311 - made-up orders
    orders: list[Any] = []
    length = 40
    while length < size or not orders:
        orders.append(_order(random, len(orders), is_sensitive=is_sensitive))
        length += len(json.dumps(orders[-1])) + 2
    return json.dumps({"shop": "berlin-3", "page": 1, "orders": orders}).encode()


def _order(random: Random, number: int, *, is_sensitive: bool) -> dict[str, Any]:
    secrets = _secrets(random) if is_sensitive else iter(())
    order: dict[str, Any] = {
        "id": f"{random.getrandbits(128):032x}",
        "number": f"2026-{number:06}",
        "status": random.choice(_STATES),
        "placedAt": f"2026-11-{random.randint(1, 28):02}T{random.randint(0, 23):02}:{random.randint(0, 59):02}:07.125Z",
        "customer": {"id": random.randint(10_000, 99_999), "segment": "b2c", "language": "de-DE", "since": 2019},
        "items": [
            {
                "sku": f"SKU-{random.randint(1000, 9999)}-{random.choice('SML')}",
                "title": " ".join(random.choices(_WORDS, k=3)),
                "quantity": random.randint(1, 4),
                "price": {"amount": random.randint(100, 99_999) / 100, "currency": "EUR"},
                "isGift": random.random() < 0.1,
            }
            for _ in range(random.randint(1, 5))
        ],
        "delivery": {"carrier": "dhl", "note": " ".join(random.choices(_WORDS, k=8)), "parcels": None},
        "version": f"1.{random.randint(0, 40)}.{random.randint(0, 9)}",
    }
    values = sum(1 for _ in _leaves(order))
    for name, value in secrets:
        if random.random() < SENSITIVE * values / 6:
            order["customer"][name] = value
    return order


def _secrets(random: Random) -> Iterator[tuple[str, str]]:
    """Six kinds, each as likely as another."""
    yield "contact", f"marta.k{random.randint(100, 999)}@mail.example.org"
    yield "callback", f"+49 30 901820{random.randint(100, 199)}"
    yield "password", f"horse-{random.getrandbits(40):x}"
    yield "paidWith", _card(random)
    yield "socialSecurity", f"523-{random.randint(10, 99)}-{random.randint(1000, 9999)}"
    yield "callbackUrl", f"https://svc:{random.getrandbits(48):x}@hooks.shop.example/orders"


def _card(random: Random) -> str:
    digits = "4539" + "".join(random.choices("0123456789", k=11))
    doubled = [int(each) * (2 - place % 2) for place, each in enumerate(reversed(digits))]
    return digits + str(-sum(each // 10 + each % 10 for each in doubled) % 10)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value
