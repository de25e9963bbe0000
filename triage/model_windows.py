"""The vocabulary of a Windows image; the conventions are those of :mod:`triage.model`."""

from __future__ import annotations

from triage.model import Content, Location
from triage.records import dataclass


@dataclass(frozen=True, slots=True)
class WmiValue:
    """One value of a class or object in the WMI repository.

    ``name`` is the property, ``qualifier NAME of PROPERTY`` or the like; ``type`` is as MOF
    writes it. ``text`` is the value in words, cut when long; ``size`` counts the characters
    or bytes of the whole. ``content`` says what they are, where they were examined.
    """

    name: str
    type: str
    text: str | None
    size: int = 0
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class WmiObject:
    """A class or an instance in the WMI repository that holds something worth a look.

    ``part`` is ``class`` or ``instance``; ``namespace`` is the full name, ``None`` where nothing
    tells it any more; ``key`` tells instances of one class apart. ``state`` is ``live``,
    ``unreferenced`` (no key of the index leads to it), ``unmapped`` or ``slack`` (deleted), or
    ``mof`` (written in a MOF file, where ``part`` may be ``file``: what stands outside of objects).
    Times are UTC, RFC 3339. ``traits`` are facts of the class: ``dynamic``, ``provider``,
    ``key``, ``abstract``, ``association``. ``values`` are all of a subscription's part, the
    notable ones of others. ``joined`` is what parts (named in ``parts``) make together.
    ``resembles`` is what a class is called like, by ``spelling``, ``letters`` of another alphabet,
    ``place`` (the same name elsewhere) or only its ``prefix``, which ``resembles_by`` says.
    """

    location: Location
    part: str
    namespace: str | None
    class_name: str
    superclasses: tuple[str, ...] = ()
    key: str = ""
    state: str = "live"
    modified: str | None = None
    created: str | None = None
    creator_sid: str | None = None
    traits: tuple[str, ...] = ()
    values: tuple[WmiValue, ...] = ()
    parts: tuple[str, ...] = ()
    joined: Content | None = None
    resembles: str = ""
    resembles_by: str = ""

    def text(self, name: str) -> str | None:
        """The text of a value by its name, in any letter case; ``None`` without one."""
        wanted = name.lower()
        return next((v.text for v in self.values if v.name.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class WmiSubscription:
    """A permanent event subscription: filter, consumer and the binding that ties them.

    Each may be missing: a half-deleted chain. ``state`` is that of the part that decides whether
    it runs: of the binding, else of the consumer, else of the filter.
    """

    location: Location
    namespace: str | None
    state: str
    filter: WmiObject | None = None
    consumer: WmiObject | None = None
    binding: WmiObject | None = None


@dataclass(frozen=True, slots=True)
class EventField:
    """One named fact of an event: ``text`` in words (cut when long), ``size`` of the whole.

    Names are those of the fact, whatever the event calls it: ``image``, ``command``, ``target``,
    ``key``, ``data``, ``script``, ... ``content`` says what the value holds, where it was examined.
    """

    name: str
    text: str | None
    size: int = 0
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Events of one log that say the same thing, told once.

    ``act`` is what happened (``process-start``, ``remote-thread``, ``registry-set``, ``script``,
    ``stored-data``, ...), ``traits`` are typed facts about it. ``count`` is how many there were,
    ``records`` the numbers of the first ones, ``first`` and ``last`` their times by the events'
    own clock (``TimeCreated``; UTC, RFC 3339). A field may occur more than once where the events
    differ in it. ``processes`` are the ids of who acted: a GUID of Sysmon's, or ``pid N``.
    ``joined`` is what parts over several records (named in ``parts``) make together.
    """

    location: Location
    act: str
    provider: str | None
    event_id: int | None
    channel: str | None = None
    computer: str | None = None
    user: str | None = None
    count: int = 1
    records: tuple[int, ...] = ()
    first: str | None = None
    last: str | None = None
    traits: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    fields: tuple[EventField, ...] = ()
    parts: tuple[str, ...] = ()
    joined: Content | None = None

    def text(self, name: str) -> str | None:
        """The first text under a name, ``None`` without one."""
        return next((field.text for field in self.fields if field.name == name), None)

    def texts(self, name: str) -> tuple[str, ...]:
        """Every text under a name."""
        return tuple(f.text for f in self.fields if f.name == name and f.text is not None)


@dataclass(frozen=True, slots=True)
class EventLog:
    """One event log file and its state. ``None`` is not known.

    ``records`` were read, ``damaged`` could not be, ``recovered`` came from chunks whose header
    is damaged. ``missing`` are ranges of record numbers that are not there, inside the file's own
    range; ``jumps`` are (record, time before, time of the record) where the clock went back.
    ``channels`` are those that its events name. Times are when the records were written, UTC.
    """

    location: Location
    size: int
    records: int
    damaged: int = 0
    recovered: int = 0
    dirty: bool | None = None
    channels: tuple[str, ...] = ()
    computers: tuple[str, ...] = ()
    first_record: int | None = None
    last_record: int | None = None
    first: str | None = None
    last: str | None = None
    missing: tuple[tuple[int, int], ...] = ()
    missing_count: int = 0
    jumps: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ComServer:
    """What serves a COM class: ``key`` of the registry, ``path`` as it is written there.

    ``present`` says whether the image has the file, ``None`` where that cannot be told.
    """

    key: str
    path: str
    present: bool | None = None


@dataclass(frozen=True, slots=True)
class WmiProvider:
    """A program that serves WMI classes, as the repository registers it (``__Win32Provider``).

    ``clsid`` is its COM class and ``hosting`` the hosting model, both as written; ``machine`` is
    another computer it is to run on; ``assembly`` and ``assembly_path`` name a .NET provider.
    ``registered`` are the kinds of registrations that name it (``methods``, ``events``, ...),
    ``remote`` those of them that name another computer. ``servers`` are what the registry knows
    of the COM class, ``None`` where no registry was read. ``state`` is as in :class:`WmiObject`.
    """

    location: Location
    namespace: str | None
    name: str
    class_name: str
    state: str
    clsid: str | None = None
    hosting: str | None = None
    machine: str | None = None
    assembly: str | None = None
    assembly_path: str | None = None
    registered: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()
    servers: tuple[ComServer, ...] | None = None
    modified: str | None = None
    created: str | None = None


@dataclass(frozen=True, slots=True)
class WmiRecovery:
    """A MOF file that the registry lists to be compiled when the repository is made anew.

    ``entry`` is as written; ``present`` says whether the image has the file, ``None`` where that
    cannot be told.
    """

    location: Location
    entry: str
    present: bool | None = None
