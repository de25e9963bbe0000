"""MOF files on an image: where WMI compiles from, and what in them is worth a look.

Every Windows has hundreds of them, 20 MB and more of class declarations. Only those are taken
apart that name a part of a subscription, or hold something that long or dense that it could carry
data: on clean systems these are the few that declare the standard consumers.

Source: Microsoft, "mofcomp" (autorecover; the folder ``wbem\\MOF``, from which WMI compiled by
itself up to Windows XP), "Pragma autorecover".
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime

from triage.evidence import Root, Unreadable
from triage.model import Artifact, Gap, Location, Why
from triage.parsers.cim.mof import COMPILED, MofFile, parse_mof
from triage.parsers.cim.mof_tokens import decoded
from triage.records import dataclass
from triage.scope import Scope
from triage.wmi.looking import Looker
from triage.wmi.mof_objects import Source, found_in
from triage.wmi.places import MOF_FOLDERS, SYSTEMS
from triage.wmi.windows_paths import is_remote, unfolded

_SIZE_MAX = 8 << 20
_FILES_MAX = 4000
#: Below the folders of MOF files: copies for recovery, and the folder that XP compiles from.
_BELOW = ("AutoRecover", "mof", "mof/good", "mof/bad")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}-[A-Za-z-]{2,10}")
_SUFFIXES = (".mof", ".mfl")
_TELLING = re.compile(
    r"EventConsumer\b|__EventFilter|__FilterToConsumerBinding"  # a part of a subscription
    r'|"[^"]{500,}'  # a long text
    r'|(?:"[^"\r\n]{16,}"\s*){8,}'  # a text in many pieces
    r"|(?:(?:0[xX][0-9A-Fa-f]+|\d+)\s*,\s*){60,}",  # numbers
    re.IGNORECASE,
)
_RUN = re.compile(r"[!-~]{100,}")
_RULER = 8  # a line of stars has fewer different characters, an encoding more


@dataclass(frozen=True, slots=True)
class Place:
    """A MOF file as it was found: ``compiling`` says that WMI compiles from there by itself."""

    path: str
    compiling: bool = False
    listed: bool = False


def places(root: Root, listed: Sequence[str] = ()) -> Iterator[Place]:
    """The MOF files of a tree: those below ``wbem``, and those that ``listed`` names elsewhere.

    ``listed`` are entries of the registry's "Autorecover MOFs", as they are written there.
    """
    wanted = {found for entry in listed for found in [_found(root, entry)] if found is not None}
    for folder in _folders(root):
        compiling = folder.casefold().endswith("/wbem/mof")
        for name in _names(root, folder):
            if name.lower().endswith(_SUFFIXES):
                path = f"{folder}/{name}"
                yield Place(path, compiling, path in wanted)
                wanted.discard(path)
    for path in sorted(wanted):
        yield Place(path, listed=True)


def _found(root: Root, entry: str) -> str | None:
    if is_remote(entry):
        return None
    try:
        return root.find(unfolded(entry))
    except Unreadable:
        return None


def _folders(root: Root) -> Iterator[str]:
    for system in SYSTEMS:
        for base in MOF_FOLDERS:
            try:
                folder = root.find(f"{system}/{base}")
            except Unreadable:
                continue
            yield folder
            languages = [name for name in _names(root, folder) if _LANGUAGE.fullmatch(name)]
            for name in (*_BELOW, *languages):
                try:
                    yield root.find(f"{folder}/{name}")
                except Unreadable:
                    continue


def _names(root: Root, folder: str) -> list[str]:
    try:
        return root.names(folder)
    except Unreadable:
        return []


def collect_mof(scope: Scope, listed: Sequence[str] = ()) -> Generator[Artifact | Gap, None, int]:
    """Yield the subscriptions and stored data of every MOF file; returns how many were read."""
    count = 0
    looker = Looker(scope.limits, scope.budget)
    for place in places(scope.root, listed):
        count += 1
        if count > _FILES_MAX:
            yield Gap(scope.root.locate(place.path), Why.TRUNCATED, "too many MOF files")
            break
        yield from _read(scope, place, looker)
    return count


def _read(scope: Scope, place: Place, looker: Looker) -> Iterator[Artifact | Gap]:
    location = scope.root.locate(place.path)
    try:
        data = scope.root.read(place.path, _SIZE_MAX + 1)
        changed = scope.root.facts(place.path).mtime_ns
    except Unreadable as error:
        yield error.gap
        return
    if data.startswith(COMPILED):
        yield Gap(location, Why.REFUSED, "a compiled MOF file, which is not read")
        return
    if len(data) > _SIZE_MAX:
        yield Gap(location, Why.TRUNCATED, f"only {_SIZE_MAX} bytes were read")
    text = decoded(data[:_SIZE_MAX])
    if not _is_telling(text):
        return
    mof = parse_mof(text)
    yield from _problems(mof, location)
    traits = _traits(mof, place)
    yield from found_in(mof, Source(location, _time(changed), traits), looker)


def _is_telling(text: str) -> bool:
    """Whether a text may hold more than declarations."""
    if _TELLING.search(text) is not None:
        return True
    return any(len(set(run)) > _RULER for run in _RUN.findall(text))


def _problems(mof: MofFile, location: Location) -> Iterator[Gap]:
    if mof.problems:
        line, what = mof.problems[0]
        more = f", and {len(mof.problems) - 1} further" if len(mof.problems) > 1 else ""
        yield Gap(location, Why.MALFORMED, f"line {line}: {what}{more}; the rest was read")


def _traits(mof: MofFile, place: Place) -> tuple[str, ...]:
    """What makes the file more than text on a disk: WMI would compile it, now or again."""
    known = (
        ("autorecover", mof.autorecover),
        ("listed for recovery", place.listed),
        ("compiled on arrival", place.compiling),
    )
    return tuple(name for name, true in known if true)


def _time(nanoseconds: int | None) -> str | None:
    if nanoseconds is None:
        return None
    try:
        moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    except (OverflowError, OSError, ValueError):
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
