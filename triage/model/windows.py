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
    ``unused`` are records more that an earlier use left behind the end of chunks.
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
    unused: int = 0


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


@dataclass(frozen=True, slots=True)
class RegistryRead:
    """A key that a command or script reads, as Windows writes it, and the value if it is named.

    ``key`` is resolved: ``HKU\\bob\\Software\\X``, ``HKLM\\SYSTEM\\ControlSet001\\...``.
    """

    key: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class RegistryValue:
    """A value of the Registry that holds something worth a look.

    ``hive`` is the kind of hive (``system``, ``software``, ``user``, ``classes``, ...). ``key`` is
    the full path as Windows writes it, with the number of the control set; ``name`` is empty for
    the default value. ``type`` is the declared type, all 32 bits. ``text`` is the beginning of the
    value in words. ``user`` is the profile's name, ``sid`` its identifier where that is known.
    ``state``: ``allocated``, ``deleted``, ``slack``, ``orphan``, ``replayed`` (there only after
    the logs were applied), ``unreplayed`` (removed by them); ``offset`` is that of the value's
    record in the file. ``next_size`` is the size of the largest other value of the same key.
    ``traits`` are facts about how it is stored; ``script`` what the scripts in it do. ``reads`` are
    the keys these name, ``scripts`` the beginnings of what encoded parts decode to; ``benign`` the
    row of known places whose path and shape it has.
    ``joined`` is what it makes together with the values or keys named in ``parts``.
    """

    location: Location
    hive: str
    key: str
    name: str
    type: int
    size: int
    text: str | None = None
    user: str | None = None
    sid: str | None = None
    last_write: str | None = None
    state: str = "allocated"
    offset: int = 0
    next_size: int | None = None
    traits: tuple[str, ...] = ()
    script: tuple[str, ...] = ()
    reads: tuple[RegistryRead, ...] = ()
    scripts: tuple[str, ...] = ()
    benign: str | None = None
    content: Content | None = None
    parts: tuple[str, ...] = ()
    joined: Content | None = None


@dataclass(frozen=True, slots=True)
class RegistryKey:
    """A key of the Registry that is itself out of the ordinary; fields as in RegistryValue.

    ``details`` say what its traits rest on. ``content`` is what its class name holds; ``values``
    and ``subkeys`` count what lies in it.
    """

    location: Location
    hive: str
    key: str
    user: str | None = None
    sid: str | None = None
    last_write: str | None = None
    state: str = "allocated"
    offset: int = 0
    values: int = 0
    subkeys: int = 0
    traits: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class AutostartItem:
    """A setting of the Registry that makes Windows or a program run or load something.

    ``place`` is the row of ``registry_autostart.toml``; ``command`` is as stored (cut when long),
    ``program`` its path without tricks, ``starts`` the known hosts it leads to, ``traits`` what it
    does (:mod:`triage.windows.traits`) and how it is stored, ``targets`` what it runs or loads.
    ``machine`` is the machine's own setting that this one overrides. ``reads`` are the keys it
    reads; ``scripts`` the beginnings of what its encoded parts decode to.
    """

    location: Location
    hive: str
    place: str
    key: str
    name: str
    command: str
    user: str | None = None
    sid: str | None = None
    last_write: str | None = None
    state: str = "allocated"
    offset: int = 0
    program: str = ""
    starts: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    reads: tuple[RegistryRead, ...] = ()
    scripts: tuple[str, ...] = ()
    machine: str | None = None
    content: Content | None = None
