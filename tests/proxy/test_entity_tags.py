"""Entity tags of a masked view: its own, and the service's again on the way back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign.masking import KeyedDigest
from countersign.proxy.entity_tags import EntityTags

_DIGEST = KeyedDigest(b"k" * 32)
_TAGS = EntityTags(_DIGEST, ["rules-1", "accounts"])
_OTHERS = (
    EntityTags(_DIGEST, ["rules-1", "cards"]),
    EntityTags(_DIGEST, ["rules-2", "accounts"]),
    EntityTags(_DIGEST, ["rules-1accounts"]),
    EntityTags(_DIGEST, ["rules-1", "accounts", ""]),
    EntityTags(KeyedDigest(b"l" * 32), ["rules-1", "accounts"]),
)


@given(st.text("!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~0aZ\xe9\udcff", min_size=1), st.sampled_from(["", "W/"]))
@settings(max_examples=50)
def test_a_tag_comes_back_as_the_services_own(opaque: str, weak: str) -> None:
    """Strong or weak, whatever is in it; what the caller has holds nothing of it."""
    tag = f'{weak}"{opaque}"'
    (shown,) = _TAGS.shown([tag])
    assert shown != tag
    assert shown.startswith(f'{weak}"masked-')
    assert shown.isascii()
    assert _TAGS.asked([shown]) == [tag]
    assert _TAGS.required([shown]) == [tag]


def test_the_services_tag_cannot_be_read_in_the_views() -> None:
    """It may be a digest of the unmasked answer, by which a guess could be checked."""
    (shown,) = _TAGS.shown(['"d41d8cd98f00b204e9800998ecf8427e"'])
    assert "d41d8cd98f00b204" not in shown


def test_the_same_tag_is_the_same_each_time() -> None:
    """Else no copy would ever count as current."""
    assert _TAGS.shown(['"r1"']) == EntityTags(_DIGEST, ["rules-1", "accounts"]).shown(['"r1"'])
    assert _TAGS.shown(['"r1"']) != _TAGS.shown(['"r2"'])


@pytest.mark.parametrize("other", _OTHERS)
def test_a_tag_of_another_view_is_none_of_this_one(other: EntityTags) -> None:
    """Other rules, other callers, another key: the whole answer is asked for; beside a tag of this view it is left out."""
    (foreign,), (own,) = other.shown(['"r1"']), _TAGS.shown(['"r1"'])
    assert foreign != own
    assert _TAGS.asked([foreign]) == []
    assert _TAGS.asked([f"{foreign}, {own}"]) == ['"r1"']
    assert _TAGS.required([foreign]) == ['"masked-none"']
    assert _TAGS.required([foreign, own]) == ['"r1"']


@pytest.mark.parametrize(
    "tags", [["*"], ['"r1"'], ['W/"r1", "r2"'], [""], [], ['"masked-AAAAAAAAAAAAAAAAAAAAAAAAAAAA"']]
)
def test_what_is_no_tag_of_the_view_asks_for_the_whole(tags: list[str]) -> None:
    """The caller may have it from before the rules, or from another caller: `not modified` would let it stand."""
    assert _TAGS.asked(tags) == []


def test_a_read_that_requires_another_tag_is_answered_by_no_version() -> None:
    """Not even by the one whose own tag was guessed: nobody can try digests of what is masked."""
    assert _TAGS.required(['"r1"']) == _TAGS.required(['"r2", W/"r1"']) == _TAGS.required([""]) == ['"masked-none"']
    assert _TAGS.required(["*"]) == ["*"]
    assert _TAGS.required([]) == []


def test_one_character_changed_is_another_tag() -> None:
    """Nobody can make a tag up."""
    (shown,) = _TAGS.shown(['"r1"'])
    changed = shown[:-3] + ("A" if shown[-3] != "A" else "B") + shown[-2:]
    assert _TAGS.asked([changed]) == []
    assert _TAGS.asked([shown]) == ['"r1"']


def test_several_tags_are_asked_together() -> None:
    """In one list, in one field or in two."""
    shown = [_TAGS.shown([tag])[0] for tag in ('"r1"', 'W/"r2"')]
    assert _TAGS.asked([", ".join(shown)]) == ['"r1", W/"r2"']
    assert _TAGS.asked(shown) == ['"r1", W/"r2"']


@pytest.mark.parametrize("tags", [[], ["r1"], ['"r1'], ['w/"r1"'], ['"r 1"'], ['""'], ['"r1"', '"r1"'], ['"r1", "r2"']])
def test_what_is_no_entity_tag_is_not_shown(tags: list[str]) -> None:
    """It could be read in two ways, or could not be given back; a proper one is shown."""
    assert _TAGS.shown(tags) == []
    assert len(_TAGS.shown([' "r1"\t'])) == 1
