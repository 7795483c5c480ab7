"""Coverage-guided fuzz of everything in masking that reads hostile bytes: nothing is raised, and no planted secret is kept."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

HARNESS = Path(__file__).with_name("masking_harness.py")
ROOT = HARNESS.parents[2]
RUNS = 4000  # of each target: half a minute; a defect of the parsers shows in the first thousand
SEED = 20260101
TIMEOUT_SECONDS = 110

#: The first byte or two choose a type or a coding; the rest is what the target reads.
SEEDS: dict[str, list[bytes]] = {
    "content_coding": [
        b"\x02\x02" + gzip.compress(b'{"a":1}'),
        b"\x01\x03" + zlib.compress(b'{"a":1}'),
        b"\x04\x04\x28\xb5\x2f\xfd\x04\x00",
        b"\x00\x00\x8b\x03\x80{}\x03",
    ],
    "forms": [b" a=1&b=2", b" a[b]=%7B%22c%22%3A1%7D", b" q=a+b%20c;d=e", b" _charset_=utf-8", b" u=https%253A%252F%252Fh%253Fa"],
    "multipart_bodies": [
        b' --b\r\nContent-Disposition: form-data; name="a"; filename="f"\r\nContent-Type: application/json\r\n\r\n{}\r\n',
        b"!--b\r\n\r\n1\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n2\r\n--c--\r\n\r\n",
    ],
    "json_lines": [b' {"a":1}\n[2]', b' \x1e{"a":1}\n\x1e[2]\n', b' "\\u2028"\r\n\r\n1e3'],
    "request_target": [b" /a/b;c=d?e=f&g[h]=i#j", b" //u@h/%2541?a=https://h?b=c", b" http://h:1/%7B%22a%22%3A1%7D"],
    "header_fields": [b" Link:<https://h/?a=b>; rel=next", b" X-A:=?utf-8?b?YQ==?=", b' Etag:W/"1"', b' X-B:{"a":[1]}'],
    "masker": [
        b'\x00\x00{"a":"{\\"b\\":1}"}', b"\x01\x01a=1&b=2", b'\x02\x02{"a":1}\n', b"\x03\x03\x1e1\n", b"\x04\x04--b\r\n\r\n1\r\n--b--",
    ],
}  # fmt: skip


def fuzz(target: str, place: Path, *options: str, runs: int = RUNS) -> subprocess.CompletedProcess[str]:
    """Run the harness on `target` for a bounded number of times, from its seeds, with the same random numbers each time."""
    corpus = place / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(SEEDS[target]):
        (corpus / str(number)).write_bytes(seed)
    limits = [f"-runs={runs}", f"-seed={SEED}", "-max_len=400", "-timeout=20", "-rss_limit_mb=1500"]
    return subprocess.run(
        [sys.executable, HARNESS, target, *options, *limits, f"-artifact_prefix={place}/", corpus],
        env={"PYTHONPATH": os.pathsep.join([str(ROOT / "addons"), str(ROOT)]), "PATH": os.environ["PATH"]},
        capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("target", sorted(SEEDS))
def test_nothing_is_raised_and_nothing_is_kept(target: str, tmp_path: Path) -> None:
    """Whatever bytes there are around the secret."""
    ended = fuzz(target, tmp_path)
    assert ended.returncode == 0, ended.stderr[-4000:]
    assert f"Done {RUNS} runs" in ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("target", sorted(SEEDS))
def test_the_harness_sees_what_it_is_for(target: str, tmp_path: Path) -> None:
    """With the masking of the target broken it ends with a crash at once."""
    ended = fuzz(target, tmp_path, "--break", runs=200)
    assert ended.returncode != 0
    assert "Uncaught Python exception" in ended.stderr + ended.stdout
