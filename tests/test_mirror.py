"""The tests mirror the package one to one, and no file grows past what one reader holds in mind."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "addons" / "countersign"
TESTS = ROOT / "tests"
MAX_LINES = 300
WHOLE = ("standalone_verifier.py",)  # one file by its purpose: a stranger copies it, and reads it from top to bottom


def expected_tests(package: Path) -> set[Path]:
    """`<folder>/<module>.py` -> `<folder>/test_<module>.py`, for every module but `__init__` and `__main__`."""
    names = (file.relative_to(package) for file in package.rglob("*.py") if not file.name.startswith("__"))
    return {name.with_name(f"test_{name.name}") for name in names}


def present_tests(package: Path, tests: Path) -> set[Path]:
    """The test files in the folders that mirror folders of the package."""
    folders = {file.parent.relative_to(package) for file in package.rglob("*.py")} - {Path(".")}
    return {file.relative_to(tests) for folder in folders for file in (tests / folder).glob("test_*.py")}


def too_long(*folders: Path) -> list[str]:
    """Python files with more than MAX_LINES lines."""
    files = [file for folder in folders for file in sorted(folder.rglob("*.py")) if file.name not in WHOLE]
    counted = [(file, len(file.read_text().splitlines())) for file in files]
    return [
        f"{file.name}: {lines} lines; split it by its reasons to change" for file, lines in counted if lines > MAX_LINES
    ]


def test_every_module_has_its_test_file() -> None:
    """A module without a test file is not finished."""
    missing = {name for name in expected_tests(PACKAGE) if not (TESTS / name).is_file()}
    assert not missing, f"write {', '.join(sorted(map(str, missing)))}"


def test_every_test_file_has_its_module() -> None:
    """A test file in a mirrored folder tests the module of its name; anything else belongs elsewhere."""
    strange = present_tests(PACKAGE, TESTS) - expected_tests(PACKAGE)
    assert not strange, f"no module for {', '.join(sorted(map(str, strange)))}"


def test_no_file_is_past_the_ceiling() -> None:
    """A file past 300 lines is asking to be two."""
    assert not too_long(ROOT / "addons", ROOT / "scripts")


def test_the_rules_see_what_they_are_for(tmp_path: Path) -> None:
    """A missing test file, a stray one and a long file are each found."""
    package, tests = tmp_path / "package", tmp_path / "tests"
    (package / "door").mkdir(parents=True)
    (tests / "door").mkdir(parents=True)
    (package / "door" / "__init__.py").touch()
    (package / "door" / "lock.py").write_text("\n" * (MAX_LINES + 1))
    (tests / "door" / "test_key.py").touch()
    assert expected_tests(package) == {Path("door/test_lock.py")}
    assert present_tests(package, tests) == {Path("door/test_key.py")}
    assert too_long(package) == ["lock.py: 301 lines; split it by its reasons to change"]
    (package / "door" / "lock.py").write_text("\n" * MAX_LINES)
    assert too_long(package) == []
