"""What is skipped without a look, or with a brief one, is what a whole look would let pass."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from triage.events.dense import is_code_like, is_dense
from triage.events.dull import is_dull
from triage.events.processes import severity_of
from triage.events.stored import Source, long_texts, may_hold
from triage.windows.commands import judge_command

LETTERS = st.text(alphabet='ABCDEFabcdef0123456789+/= "\\\r\n\t{}$;(),:é', max_size=260)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | LETTERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(LETTERS, inner, max_size=4),
    max_leaves=8,
)
PROGRAMS = (
    r"C:\Windows\system32\svchost.exe", r'"C:\Program Files\Vendor\agent.exe"', "cmd.exe",
    r"C:\Users\ann\AppData\Local\Temp\setup.exe", "rundll32", r"C:\Windows\explorer.exe",
    r"C:\Temp\svchost.exe", r'"C:\Program Files\Vendor\agent.exe', "powershell", "wscript.exe",
    r"C:\Users\Public\Music\x.exe", r"\\server\share\tool.exe", r"C:\a.txt:b.exe",
)  # fmt: skip
WORDS = (
    "-k", "netsvcs", "-p", "/c", "start", "--type=renderer", "-enc", "SQBFAFgAIAAoAG4AZQB3AC0A",
    "iex", "-s", "Schedule", "http://10.0.0.1/a",
    "C:\\Temp\\x.dll,Run", "javascript:x", "-w", "hidden",
    "--handle=1234,i,1", "LocalServiceNetworkRestricted", "0x4", "0xfc,0x48,0x83,0xe4,0xf0",
    "lsass", "MiniDump", "CommandLineEventConsumer", "/i:http://a/b.sct", "scrobj.dll", "-decode",
    "%x%", "^", "-f", "shell32.dll,Control_RunDLL", "-Embedding", "downloadstring(1)", "{0}",
    "aWV4IChuZXctb2Jq", "77,90,144,0,3,0,0,0,4,0,0,0,255,255", "virtualalloc",
    "createthread", "-SkipReplace", "a()b",
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(LETTERS, VALUES, max_size=5))
def test_no_text_that_could_be_a_store_is_skipped(data: dict[str, Any]) -> None:
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    worth = [value for _, value in long_texts(data) if is_dense(value) or is_code_like(value)]
    assert may_hold(Source(None, None, None), text, 0) or not worth


def test_a_text_is_only_remembered_as_dull_when_it_is() -> None:
    source = Source(None, None, None)
    words, coded = "plain words " * 12, "QUJD" * 50
    assert not may_hold(source, json.dumps({"a": words}), 0)
    assert source.dull == {words}
    assert may_hold(source, json.dumps({"a": words, "b": coded}), 0)
    assert may_hold(source, json.dumps({"a": words, "b": coded}), 0)


def test_no_command_with_anything_in_it_is_dull() -> None:
    some = random.Random(6)
    dull = 0
    for _ in range(4000):
        words = (some.choice(WORDS) for _ in range(some.randrange(5)))
        line = " ".join([some.choice(PROGRAMS), *words])
        if is_dull(line):
            dull += 1
            assert severity_of(judge_command(line)) is None, line
    assert dull > 100  # the test would show nothing otherwise


def test_ordinary_starts_are_dull() -> None:
    assert is_dull(r"C:\Windows\system32\svchost.exe -k netsvcs -p -s Schedule")
    assert is_dull(r'"C:\Program Files\Vendor\agent.exe" --type=renderer --lang=en')
    assert not is_dull(r"C:\Windows\system32\rundll32.exe shell32.dll,Control_RunDLL")
    assert not is_dull(r"C:\Users\Public\Music\x.exe")
