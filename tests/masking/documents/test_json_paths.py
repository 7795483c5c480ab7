"""Which values of a document JSONPaths select."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign import limits
from countersign.masking.documents.json_paths import Found, JsonPath, Key, PathSet, State, compile_path
from countersign.strict_json import Json

DOCUMENT: Json = {
    "a": {"b": 1, "name": "x", "c": [{"b": 2}, {"b": [3, {"b": 4}]}, 5]},
    "a b": 0,
    "b": {"a": {"b": 6}, "a b": 7, "*": 8},
    "list": [[1, 2], {"name": [{"k": "pw", "v": 9}, {"k": "user", "v": 10}]}],
    "": {"name": None},
}
SIMPLE = [
    "$", "$.a", "$.a.b", "$..b", "$..name", "$.a.c[*].b", "$[*]", "$.*", "$..*", "$..a..b", "$.*.a", "$..[*].b", "$.a,b",
    "$['a b']", "$.b['a b','*']", "$..*.b", "$..a.b", "$..*[*]", "$.list[*][*]", "$.missing.b",
]  # fmt: skip
QUERIES = [
    "$.list[0]", "$.list[-1]", "$..c[0:2].b", "$..[0]", "$.list[0,1]", "$..name[?(@.k=='pw')].v", "$..[?(@.k)]",
    "$..[?(@.k=='pw' || @.k=='user')].v", "$..[?(@.b==$.a.b)]",
]  # fmt: skip


def selected(paths: PathSet, document: Json) -> dict[tuple[Key, ...], int]:
    """Where a walk of `document` meets a rank, and which."""
    ranks: dict[tuple[Key, ...], int] = {}

    def walk(value: Json, state: State, found: Found | None, keys: tuple[Key, ...]) -> None:
        both = (state.rank, found.rank if found else None)
        if any(rank is not None for rank in both):
            ranks[keys] = min(rank for rank in both if rank is not None)
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        moves = state.moves()
        for key, item in items:
            below = state.element if isinstance(key, int) else moves.get(key, state.other)
            walk(item, below, found.below.get(key) if found else None, (*keys, key))

    walk(document, paths.start, paths.found_in(document), ())
    return ranks


def at(document: Json, keys: tuple[Key, ...]) -> Json:
    """The value of `document` at `keys`."""
    for key in keys:
        document = document[key]  # type: ignore[index]
    return document


@pytest.mark.parametrize("text", SIMPLE + QUERIES)
def test_the_walk_agrees_with_jsonpath_ng(text: str) -> None:
    """The automaton and the tree of locations select the very values that the library finds, no more and no less."""
    path = compile_path(text)
    found = selected(PathSet([path]), DOCUMENT)
    assert set(found) == set(path.locations(DOCUMENT))
    assert {repr(at(DOCUMENT, keys)) for keys in found} == {repr(match.value) for match in path.query.find(DOCUMENT)}


@pytest.mark.parametrize("text", SIMPLE[:-1] + QUERIES)
def test_the_examples_select_something(text: str) -> None:
    """The agreement above is not one about nothing."""
    assert selected(PathSet([compile_path(text)]), DOCUMENT)


@pytest.mark.parametrize("text", SIMPLE)
def test_simple_paths_are_walked(text: str) -> None:
    """Paths of names and wildcards do not need the library at run time."""
    assert compile_path(text).steps is not None


@pytest.mark.parametrize("text", QUERIES)
def test_indexes_and_filters_are_queries(text: str) -> None:
    """What depends on positions or values is left to the library."""
    assert compile_path(text).steps is None


names = st.sampled_from(["a", "b", "name", "x"])
values = st.recursive(
    st.none() | st.integers(0, 3) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)
step = st.sampled_from([".a", ".b", "..a", "..b", "[*]", ".*", "..*", "..[*]", ".a,b", "[0]", "[-1]", "[?(@.a==1)]"])
texts = st.lists(step, max_size=4).map(lambda steps: "$" + "".join(steps))


@given(document=values, texts=st.lists(texts, min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_sets_of_paths_agree_with_jsonpath_ng(document: Json, texts: list[str]) -> None:
    """For any document, each selected value has the number of the first path by which the library finds it."""
    paths = [compile_path(text) for text in texts]
    expected: dict[tuple[Key, ...], int] = {}
    for number, path in enumerate(paths):
        for location in path.locations(document):
            expected.setdefault(location, number)
    found = selected(PathSet(paths), document)
    assert found == expected
    assert {repr(at(document, keys)) for keys in found} == {
        repr(match.value) for path in paths for match in path.query.find(document)
    }


def test_a_document_does_not_grow_the_automaton() -> None:
    """Only names that paths have lead somewhere by themselves; all others, and all elements, share one way each."""
    start = PathSet([compile_path("$..secret"), compile_path("$.a.b")]).start
    assert set(start.moves()) == {"secret", "a"}
    assert start.other.moves().keys() == {"secret"}
    assert start.other.other is start.other
    assert start.element is start.other


def test_the_states_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where paths allow very many states they are made anew beyond a limit, and still select the same."""
    monkeypatch.setattr(limits, "MAX_PATH_STATES", 4)
    paths = PathSet([compile_path("$..a.*.*.*")])
    document: Json = {"a": {"a": {"b": {"a": {"c": [1, {"a": 2}]}}}}}
    first = selected(paths, document)
    old = paths.start
    assert selected(paths, document) == first
    assert first
    assert paths.start is not old


def test_the_names_in_simple_paths_are_known() -> None:
    """Whoever walks needs to look at no other name for the paths' sake."""
    paths = PathSet([compile_path("$..secret[*].a"), compile_path("$.list[0].b")])
    assert paths.names == {"secret", "a"}
    assert paths.found_in({"secret": 1}) is None


def test_a_member_that_looks_like_an_index_is_a_name() -> None:
    """The member "0" and the element 0 are two places."""
    assert selected(PathSet([compile_path("$['0']")]), {"0": 1}) == {("0",): 0}
    assert selected(PathSet([compile_path("$['0']")]), [1]) == {}
    assert selected(PathSet([compile_path("$[0]")]), {"0": 1}) == {}


@pytest.mark.parametrize("text", ["", "$.", "$..", "$[", "a b", "$.a[?(", "$.a[\x00]", "$..@@", "$[?(@.a ==)]"])
def test_what_is_no_path_is_refused(text: str) -> None:
    """A path that cannot be read says so when the rules are compiled."""
    with pytest.raises(ValueError, match=r"not a JSONPath|names places"):
        compile_path(text)


@pytest.mark.parametrize("text", ["a", "a.b", "@.a", "[*]", "*"])
def test_a_path_without_root_is_refused(text: str) -> None:
    """`name` alone could mean a member of the root or of any depth; the error says how to write each."""
    with pytest.raises(ValueError, match=r"starts with \$"):
        compile_path(text)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "text",
    ["$.a.`len`", "$.a.`parent`", "$.a[/b]", "$.a where b", "$.a|$.b", "$.a + 1", "$..$", "$.a.@", "$.a.`sub(/a/, b)`"],
)
def test_a_path_that_computes_is_refused(text: str) -> None:
    """Only paths that name places can be masked."""
    with pytest.raises(ValueError, match=r"names places|starts with|not a JSONPath"):
        compile_path(text)


@pytest.mark.parametrize(
    "text",
    [
        "$[?(@.a =~ 'x')]",
        "$.a[?(@.b == 1 && @.c =~ '(a+)+$')].d",
        "$[?(@.a == 1 || @.b =~ 'x')]",
        "$[?(@.b[?(@.c =~ 'x')])]",
    ],
)
def test_a_regular_expression_is_refused(text: str) -> None:
    """It would run on hostile input without a bound; the same filter with == is fine."""
    with pytest.raises(ValueError, match="=~"):
        compile_path(text)
    assert isinstance(compile_path(text.replace("=~", "==")), JsonPath)
