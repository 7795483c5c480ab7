"""What changes of one kind at one place say in words, for a reader who knows the data and not JSON Schema.

Values of a schema are quoted only where the change says that they may be; names of types and of formats, and numbers of
characters, items and fields, only where they have the shape of one: what stands in the place of a masked value is not said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from countersign.schema_change.dialect import named
from countersign.schema_change.phrases import AMOUNTS, BRANCHES, DECLARED, FIXED, LISTS, NOUNS, PARTS_OF_VALUES, TYPES
from countersign.schema_change.place_names import quoted_name
from countersign.schema_change.quotation import listed, number, quoted
from countersign.schema_change.values import Change
from countersign.strict_json import Json

#: Stands for the subject in a sentence.
SUBJECT = "\0"
_SHAPE = re.compile(r"[a-z][a-z0-9-]{0,31}")
_MEDIA = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+/-]{0,63}")
_HOW = {
    "added": "{} now has a {}",
    "removed": "{} no longer has a {}",
    "changed": "{} has another {}",
    "increased": "{} has another {}",
    "decreased": "{} has another {}",
}


def templates(changes: Sequence[Change]) -> list[str]:
    """What `changes`, all of one kind and at one place, do there, with SUBJECT in the place of the place's name."""
    first = changes[0]
    what, _, how = first.kind.rpartition("-")
    if first.kind in LISTS:
        return [_several(LISTS[first.kind], [quoted_name(each.property or "") for each in changes])]
    if what == "enum-value":
        return [_enum_values(changes, "no longer allows" if how == "removed" else "also allows")]
    if what in BRANCHES:
        return [_branches(changes, *BRANCHES[what], how)]
    if what == "tuple-item":
        has = "has a rule of its own" if how == "added" else "no longer has a rule of its own"
        return [f"item {int(each.property or 0) + 1} of {SUBJECT} {has}" for each in changes]
    if what == "sensitivity":
        return [_sensitivity(changes, how)]
    return [_sentence(change, what, how) for change in changes]


def declared(kind: str, names: Sequence[str]) -> str:
    """What changes of a kind that is counted say: "2 fields become required: `a`, `b`"."""
    one, many = DECLARED[kind]
    return f"{len(names)} {many if len(names) > 1 else one}: {', '.join(names)}"


def _sentence(change: Change, what: str, how: str) -> str:
    said = _one(change, what, how)
    if said is None and change.kind in FIXED:
        said = FIXED[change.kind].replace("{}", SUBJECT)
    noun = NOUNS.get(what) or f"rule `{what}`"
    return said or _HOW.get(how, "{} changes: {}").format(SUBJECT, noun)


def _one(change: Change, what: str, how: str) -> str | None:
    """The sentence with the values of this change in it, where they can be said."""
    value = change.before if how == "removed" else change.after
    match what:
        case "type":
            return _type(change)
        case "format":
            return _shaped(change, _SHAPE, "have the format {}")
        case "content-encoding":
            return _shaped(change, _MEDIA, "be encoded as {}")
        case "content-media-type":
            return _shaped(change, _MEDIA, "hold content of the type {}")
        case "reference" if how != "changed" and (target := _target(value)):
            return f"{SUBJECT} {'need no longer' if how == 'removed' else 'must'} have the form of {target}"
        case "dialect":
            return _dialect(change)
        case "dependent-required" | "dependency" if isinstance(value, list):
            return _needed(change)
        case "dependent-schema" | "dependency":
            has = _HOW[how].format(SUBJECT, "rule")
            return f"where {quoted_name(change.property or '')} is given, {has}"
        case "nullable" if how == "changed":
            return f"{SUBJECT} {'may' if change.after is True else 'may no longer'} be null"
        case "unique-items" if how == "changed":
            return FIXED[f"unique-items-{'added' if change.after is True else 'removed'}"].replace("{}", SUBJECT)
        case "not" if value == {}:
            return f"{SUBJECT} {'is never accepted' if how == 'added' else 'is no longer refused whatever it is'}"
        case "items" | "unevaluated-items" | "unevaluated-properties" if change.after is False:
            things = "fields that no rule speaks of" if what.endswith("properties") else "items that no rule speaks of"
            return f"{SUBJECT} no longer accepts {things}"
    if what.startswith("exclusive-") and isinstance(value, bool):
        end = NOUNS[what.removeprefix("exclusive-")]
        return f"{SUBJECT} {'may no longer' if change.after is True else 'may'} be its {end}"
    if what in PARTS_OF_VALUES and not change.may_be_quoted:
        return None
    if what in ("const", "pattern", "enum"):
        return _quoting(change, what, how)
    return _limit(change, what, how) if what in AMOUNTS else None


def _quoting(change: Change, what: str, how: str) -> str | None:
    before, after = (
        listed(value) if what == "enum" and isinstance(value, list) else quoted(value)
        for value in (change.before, change.after)
    )
    if what == "enum":
        values, said = (change.before, before) if how == "removed" else (change.after, after)
        if not isinstance(values, list):
            return None
        phrase = "need no longer be one of" if how == "removed" else "must be one of"
        if len(values) == 1:
            return f"{SUBJECT} {phrase.removesuffix('one of')}exactly {said}"
        return f"{SUBJECT} {phrase} {len(values)} values ({said})"
    verb = "match the pattern" if what == "pattern" else "be exactly"
    if how == "removed":
        return f"{SUBJECT} need no longer {verb} {before}"
    return f"{SUBJECT} must {verb} {after}" + (f" instead of {before}" if how == "changed" else "")


def _limit(change: Change, what: str, how: str) -> str | None:
    before, after = number(change.before), number(change.after)
    if how == "removed":
        return None if before is None else f"{SUBJECT} need no longer {_amount(what, before)}"
    if after is None:
        return None
    if change.kind == "minimum-added" and after == "0" and change.effect == "narrows":
        return f"{SUBJECT} no longer accepts negative numbers"
    return f"{SUBJECT} must {_amount(what, after)}" + ("" if before is None else f" instead of {before}")


def _amount(what: str, amount: str) -> str:
    text = AMOUNTS[what].format(amount)
    return text.removesuffix("s") if amount == "1" else text


def _type(change: Change) -> str | None:
    before, after = _types(change.before), _types(change.after)
    if change.new_pointer is None:
        return f"{SUBJECT} may be of any type instead of {_either(before)}" if before else None
    if not after:
        return None
    if not before:
        return f"{SUBJECT} must be {_either(after)}"
    if set(before) < set(after):
        return f"{SUBJECT} may also be {_either([each for each in after if each not in before])}"
    if set(after) < set(before):
        return f"{SUBJECT} may no longer be {_either([each for each in before if each not in after])}"
    return f"{SUBJECT} must be {_either(after)} instead of {_either(before)}"


def _types(value: Json) -> list[str]:
    """The types in words; none where one of them is no type."""
    found = [TYPES.get(each, "") if isinstance(each, str) else "" for each in _listed(value)]
    return found if all(found) else []


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _either(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _shaped(change: Change, shape: re.Pattern[str], phrase: str) -> str | None:
    """What has a name of a certain shape, before and after."""
    before, after = (
        each if isinstance(each, str) and shape.fullmatch(each) else None for each in (change.before, change.after)
    )
    if change.new_pointer is None:
        return before and f"{SUBJECT} need no longer {phrase.format(before)}"
    if after is None:
        return None
    return f"{SUBJECT} must {phrase.format(after)}" + (f" instead of {before}" if before else "")


def _dialect(change: Change) -> str | None:
    before, after = (
        found.name if isinstance(uri, str) and (found := named(uri)) else None for uri in (change.before, change.after)
    )
    if change.kind == "dialect-removed" or after is None:
        return None
    if before is None:
        return f"the version of JSON Schema is stated: {after}"
    return f"the version of JSON Schema is {after} instead of {before}"


def _needed(change: Change) -> str:
    """Members that one member needs."""
    before, after = (
        ", ".join(quoted_name(str(each)) for each in value) or "nothing more" if isinstance(value, list) else ""
        for value in (change.before, change.after)
    )
    given = f"where {SUBJECT} has {quoted_name(change.property or '')}, it"
    if not after:
        return f"{given} need no longer have {before}"
    return f"{given} must have {after}" + (f" instead of {before}" if before else "")


def _enum_values(changes: Sequence[Change], verb: str) -> str:
    values = [each.after if each.before is None else each.before for each in changes]
    count = "1 value" if len(values) == 1 else f"{len(values)} values"
    return f"{SUBJECT} {verb} {count}" + (f" ({listed(values)})" if all(each.may_be_quoted for each in changes) else "")


def _branches(changes: Sequence[Change], more: str, less: str, how: str) -> str:
    more_forms = "1 more form" if len(changes) == 1 else f"{len(changes)} more forms"
    count = more_forms if how == "added" else f"{len(changes)} of its forms"
    forms = [_form(each.after if how == "added" else each.before) for each in changes]
    said = f" ({', '.join(forms)})" if all(forms) else ""
    return f"{SUBJECT} {(more if how == 'added' else less).format(count + said)}"


def _form(branch: Json) -> str:
    """A branch by the schema that it refers to, or by its type; empty where it has neither."""
    if not isinstance(branch, dict):
        return ""
    return _target(branch.get("$ref")) or _either(_types(branch.get("type")))


def _target(reference: Json) -> str:
    """What a reference leads to, where that is a part of the same document."""
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return ""
    return quoted_name(reference.rpartition("/")[2].replace("~1", "/").replace("~0", "~"))


def _sensitivity(changes: Sequence[Change], how: str) -> str:
    """Marks at one place; a member of a masked name is a mark without a value."""
    first = changes[0]
    if is_masked_name(first):
        verb = {"added": "is declared", "removed": "is no longer declared"}.get(how, "changes")
        return f"the sensitive field {SUBJECT} {verb}"
    count, say = ("1 mark", "says") if len(changes) == 1 else (f"{len(changes)} marks", "say")
    names = ", ".join(quoted_name(each.property or "format: password") for each in changes)
    verb = {"added": "gets", "removed": "loses"}.get(how, "has another value in")
    return f"{SUBJECT} {verb} {count} that {say} it is sensitive ({names})"


def is_masked_name(change: Change) -> bool:
    """Whether this is about a member whose name says that it is sensitive, and not about a keyword that marks one."""
    return change.kind.startswith("sensitivity-") and change.before is None and change.after is None


def _several(forms: tuple[str, str], names: Sequence[str]) -> str:
    one, many = forms
    text = one if len(names) == 1 else many.replace("{n}", str(len(names)))
    return f"{text.replace('{}', SUBJECT)} ({', '.join(names)})"
