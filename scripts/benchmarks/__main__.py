"""`python -m scripts.benchmarks [NAME...]`: runs the named benchmarks, or all; prints one line for each figure."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from scripts.benchmarks import evidence_commit, evidence_soak, evidence_verify, held, masking, schema_change


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Runs the named benchmarks, or all.")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--records", type=int, default=1_000_000, help="of evidence-verify (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=1, help="of evidence-soak (default: %(default)s)")
    options = parser.parse_args()
    benchmarks: dict[str, Callable[[Path], Iterator[str]]] = {
        "held": held.run,
        "schema-change": schema_change.run,
        "masking": masking.run,
        "evidence-commit": evidence_commit.run,
        "evidence-verify": partial(evidence_verify.run, records=options.records),
        "evidence-soak": partial(evidence_soak.run, minutes=options.minutes),
    }
    unknown = [name for name in options.names if name not in benchmarks]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(benchmarks)}")
    for name in options.names or benchmarks:
        with tempfile.TemporaryDirectory(prefix=f"countersign-{name}-") as directory:
            for line in benchmarks[name](Path(directory)):
                print(f"{name}: {line}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
