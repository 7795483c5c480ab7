"""What a log and a witness say to each other: the texts of C2SP tlog-witness. Checks their form, never a signature or proof."""

from __future__ import annotations

import re
from dataclasses import dataclass

from countersign import limits
from countersign.evidence.checkpoint import decode, encode
from countersign.evidence.errors import BadNote

PATH = "add-checkpoint"  # below a witness's URL
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Offer:
    """A checkpoint offered to a witness, and the proof that it appends to the one that the witness cosigned last."""

    old_size: int  #: records the witness knows of; 0 before the first time
    proof: tuple[bytes, ...]  #: hashes of 32 bytes, RFC 6962 section 2.1.2
    note: bytes

    @classmethod
    def parse(cls, body: bytes) -> Offer:
        """Read the body of a request. Raises BadNote."""
        head, separator, note = body.partition(b"\n\n")
        if len(body) > limits.MAX_WITNESS_BODY_BYTES or not separator or not head.isascii():
            raise BadNote("the request is `old SIZE`, the proof, an empty line, and a signed checkpoint")
        first, *lines = head.decode().split("\n")
        if len(lines) > limits.MAX_PROOF_LINES:
            raise BadNote(f"the proof has more than {limits.MAX_PROOF_LINES} lines")
        if not first.startswith("old "):
            raise BadNote("the first line is not `old SIZE`")
        proof = tuple(decode(line) for line in lines)
        if any(len(node) != 32 for node in proof):
            raise BadNote("a line of the proof is not a hash of 32 bytes")
        return cls(parse_size(first.removeprefix("old ")), proof, note)

    def body(self) -> bytes:
        """The body of the request."""
        lines = "".join(f"{encode(node)}\n" for node in self.proof)
        return f"old {self.old_size}\n{lines}\n".encode() + self.note


def parse_size(text: str) -> int:
    """A number of records, without leading zeros. Raises BadNote."""
    if not _SIZE.fullmatch(text):
        raise BadNote("a size is a decimal number without leading zeros")
    return int(text)


def parse_conflict(content_type: str, body: bytes) -> int:
    """The size that a witness says, in a 409, it cosigned last. Raises BadNote where it says none."""
    if content_type.partition(";")[0].strip().lower() != SIZE_TYPE:
        raise BadNote(f"a 409 without the witness's size ({SIZE_TYPE})")
    if len(body) > 17 or not body.isascii() or not body.endswith(b"\n"):
        raise BadNote("a 409 whose body is not a size")
    return parse_size(body[:-1].decode())
