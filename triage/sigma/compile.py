"""A folder of Sigma rules, compiled to SQL in a child process with limits.

Rules are files of somebody's, and what reads them is not ours: a file that makes it hang, crash or
eat memory costs itself, which is told, and no other file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from typing import Any

from triage.children import Bounds, Lost, Pool
from triage.sigma.rule import Refused, Rule, Rules, decoded, encoded
from triage.sigma.sources import UnknownSource, key_of

_FILES_MAX, _FILE_MAX, _RULES_MAX = 20_000, 1 << 20, 20_000
#: For one file, in seconds without an answer; for all files together.
_BOUNDS = Bounds(memory=1 << 30, silence=20.0, seconds=600.0, what="Sigma rules")
_SQL_MAX = 1 << 20
_ENDINGS = (".yml", ".yaml")


def compile_folder(folder: str) -> Rules:
    """Every rule of a folder and the folders in it, or of one file, in the order of the paths."""
    names, refused = _files(folder)
    rules: list[Rule] = []
    for number, answer in _answers(folder, names):
        name = names[number] or os.path.basename(folder)
        if isinstance(answer, Lost):
            refused.append(Refused(name, f"cannot be read within the limits: {answer.detail}"))
        elif isinstance(answer, str):
            refused.append(Refused(name, answer))
        else:
            rules.append(decoded(answer))
    more = rules[_RULES_MAX:]
    refused += [Refused(rule.file, f"more than {_RULES_MAX} rules") for rule in more]
    return Rules(tuple(rules[:_RULES_MAX]), tuple(refused))


def _answers(folder: str, names: Sequence[str]) -> Iterator[tuple[int, Any]]:
    """(file, a rule or words why there is none), in the order of the files."""
    if not names:
        return
    # All of one size: they are begun in their order.
    with Pool(partial(_job, folder, names), [0] * len(names), _BOUNDS, 1) as pool:
        yield from pool.run(lambda _: None)


def _files(folder: str) -> tuple[list[str], list[Refused]]:
    """Paths below the folder, sorted."""
    if not os.path.isdir(folder):
        return [""], []
    found = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        found += [
            os.path.relpath(os.path.join(place, name), folder)
            for name in names
            if name.lower().endswith(_ENDINGS)
        ]
    found.sort()
    refused = [Refused(name, f"more than {_FILES_MAX} files") for name in found[_FILES_MAX:]]
    return found[:_FILES_MAX], refused


# --- the child -----------------------------------------------------------------------------


def _job(
    folder: str, names: Sequence[str], number: int, alive: Callable[[int], None]
) -> Iterator[Any]:
    name = names[number]
    rules, odd = _compiled(os.path.join(folder, name) if name else folder, name)
    yield from map(encoded, rules)
    yield from odd


def _compiled(path: str, name: str) -> tuple[list[Rule], list[str]]:
    """The rules of a file, and in words what of it cannot be run."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(_FILE_MAX + 1)
    except OSError as error:
        return [], [f"cannot be read: {error.strerror}"]
    if len(data) > _FILE_MAX:
        return [], [f"larger than {_FILE_MAX >> 20} MB"]
    try:
        return _rules_in(data.decode("utf-8"), name or os.path.basename(path))
    except MemoryError:
        raise
    except Exception as error:  # whatever pySigma or its parsers make of a hostile file
        return [], [_words(error)]


def _rules_in(text: str, name: str) -> tuple[list[Rule], list[str]]:
    from sigma.collection import SigmaCollection
    from sigma.exceptions import SigmaError
    from sigma.rule import SigmaRule

    rules: list[Rule] = []
    odd: list[str] = []
    collection = SigmaCollection.from_yaml(text, collect_errors=True)
    if not collection.rules:
        odd.append(
            "no rule in it: " + (_words(collection.errors[0]) if collection.errors else text[:80])
        )
    for one in collection.rules:
        title = str(one.title or one.id or "a rule without a title")[:200]
        if not isinstance(one, SigmaRule):
            odd.append(f"{title}: correlations are not run, only single events are looked at")
        elif one.errors:
            odd.append(f"{title}: {_words(one.errors[0])}")
        else:
            try:
                rules.append(_rule(one, name, title))
            except (SigmaError, UnknownSource, ValueError, AttributeError) as error:
                odd.append(f"{title}: {_words(error)}")
    return rules, odd


def _rule(one: Any, name: str, title: str) -> Rule:
    """A rule of pySigma's as SQL; raises what pySigma raises for what it does not know."""
    source = one.logsource
    key = key_of(source.product, source.category, source.service)
    backend = _backend(key)
    queries = [str(query) for query in backend.convert_rule(one)]
    if sum(map(len, queries)) > _SQL_MAX:
        raise ValueError("it becomes more than a megabyte of SQL")
    return Rule(
        file=name,
        id=str(one.id or ""),
        title=title,
        level=str(one.level or "").lower(),
        status=str(one.status or "").lower(),
        tags=tuple(sorted({str(tag)[:100] for tag in one.tags}))[:32],
        source=key,
        queries=tuple(queries),
        columns=tuple(backend.required_fields(one)),
    )


def _backend(key: str) -> Any:
    """The converter for the table of a log source."""
    base: Any = import_module("sigma.backends.sqlite").sqliteBackend  # it is not typed

    class Backend(base):  # type: ignore[misc]
        # Columns are text, for rules compare text; greater and less are of numbers.
        compare_op_expression = (
            "({field} GLOB '[-0-9]*' AND CAST({field} AS NUMERIC) {operator} {value})"
        )

    made: Any = Backend
    return made(table=key, collate_nocase=True, fulltext_field=FULL_TEXT)


#: The column with all values of an event, for keywords.
FULL_TEXT = "all values"


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
