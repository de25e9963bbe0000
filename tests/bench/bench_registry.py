"""``python -m tests.bench.bench_registry FOLDER``: the judgement of whole hives, against rivals.

FOLDER holds the corpus' clean hives. All judge every value of the tree by the same functions, the
contents included, which is most of the work: what differs is how values get
there. (The scan alone is measured by ``bench_regf``.) python-registry and libregf walk and give
every value to the judge, as a tool on top of them would; ours chooses over arrays first. Times are
of the processor, in interleaved rounds, without imports.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.measure import Line, call, fact, interleaved, table
from triage.model import Location
from triage.parsers.regf import open_hive
from triage.registry.hives import mounted
from triage.registry.notation import Names
from triage.registry.reading import Reader
from triage.registry.spread import Spread
from triage.scope import Limits

LARGE = 2_000_000


@dataclass(slots=True)
class Key:
    """A key as another reader tells it."""

    name: str
    path: str
    parent: Key | None
    offset: int
    last_write: str | None = None
    state: str = "allocated"


@dataclass(slots=True)
class Value:
    """A value as another reader tells it."""

    name: str
    type: int
    data: bytes
    key: Key
    offset: int = 0
    state: str = "allocated"

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def path(self) -> str:
        return self.key.path


Told = list[tuple[str, str]]


def _reader(path: Path, data: bytes) -> Reader:
    at = mounted(open_hive(data), path.name, {})
    return Reader(at, Location(path.name), Limits(), Names(()))


def ours(path: Path) -> Told:
    found = _reader(path, path.read_bytes())._tree()
    return sorted((item.key, getattr(item, "name", "")) for item in found if hasattr(item, "parts"))  # type: ignore[union-attr]


def _told(path: Path, keys: Iterator[tuple[Key, tuple[Value, ...]]]) -> Told:
    """What the judge says of values that another reader gives it."""
    reader, spread = _reader(path, path.read_bytes()), Spread()
    found: list[Any] = []
    for key, values in keys:
        if values:
            found += reader._values(key, values, spread)  # type: ignore[arg-type]
    for one, joined in spread.of_parents():
        found.append(reader._store.described(one))
        assert joined
    return sorted((item.key, item.name) for item in found)


def python_registry(path: Path) -> Told:
    from Registry import Registry

    def walk() -> Iterator[tuple[Key, tuple[Value, ...]]]:
        top = Registry.Registry(io.BytesIO(path.read_bytes())).root()
        pending: list[tuple[Any, Key | None, str]] = [(top, None, "")]
        while pending:
            one, parent, where = pending.pop()
            key = Key(one.name(), where, parent, id(one))
            values = tuple(
                Value(v.name().replace("(default)", ""), v.value_type(), v.raw_data(), key)
                for v in one.values()
            )
            yield key, values
            pending += [(c, key, f"{where}\\{c.name()}".lstrip("\\")) for c in one.subkeys()]

    return _told(path, walk())


def libregf(path: Path) -> Told:
    import pyregf

    def walk() -> Iterator[tuple[Key, tuple[Value, ...]]]:
        file = pyregf.file()
        file.open_file_object(io.BytesIO(path.read_bytes()))
        pending: list[tuple[Any, Key | None, str]] = [(file.get_root_key(), None, "")]
        while pending:
            one, parent, where = pending.pop()
            key = Key(one.name or "", where, parent, id(one))
            values = tuple(Value(v.name or "", v.type, v.data or b"", key) for v in one.values)
            yield key, values
            pending += [(c, key, f"{where}\\{c.name}".lstrip("\\")) for c in one.sub_keys]

    return _told(path, walk())


def compare(path: Path, rounds: int) -> Iterator[Line]:
    works = {"ours": ours, "python-registry": python_registry, "libregf": libregf}
    taken = interleaved(
        {name: (lambda work=work: call(lambda: work(path))) for name, work in works.items()},
        rounds,
    )  # type: ignore[misc]
    for name in ("python-registry", "libregf"):
        times = taken[name].cpu / taken["ours"].cpu
        yield fact(f"{path.name}: times {name}", times, "> 1", times > 1)
    yield fact(f"{path.name}: seconds of ours", taken["ours"].cpu, "", True)
    same = set(ours(path)) >= set(python_registry(path))
    yield fact(f"{path.name}: tells what python-registry leads to", float(same), "= 1", same)


def main() -> int:
    import numpy  # noqa: F401  (imports are not what is measured)

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("path", type=Path)
    options = parser.parse_args()
    lines = []
    for path in sorted(options.path.iterdir()):
        if path.stat().st_size <= LARGE or ".log" in path.name.lower() or "corrupt" in path.name:
            continue
        if options.only and path.name != options.only:
            continue
        for line in compare(path, options.rounds):
            print(f"{line.what}: {line.cpu:.3g} {line.goal}", file=sys.stderr, flush=True)
            lines.append(line)
    print(table(lines))
    return 0 if all(line.kept for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
