"""The facts of a Windows command line: what it starts, what it reads, what it carries.

:func:`judge_command` is for lines that ``CreateProcess`` or ``cmd`` gets, :func:`judge_script` for
the text of a script. Both are pure and total and say what there is, never how bad it is.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from functools import lru_cache

from triage.content.candidate import Limits
from triage.content.carriers import carries
from triage.content.decoding import decode
from triage.content.examine import layers_of
from triage.content.kinds import family
from triage.model import Confidence, Layer
from triage.records import dataclass
from triage.windows import powershell
from triage.windows.inner import inner_commands
from triage.windows.noise import LARGEST, plain_command, plain_script
from triage.windows.programs import clean_path, name_of, split_program
from triage.windows.registry_references import (
    RegistryReference,
    reads_registry,
    references,
)
from triage.windows.targets import (
    is_masquerade,
    known_role,
    odd_ending,
    place_traits,
    targets_of,
)
from triage.windows.traits import Trait, joined, percent_variables, traits_of

LONG = 1024
_DEPTH, _MOST_INNER, _MOST_TEXTS = 4, 24, 12
_TEXT = 1 << 18
_LIMITS = Limits(output=4 << 20, layer=2 << 20, steps=80, work=60_000_000)
_PADDED = re.compile(
    r"(?<![ \t\u00a0\u2000-\u200b\u3000])[ \t\u00a0\u2000-\u200b\u3000]{60,}+[^\s\u200b]"
)
#: What shows that noise hid something: in the plain text, and not in the line as written.
_SENSITIVE = re.compile(
    r"(?i)powershell|pwsh|cmd(?:\.exe)?\b|mshta|rundll32|regsvr32|wscript|cscript|certutil|bitsadmin|"
    r"msiexec|wmic|\biex\b|invoke-expression|download(?:string|data|file)|frombase64string|"
    r"new-object|net\.webclient|reflection\.assembly|virtualalloc|hidden|bypass|encodedcommand|"
    r"https?://|javascript:|scrobj|amsi|get-itemproperty|regread|shell\.application|wscript\.shell"
)
_MANY = 12


@dataclass(frozen=True, slots=True)
class Command:
    """What a command line (or script) is and does.

    ``line`` is as given, ``plain`` without the noise that shells ignore. ``program`` is its path
    in lower case without tricks, ``name`` its name without ``.exe``, ``role`` and ``technique``
    those of ``windows_programs.toml`` or empty. ``starts`` names every program of that table that
    the line leads to, in order. ``targets`` are the files and addresses it runs or loads.
    ``layers`` are those that decoding gave (outermost first, without the line itself), ``texts``
    the scripts in them and in ``-EncodedCommand``. Traits are sorted, each once.
    """

    line: str
    plain: str
    program: str = ""
    name: str = ""
    role: str = ""
    technique: str = ""
    starts: tuple[str, ...] = ()
    traits: tuple[Trait, ...] = ()
    targets: tuple[str, ...] = ()
    registry: tuple[RegistryReference, ...] = ()
    layers: tuple[Layer, ...] = ()
    texts: tuple[str, ...] = ()

    def has(self, *traits: Trait) -> bool:
        """Whether it has one of these traits."""
        return any(trait in self.traits for trait in traits)


@dataclasses.dataclass(slots=True)
class _Facts:
    """What is gathered while a line is taken apart."""

    traits: set[Trait]
    starts: list[str]
    targets: list[str]
    registry: set[RegistryReference]
    layers: list[Layer]
    texts: list[str]
    inner: int = 0


@lru_cache(maxsize=2048)
def judge_command(line: str) -> Command:
    """The facts of a command line. Of very long lines the first 64 KiB count."""
    facts = _Facts(set(), [], [], set(), [], [])
    plain = plain_command(line)
    program, _ = split_program(plain.text)
    name = name_of(program)
    _command(plain.text, facts, _DEPTH)
    _words(plain.text, facts)
    _noise(line[:LARGEST], plain.text, plain.noise, facts)
    if percent_variables(plain.text) and facts.starts[:1] in (["powershell"], ["pwsh"]):
        facts.traits.add(Trait.ENVIRONMENT_READ)
    _carried(plain.text, facts)
    facts.traits |= place_traits(tuple(facts.targets))
    if len(line) >= LONG:
        facts.traits.add(Trait.LONG)
    if _PADDED.search(line):
        facts.traits.add(Trait.PADDED)
    role, technique = known_role(name)
    return _frozen(line, plain.text, clean_path(program), name, role, technique, facts)


@lru_cache(maxsize=512)
def judge_script(text: str) -> Command:
    """The facts of a script (PowerShell, JScript, VBScript, batch), which has no program."""
    facts = _Facts(set(), [], [], set(), [], [])
    plain = plain_script(text)
    _words(plain.text if len(text) <= LARGEST else text, facts)
    _noise(text[:LARGEST], plain.text, plain.noise, facts)
    _carried(text, facts)
    return _frozen(text, plain.text, "", "", "", "", facts)


def _frozen(
    line: str, plain: str, program: str, name: str, role: str, technique: str, facts: _Facts
) -> Command:
    traits = joined(facts.traits)
    return Command(
        line=line,
        plain=plain,
        program=program,
        name=name,
        role=role,
        technique=technique,
        starts=tuple(dict.fromkeys(facts.starts)),
        traits=tuple(trait for trait in Trait if trait in traits),
        targets=tuple(dict.fromkeys(facts.targets))[:_MOST_INNER],
        registry=tuple(sorted(facts.registry, key=lambda r: (r.key, r.value or "", r.access))),
        layers=tuple(facts.layers),
        texts=tuple(dict.fromkeys(facts.texts)),
    )


# --- a line, and the lines in it ---------------------------------------------------------


def _command(line: str, facts: _Facts, depth: int) -> None:
    """One command: its program, its options, and the commands that it starts in turn."""
    facts.inner += 1
    program, rest = split_program(line)
    if not program or facts.inner > _MOST_INNER:
        return
    name = name_of(program)
    role, _ = known_role(name)
    if role:
        facts.starts.append(name)
    facts.targets += targets_of(program, rest)
    if is_masquerade(program):
        facts.traits.add(Trait.MASQUERADE)
    if odd_ending(name, rest):
        facts.traits.add(Trait.ODD_ENDING)
    if role == "powershell":
        _powershell(rest, facts, depth)
    elif role in ("html-host", "dll-host") and re.search(r"(?i)\b(?:about|data):.{0,40}<", rest):
        facts.traits.add(Trait.JAVASCRIPT_URL)
    if depth > 0:
        for line in inner_commands(name, rest):
            _command(line, facts, depth - 1)


def _powershell(rest: str, facts: _Facts, depth: int) -> None:
    options = powershell.options_of(rest)
    flags = (
        (options.hidden, Trait.HIDDEN_WINDOW),
        (options.policy_bypass, Trait.EXECUTION_POLICY_BYPASS),
        (options.no_profile, Trait.NO_PROFILE),
        (options.encoded is not None, Trait.ENCODED_COMMAND),
        (options.code not in ("", "-"), Trait.INLINE_CODE),
        (options.code.strip("\"' ") == "-", Trait.IEX),
    )
    facts.traits |= {trait for present, trait in flags if present}
    text = None if options.encoded is None else powershell.decoded(options.encoded)
    if text is not None:
        _text(text, facts, depth)


def _text(text: str, facts: _Facts, depth: int) -> None:
    """The text of a script inside: its own traits, and what it decodes in turn."""
    text = text[:_TEXT].strip("\0\r\n\t ")
    if len(text) < 2 or text in facts.texts or len(facts.texts) >= _MOST_TEXTS:
        return
    facts.texts.append(text)
    plain = plain_script(text)
    _words(plain.text, facts)
    _noise(text, plain.text, plain.noise, facts)
    if depth > 0:
        for inner in _starts_in(plain.text):
            _command(inner, facts, depth - 1)


_STARTED = re.compile(
    r"(?i)(?:^|[\s;|&('\"=])((?:[a-z]:\\[\w\\ .()-]{1,120}\\|[\w\\:.$-]{0,80}\\)?"
    r"(?:powershell|pwsh|cmd|mshta|rundll32|regsvr32|wscript|cscript|certutil|msbuild)(?:\.exe)?['\"]?\s[^\r\n]{3,})"
)


def _starts_in(text: str) -> Iterator[str]:
    """Command lines of shells and hosts that a script's text names, at most four."""
    for number, match in enumerate(_STARTED.finditer(text[:LARGEST])):
        if number >= 4:
            return
        yield match.group(1)


def _words(text: str, facts: _Facts) -> None:
    """The traits of a text, and the keys of the Registry that it names."""
    facts.traits |= traits_of(text)
    found = references(text)
    facts.registry |= set(found)
    kinds = {one.access for one in found}
    if "read" in kinds or ("named" in kinds and reads_registry(text)):
        facts.traits.add(Trait.REGISTRY_READ)
    if "write" in kinds:
        facts.traits.add(Trait.REGISTRY_WRITE)


def _noise(line: str, plain: str, noise: int, facts: _Facts) -> None:
    """Obfuscated is what hides telling words, or is taken apart far beyond any need."""
    if noise == 0:
        return
    shown = {word.lower() for word in _SENSITIVE.findall(line)}
    if {word.lower() for word in _SENSITIVE.findall(plain)} - shown or noise >= _MANY:
        facts.traits.add(Trait.OBFUSCATED)


def _carried(text: str, facts: _Facts) -> None:
    """What encoded data inside unwraps to."""
    data = text.encode("utf-8", "surrogatepass")
    if not carries(data):
        return
    for number, (layer, inside) in enumerate(layers_of(data, _LIMITS)):
        if number == 0:
            continue
        facts.layers.append(layer)
        weak = layer.confidence is Confidence.WEAK
        if not weak and (family(layer.kind) == "executable" or layer.kind == "shellcode"):
            facts.traits.add(Trait.CARRIES_PAYLOAD)
        elif family(layer.kind) in ("script", "text", "encoded") and len(inside) <= _TEXT:
            decoded = decode(inside)
            if decoded is not None and layer.step not in ("", "embedded"):
                _text(decoded.text, facts, 1)
