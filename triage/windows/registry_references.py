"""Keys and values of the Registry that a command or a script names, in one notation.

``HKCU:\\Software\\X``, ``Registry::HKEY_CURRENT_USER/Software/X``, ``RegRead("HKCU\\\\...")``,
``[Registry]::CurrentUser.OpenSubKey('Software\\X')``, ``GetStringValue &H80000001, "Software\\X"``
and ``reg query`` all come out as ``HKCU\\Software\\X``, with the value where it is named.

Source: Microsoft, about_Registry_Provider, WshShell.RegRead, StdRegProv and ``reg /?``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.records import dataclass

_LARGEST = 1 << 20
_MOST = 64
#: Long and short names of the predefined keys, and the numbers of their handles.
HIVES: dict[str, str] = {
    "hklm": "HKLM", "hkey_local_machine": "HKLM", "localmachine": "HKLM",
    "80000002": "HKLM", "2147483650": "HKLM", "-2147483646": "HKLM",
    "hkcu": "HKCU", "hkey_current_user": "HKCU", "currentuser": "HKCU",
    "80000001": "HKCU", "2147483649": "HKCU", "-2147483647": "HKCU",
    "hkcr": "HKCR", "hkey_classes_root": "HKCR", "classesroot": "HKCR",
    "80000000": "HKCR", "2147483648": "HKCR", "-2147483648": "HKCR",
    "hku": "HKU", "hkey_users": "HKU", "users": "HKU",
    "80000003": "HKU", "2147483651": "HKU", "-2147483645": "HKU",
    "hkcc": "HKCC", "hkey_current_config": "HKCC", "currentconfig": "HKCC",
    "80000005": "HKCC", "2147483653": "HKCC",
}  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class RegistryReference:
    """A key, ``HKCU\\Software\\X``, and the value named with it.

    ``value`` is ``None`` where none is named and empty for the default value. ``access`` is
    ``read``, ``write`` or ``named`` (the text does not tell).
    """

    key: str
    value: str | None = None
    access: str = "named"


_NAME = (
    r"HKEY_LOCAL_MACHINE|HKEY_CURRENT_USER|HKEY_CLASSES_ROOT|HKEY_USERS|HKEY_CURRENT_CONFIG|"
    r"HKLM|HKCU|HKCR|HKU|HKCC"
)
_PATH = re.compile(
    rf"(?i)(?<![\w])(?P<quote>\\?['\"])?(?:[\w.\\]{{0,40}}registry::)?(?P<hive>{_NAME}):{{0,2}}"
    r"(?P<path>(?:(?:[\\/]{1,4}|(?<=:))[^\\/\r\n'\"<>|;*?\x00]{1,255})(?:[\\/]{1,4}[^\\/\r\n'\"<>|;*?\x00]{1,255})*[\\/]{0,4})"
)
_DOTNET = re.compile(
    r"(?i)\bRegistry(?:Hive)?\]?\s{0,2}(?:::|\.)\s{0,2}'?(LocalMachine|CurrentUser|ClassesRoot|Users|"
    r"CurrentConfig)\b.{0,80}?\.\s{0,2}(?:Open|Create)SubKey\s{0,2}\(\s{0,2}@?['\"]"
    r"([^'\"\r\n]{1,400})['\"]"
)
_HANDLE = re.compile(
    r"(?i)(?:(?:&H|0x)(8000000[0-5])&?|(-?21474836[45]\d)|\b(HKEY_[A-Z_]{5,20}))\s{0,4}\)?,\s{0,4}"
    r"(?:TEXT\(|L)?@?['\"]([^'\"\r\n]{1,400})['\"](?:\s{0,4},\s{0,4}@?['\"]([^'\"\r\n]{0,260})['\"])?"
)
_READS = (
    r"regread|reg(?:\.exe)?\"?\s+(?:query|export|save)|get-itemproperty(?:value)?|gpv?|get-item|gi|"
    r"get-childitem|gci|dir|ls|set-location|sl|cd|push-location|pushd|getvalue|opensubkey|"
    r"get(?:string|binary|dword|multistring|expandedstring|qword)value|regqueryvalue\w*|regopenkey\w*|"
    r"reggetvalue\w*|test-path"
)
_WRITES = (
    r"regwrite|regdelete|reg(?:\.exe)?\"?\s+(?:add|delete|copy|restore|load|unload|import|flags)|"
    r"set-itemproperty|sp|new-itemproperty|new-item|ni|md|mkdir|remove-item(?:property)?|rp|ri|rd|"
    r"set-item|si|copy-item|rename-item(?:property)?|clear-itemproperty|setvalue|createsubkey|"
    r"set(?:string|binary|dword|multistring|expandedstring|qword)value|regsetvalue\w*|regcreatekey\w*|"
    r"deletevalue|createkey|deletekey"
)
_VERB = re.compile(rf"(?i)(?<![\w$-])(?:(?P<read>{_READS})|(?P<write>{_WRITES}))(?![\w-])")
_ANY_READ = re.compile(rf"(?i)(?<![\w$-])(?:{_READS})(?![\w-])")
_BEFORE, _AFTER = 100, 200
_REG_VALUE = re.compile(r"(?i)\s/v(?:(e)\b|\s+(?:\"([^\"]{0,260})\"|([^\s\"'&|)]{1,260})))")
_GET_VALUE = re.compile(
    r"(?i)^.{0,60}?\.\s{0,2}GetValue\s{0,2}\(\s{0,2}(?:['\"]([^'\"]{0,260})['\"])?"
)
_NAMED = re.compile(
    r"(?i)^[^;|\r\n]{0,80}?\s-(?:name|n)\s{1,4}(?:'([^']{0,260})'|\"([^\"]{0,260})\"|([\w.{}-]{1,260}))"
)
_EXPANDED = re.compile(
    r"(?i)^[^;\r\n]{0,60}?\|\s{0,4}(?:select(?:-object)?|%|foreach(?:-object)?)\s{1,4}"
    r"(?:-exp\w{0,12}\s{1,4})?['\"]?([\w.{}-]{1,260})"
)
_MEMBER = re.compile(
    r"^['\"]?[^;|\r\n.]{0,60}?\)\s{0,2}\.\s{0,2}"
    r"(?:'([^']{0,260})'|\"([^\"]{0,260})\"|(\w{1,260})(?!\w|\())"
)
_POSITION = re.compile(
    r"^['\"]?\s{1,4}(?:'([^']{0,260})'|\"([^\"]{0,260})\"|([A-Za-z0-9_{}][\w.{}-]{0,259}))"
)
_SECOND = re.compile(r"^['\"]\s{0,4},\s{0,4}['\"]([^'\"]{0,260})['\"]")


def references(text: str) -> tuple[RegistryReference, ...]:
    """Every key that ``text`` names, sorted, each once; at most 64. Linear in the text."""
    text = text[:_LARGEST]
    low = text.lower()
    found: set[RegistryReference] = set()
    for one in _all(text, low):
        found.add(one)
        if len(found) >= _MOST:
            break
    return tuple(sorted(found, key=lambda r: (r.key, r.value or "", r.access)))


def reads_registry(text: str) -> bool:
    """Whether a verb that reads keys occurs at all (for keys named far from their use)."""
    return _ANY_READ.search(text) is not None


def _all(text: str, low: str) -> Iterator[RegistryReference]:
    if "hk" in low:
        for match in _PATH.finditer(text):
            one = _of_path(text, match)
            if one is not None:
                yield one
    if "subkey" in low:
        for match in _DOTNET.finditer(text):
            rest = text[match.end() : match.end() + _AFTER]
            value = _GET_VALUE.match(rest)
            key = canonical(match.group(1), match.group(2))
            yield RegistryReference(key, value.group(1) or "" if value else None, "read")
    if "8000000" in low or "21474836" in low or "hkey_" in low:
        for match in _HANDLE.finditer(text):
            hive = next(group for group in match.groups()[:3] if group)
            access = _access(text, match.start())
            yield RegistryReference(canonical(hive, match.group(4)), match.group(5), access)


def canonical(hive: str, path: str) -> str:
    """One notation: the short name of the predefined key, single backslashes, none at the end."""
    name = HIVES.get(hive.lower(), hive.upper())
    parts = [part for part in re.split(r"[\\/]+", path) if part.strip()]
    return "\\".join((name, *parts))


def _of_path(text: str, match: re.Match[str]) -> RegistryReference | None:
    path, end = match.group("path"), match.end()
    if match.group("quote") is None and (cut := re.search(r"[\s,)&]", path)) is not None:
        end, path = match.start("path") + cut.start(), path[: cut.start()]
    if not path.strip("\\/ "):
        return None
    access = _access(text, match.start())
    verb = _verb(text, match.start()).lower()
    if verb in ("regread", "regwrite", "regdelete"):
        # the last name is the value's; a path that ends in a backslash means the default value
        key, value = re.split(r"[\\/]+(?=[^\\/]*$)", path.rstrip('"'), maxsplit=1)
        return RegistryReference(canonical(match.group("hive"), key), value, access)
    value = _value(text[end : end + _AFTER], verb)
    return RegistryReference(canonical(match.group("hive"), path), value, access)


def _verb(text: str, at: int) -> str:
    """The last verb before a place, in the same statement."""
    before = re.split(r"[;\r\n{}]", text[max(0, at - _BEFORE) : at])[-1]
    last = None
    for last in _VERB.finditer(before):  # noqa: B007 - the last one is wanted
        pass
    return "" if last is None else last.group()


def _access(text: str, at: int) -> str:
    match = _VERB.search(verb) if (verb := _verb(text, at)) else None
    if match is None:
        return "named"
    return "read" if match.group("read") else "write"


def _value(rest: str, verb: str) -> str | None:
    """The value named behind a key: ``/v X``, ``-Name X``, ``).X``, ``.GetValue('X')``."""
    if verb.startswith("reg") and (match := _REG_VALUE.search(re.split(r"[|&\r\n]", rest)[0])):
        return "" if match.group(1) else match.group(2) or match.group(3)
    if verb in ("getvalue", "setvalue") and (match := _SECOND.match(rest)):
        return match.group(1)
    patterns = [_NAMED, _GET_VALUE, _EXPANDED, _MEMBER]
    if verb in ("gpv", "get-itempropertyvalue", "gp", "get-itemproperty"):
        patterns.append(_POSITION)
    for pattern in patterns:
        match = pattern.match(rest)
        if match is not None:
            found = next((group for group in match.groups() if group is not None), "")
            return "" if found.lower() in ("(default)", "@") else found
    return None
