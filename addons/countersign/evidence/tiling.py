"""The tiles of a growing Merkle tree, and their paths in a directory (C2SP tlog-tiles).

Does not read or write files: `tiles` writes them, `exported_log` compares them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from countersign.evidence.tree import TILE_LEAVES, Frontier


@dataclass(frozen=True, slots=True)
class Tile:
    """Hashes that stand beside each other at one level of tiles: leaf hashes at level 0, roots of full tiles above."""

    level: int
    number: int  #: within its level, from 0
    hashes: tuple[bytes, ...]  #: at most TILE_LEAVES, 32 bytes each

    @property
    def path(self) -> str:
        """Where it stands in the directory of tiles."""
        return f"{self.level}/{tile_path(self.number, len(self.hashes))}"


@dataclass(slots=True)
class _Level:
    """The unfinished tile at the right edge of one level."""

    frontier: Frontier = field(default_factory=Frontier)
    hashes: list[bytes] = field(default_factory=list)


class Tiling:
    """Cuts the hashes of a growing tree into tiles. Keeps the right edge only."""

    def __init__(self) -> None:
        self._levels = [_Level()]

    @property
    def tree(self) -> Frontier:
        """The tree over all leaves that were added."""
        return self._levels[0].frontier

    def add(self, hashed_leaf: bytes) -> list[Tile]:
        """Add a leaf hash (32 bytes) at the end; returns the tiles that it completes, the lowest first."""
        done: list[Tile] = []
        node: bytes | None = hashed_leaf
        while node is not None:
            if len(done) == len(self._levels):
                self._levels.append(_Level())
            level = self._levels[len(done)]
            level.hashes.append(node)
            node = level.frontier.append(node)
            if node is not None:
                done.append(self._cut(len(done)))
        return done

    def rest(self) -> list[Tile]:
        """The tiles at the right edge that are not full. Nothing can be added afterwards."""
        return [self._cut(number) for number, level in enumerate(self._levels) if level.hashes]

    def _cut(self, number: int) -> Tile:
        level = self._levels[number]
        tile = Tile(number, (level.frontier.size - 1) // TILE_LEAVES, tuple(level.hashes))
        level.hashes.clear()
        return tile


def tile_path(number: int, width: int) -> str:
    """The path of a tile within its level: 1234067 is x001/x234/067, with `.p/<width>` when it is not full."""
    groups = f"{number:,}".split(",")
    digits = [group.zfill(3) for group in groups]
    path = "/".join([*(f"x{group}" for group in digits[:-1]), digits[-1]])
    return path if width == TILE_LEAVES else f"{path}.p/{width}"
