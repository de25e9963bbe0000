"""Providers: the programs that serve classes and run methods, and who registers them for what.

A provider is an instance of ``__Win32Provider`` or of a class made from it (``Win32_ProviderEx``,
``MSFT_DecoupledProvider``, ``WMI_extension`` of .NET); a registration is one of a class made from
``__ProviderRegistration`` and names its provider by path. Which file a provider is, only the
registry knows, by its COM class.

Source: Microsoft, "__Win32Provider", "Provider hosting and security", "__ProviderRegistration".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from triage.model import Location
from triage.model.windows import ComServer, WmiProvider
from triage.parsers.cim.instances import Instance
from triage.parsers.cim.repository import Repository, Stored
from triage.parsers.filetime import utc
from triage.wmi.objects import class_name
from triage.wmi.subscriptions import parse_reference
from triage.wmi.words import clean, words

_PROVIDER, _REGISTRATION = "__provider", "__providerregistration"
_MAX = 4000
_TEXT_MAX = 1024
_KINDS = {
    "__methodproviderregistration": "methods",
    "__eventproviderregistration": "events",
    "__eventconsumerproviderregistration": "event consumers",
    "__instanceproviderregistration": "instances",
    "__classproviderregistration": "classes",
    "__propertyproviderregistration": "properties",
}
_SERVER = re.compile(r"(?:\\\\|//)([^\\/]+)[\\/]+([^:]*):")
_HERE = frozenset({".", "localhost", "127.0.0.1", "::1", ""})


@dataclass(slots=True)
class Providers:
    """The providers and registrations of one repository, as they were found."""

    found: list[Stored] = field(default_factory=list)
    registrations: list[Stored] = field(default_factory=list)

    def take(self, repository: Repository, stored: Stored) -> None:
        """Set an object aside when it is one of these."""
        if not isinstance(stored.what, Instance):
            return
        above = {one.lower() for one in repository.superclasses(stored)}
        where = self.found if _PROVIDER in above else self.registrations
        if (_PROVIDER in above or _REGISTRATION in above) and len(where) < _MAX:
            where.append(stored)

    def clsids(self) -> frozenset[str]:
        """The COM classes of all providers, in lower case with braces."""
        texts = (_text(stored, "CLSID") for stored in self.found)
        return frozenset(text.strip().lower() for text in texts if text)

    def artifacts(
        self,
        repository: Repository,
        file: Location,
        servers: Mapping[str, Sequence[ComServer]] | None,
    ) -> Iterator[WmiProvider]:
        """Each provider; ``servers`` are those of the registry by COM class."""
        kinds = self._kinds(repository)
        for stored in self.found:
            yield _artifact(repository, stored, file, servers, kinds)

    def _kinds(self, repository: Repository) -> _Kinds:
        """By namespace and name of a provider: what it is registered for, and by which paths."""
        found: _Kinds = {}
        for stored in self.registrations:
            path = _text(stored, "provider") or ""
            match = _SERVER.match(path)
            space = match.group(2) if match else repository.namespace_name(stored.namespace) or ""
            kind = _KINDS.get(class_name(stored).lower(), class_name(stored))
            remote = path if match and match.group(1).lower() not in _HERE else ""
            for name in parse_reference(path).key:
                place = space.replace("/", "\\").lower(), name
                found.setdefault(place, set()).add((kind, remote))
        return found


_Kinds = dict[tuple[str, str], set[tuple[str, str]]]


def _text(stored: Stored, name: str) -> str | None:
    what = stored.what
    value = words(what.value(name)) if isinstance(what, Instance) else None
    return None if value is None else value[:_TEXT_MAX]


def _artifact(
    repository: Repository,
    stored: Stored,
    file: Location,
    servers: Mapping[str, Sequence[ComServer]] | None,
    kinds: _Kinds,
) -> WmiProvider:
    what, record = stored.what, stored.record
    assert isinstance(what, Instance)
    space, name = repository.namespace_name(stored.namespace), _text(stored, "Name") or ""
    clsid = _text(stored, "CLSID")
    registered = kinds.get(((space or "").lower(), name.lower()), set())
    known = None if servers is None else tuple(servers.get((clsid or "").strip().lower(), ()))
    return WmiProvider(
        location=Location(file.path, f"page {record.page}, offset {record.offset}"),
        namespace=None if space is None else clean(space),
        name=name,
        class_name=class_name(stored),
        state=record.state,
        clsid=clsid,
        hosting=_text(stored, "HostingModel"),
        machine=_text(stored, "DefaultMachineName"),
        assembly=_text(stored, "AssemblyName"),
        assembly_path=_text(stored, "AssemblyPath"),
        registered=tuple(sorted({kind for kind, _ in registered}))[:16],
        remote=tuple(sorted({path for _, path in registered if path}))[:16],
        servers=known,
        modified=utc(what.modified),
        created=utc(what.created),
    )
