"""The real gateway with one thing in it that fails: the same mitmdump and the same script, after a few lines of a test's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.end_to_end.hurried import GATEWAY

#: Lines after which each of FAILING raises, while there is a file of its name, an exception that quotes all it was given.
_BREAKABLE = """\
import importlib
import pathlib

_folder = pathlib.Path({folder!r})


def _breakable(place, name, flag):
    original = getattr(place, name)

    def call(*args, **kwargs):
        if (_folder / flag).exists():
            given = [vars(each) if hasattr(each, "__dict__") else each for each in (*args, *kwargs.values())]
            raise ValueError(f"cannot do this with {{args!r}} {{kwargs!r}} {{given!r}}")
        return original(*args, **kwargs)

    setattr(place, name, call)


for _flag, (_module, _name) in {failing!r}.items():
    _place = importlib.import_module(_module)
    *_outer, _last = _name.split(".")
    for _each in _outer:
        _place = getattr(_place, _each)
    _breakable(_place, _last, _flag)

"""
#: Lines that put an addon of somebody else's behind the gateway's own, which fails with all that it sees.
_FOREIGN = """\

class _Foreign:
    def request(self, flow):
        raise ValueError(f"cannot read {flow.request.get_text(strict=False)!r} with {dict(flow.request.headers)!r}")

    def response(self, flow):
        raise ValueError(f"cannot read {flow.response.get_text(strict=False)!r} with {dict(flow.response.headers)!r}")

    def error(self, flow):
        raise ValueError(f"cannot say {flow.request.get_text(strict=False)!r}")


addons.append(_Foreign())
"""


def breakable(folder: Path, failing: Mapping[str, tuple[str, str]]) -> Path:
    """A script whose gateway has functions (name -> module, function) that raise while `folder` has a file of their name; the
    process for large messages is not touched."""
    return _script(folder, _BREAKABLE.format(folder=str(folder), failing=dict(failing)), "")


def with_foreign_addon(folder: Path) -> Path:
    """A script whose gateway has an addon of somebody else's that fails in each hook."""
    return _script(folder, "", _FOREIGN)


def _script(folder: Path, before: str, after: str) -> Path:
    folder.mkdir(parents=True)
    script = folder / "gateway.py"
    script.write_text(f"{before}\n{GATEWAY.read_text()}{after}")
    (folder / "countersign").symlink_to(GATEWAY.with_name("countersign"))  # what the script imports lies beside it
    return script
