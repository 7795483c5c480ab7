"""`python -m scripts.benchmarks [NAME...]`: runs the named benchmarks, or all; prints one line for each figure."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts.benchmarks import held, schema_change

BENCHMARKS: dict[str, Callable[[Path], Iterator[str]]] = {
    "held": held.run,
    "schema-change": schema_change.run,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    for name in names or BENCHMARKS:
        with tempfile.TemporaryDirectory(prefix=f"countersign-{name}-") as directory:
            for line in BENCHMARKS[name](Path(directory)):
                print(f"{name}: {line}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
