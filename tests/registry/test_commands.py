"""Command lines: what harmful ones show, what ordinary ones do not, and that none fails."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.registry.lines import benign, encoded, harmful, programs
from triage.windows.commands import judge_command, judge_script
from triage.windows.registry_references import RegistryReference, references
from triage.windows.traits import HARMFUL, Trait


@pytest.mark.parametrize("line", benign())
def test_ordinary_administration_shows_nothing_harmful(line: str) -> None:
    assert HARMFUL.isdisjoint(judge_command(line).traits)


@pytest.mark.parametrize(("line", "wanted"), harmful())
def test_what_loaders_do_is_seen(line: str, wanted: frozenset[Trait]) -> None:
    assert wanted <= set(judge_command(line).traits)


@pytest.mark.parametrize(("line", "name"), programs())
def test_the_program_is_known_under_every_trick(line: str, name: str) -> None:
    assert judge_command(line).name == name


def test_there_are_enough_lines_to_mean_something() -> None:
    assert len(benign()) >= 60
    assert len(harmful()) >= 40


OPTION_SPELLINGS = [f"-{'encodedcommand'[:n]}" for n in range(1, 15)] + [
    "/enc",
    "-EC",
    "–e",
    "-eNC",
]


@pytest.mark.parametrize("option", OPTION_SPELLINGS)
def test_every_abbreviation_of_an_encoded_command(option: str) -> None:
    script = "iex (gp HKCU:\\Software\\Zz).q"
    found = judge_command(f"powershell -nop {option} {encoded(script)}")
    assert found.has(Trait.ENCODED_COMMAND)
    assert found.texts == (script,)
    assert found.registry == (RegistryReference("HKCU\\Software\\Zz", "q", "read"),)


REFERENCES = [
    (r"iex (gp HKCU:\Software\X).V", ("HKCU\\Software\\X", "V", "read")),
    (r"reg query HKCU\Software\Foo /v bar", ("HKCU\\Software\\Foo", "bar", "read")),
    (r"reg query HKCU\Software\Foo /ve", ("HKCU\\Software\\Foo", "", "read")),
    (r'x.RegRead("HKCU\\software\\clsid\\")', ("HKCU\\software\\clsid", "", "read")),
    (r'x.RegRead("HKCU\\software\\Abc\\val")', ("HKCU\\software\\Abc", "val", "read")),
    (r"[Registry]::CurrentUser.OpenSubKey('Software\X').GetValue('v')",
     ("HKCU\\Software\\X", "v", "read")),
    (r"[Microsoft.Win32.Registry]::GetValue('HKEY_CURRENT_USER\Software\X','v',$null)",
     ("HKCU\\Software\\X", "v", "read")),
    (r'o.GetStringValue &H80000001,"Software\X","val",s', ("HKCU\\Software\\X", "val", "read")),
    (r'o.GetBinaryValue 2147483650,"Software\X","val",s', ("HKLM\\Software\\X", "val", "read")),
    (r"Get-ItemProperty -Path 'HKLM:\SOFTWARE\My Co' -Name 'Blob'",
     ("HKLM\\SOFTWARE\\My Co", "Blob", "read")),
    (r"gpv hklm:/software/x y", ("HKLM\\software\\x", "y", "read")),
    (r"(gp Registry::HKEY_USERS\S-1-5-18\Software\X | select -exp Data)",
     ("HKU\\S-1-5-18\\Software\\X", "Data", "read")),
    (r"reg add HKLM\Software\X /v Y /d 1 /f", ("HKLM\\Software\\X", "Y", "write")),
    (r"(gi 'HKCU:\Software\A B').GetValue('q')", ("HKCU\\Software\\A B", "q", "read")),
    (r"(gp 'HKCU:\Software\Classes\.abc').'(default)'",
     ("HKCU\\Software\\Classes\\.abc", "", "read")),
    (r'RegOpenKeyExA(HKEY_CURRENT_USER, "Software\\X", 0)', ("HKCU\\Software\\X", None, "read")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), REFERENCES)
def test_keys_come_out_in_one_notation(text: str, wanted: tuple[str, str | None, str]) -> None:
    assert references(text) == (RegistryReference(*wanted),)


def test_a_script_is_judged_without_a_program() -> None:
    found = judge_script("$b=(gp HKCU:\\Software\\Q).w\n[Reflection.Assembly]::Load($b)")
    assert found.program == ""
    assert found.has(Trait.RUNS_REGISTRY)
    assert found.has(Trait.REFLECTIVE_LOAD)


def test_variables_that_a_line_sets_itself_are_read() -> None:
    line = 'cmd /v /c "set q=hta&set p=ms&!p!!q! javascript:close()"'
    assert judge_command(line).has(Trait.JAVASCRIPT_URL)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400))
def test_no_text_makes_it_fail(text: str) -> None:
    first = judge_command(text)
    judge_command.cache_clear()
    assert judge_command(text) == first
    assert list(first.traits) == [t for t in Trait if t in first.traits]


REPEATED = (
    " ", '"', "p^", 'a"', "%a:~1,1%", "set a=b&", "HKCU\\a", "gp HKCU:\\a ", "$env:x ", "iex ",
    "[reflection.assembly]::load(", "$pshome[1]", "script:", ".run(", "/i:http:", "mshtml,", "&",
    "cmd /c ", "start ", "curl x ", "certutil ", "'a'+", "a`", "0x80000001,", "C:\\a b\\", "..\\",
    "in ('", "powershell -e ", '"|', "\\", "(", "javascript:", "QUJD",
)  # fmt: skip


@pytest.mark.parametrize("piece", REPEATED)
def test_the_time_grows_with_the_length(piece: str) -> None:
    """Twice as much takes about twice as long: what is quadratic takes four times, and minutes."""
    import time

    def seconds(size: int) -> float:
        line = piece * (size // len(piece))
        begun = time.process_time()
        judge_command.__wrapped__(line)
        return time.process_time() - begun

    small = min(seconds(1 << 13) for _ in range(3))
    assert min(seconds(1 << 16) for _ in range(2)) < max(32 * small, 0.5)
