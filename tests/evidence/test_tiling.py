"""The tiles of a growing tree."""

from __future__ import annotations

import hashlib

import pytest

from countersign.evidence.tiling import Tile, Tiling, tile_path
from countersign.evidence.tree import root_of


def hashed(number: int) -> bytes:
    """A leaf hash."""
    return hashlib.sha256(b"%d" % number).digest()


@pytest.mark.parametrize(
    ("number", "width", "path"),
    [
        (0, 256, "000"),
        (7, 1, "007.p/1"),
        (999, 256, "999"),
        (1000, 256, "x001/000"),
        (1234067, 256, "x001/x234/067"),
        (273, 112, "273.p/112"),
    ],
)
def test_tile_path(number: int, width: int, path: str) -> None:
    """The paths are those of the examples in C2SP tlog-tiles."""
    assert tile_path(number, width) == path


@pytest.mark.parametrize("size", [1, 255, 256, 257, 256 * 256, 256 * 256 + 1])
def test_tiles(size: int) -> None:
    """Every hash of every level is in exactly one tile, in order, and each tile stands for its node one level above."""
    leaves = [hashed(number) for number in range(size)]
    tiling = Tiling()
    found = [tile for leaf in leaves for tile in tiling.add(leaf)] + tiling.rest()
    levels: dict[int, list[Tile]] = {}
    for tile in found:
        levels.setdefault(tile.level, []).append(tile)
    expected = leaves
    for level in sorted(levels):
        tiles = levels[level]
        assert [tile.number for tile in tiles] == list(range(len(tiles)))
        assert [node for tile in tiles for node in tile.hashes] == expected
        expected = [root_of(tile.hashes) for tile in tiles if len(tile.hashes) == 256]
    assert not expected
    assert (tiling.tree.size, tiling.tree.root()) == (size, root_of(leaves))


def test_when_a_tile_is_done() -> None:
    """A tile comes with the leaf that fills it, and the tile above it right after; the rest comes at the end."""
    tiling = Tiling()
    done = [len(tiling.add(hashed(number))) for number in range(256 * 256)]
    assert [size for size, count in enumerate(done, 1) if count] == list(range(256, 256 * 256 + 1, 256))
    assert done[255] == 1
    assert done[-1] == 2
    assert [tile.path for tile in tiling.rest()] == ["2/000.p/1"]
