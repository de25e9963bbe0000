"""MOF files on an image: found, taken apart, and judged like what is in the repository."""

from __future__ import annotations

import base64
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cim.judged import collected, gaps, indicators, worst
from tests.cim.test_seeded import VBSCRIPT, encoded_command, program
from triage.analyze import analyze
from triage.model import Report, Severity
from triage.parsers.cim.mof import Alias, parse_mof
from triage.parsers.cim.mof_tokens import decoded

WBEM = "Windows/System32/wbem"


def quoted(text: str) -> str:
    """A text as a string of MOF."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + plain.replace("\r", "\\r").replace("\n", "\\n") + '"'


def subscription(
    command: str, *, namespace: str = "root\\subscription", recover: bool = True
) -> str:
    """A MOF file as persistence kits write it."""
    return f"""{"#pragma autorecover" if recover else ""}
#pragma namespace ({quoted("//./" + namespace.replace(chr(92), "/"))})
/* made by hand */
instance of __EventFilter as $Trigger
{{
    Name = "Watcher";  EventNamespace = "root\\\\cimv2"; QueryLanguage = "WQL";
    Query = "SELECT * FROM __InstanceModificationEvent WITHIN 60 "
            "WHERE TargetInstance ISA 'Win32_PerfFormattedData_PerfOS_System'";
}};
instance of CommandLineEventConsumer as $Runner
{{
    Name = "Watcher"; CreatorSID = {{1,2,0,0,0,0,0,5,32,0,0,0,32,2,0,0}};
    CommandLineTemplate = {quoted(command)};
}};
instance of __FilterToConsumerBinding {{ Filter = $Trigger; Consumer = $Runner; }};
"""


# What Microsoft's own files look like: the consumers' classes, their provider, its registration.
STOCK = """#pragma autorecover
#pragma classflags("forceupdate")
#pragma namespace("\\\\\\\\.\\\\root\\\\subscription")
//**************************************************************************************************
//* Consumers that come with the system
//**************************************************************************************************
[Description("Executes a script when an event is delivered to it, and another one, which has a "
  "description that goes on over several lines, as they often do in the files of the system, "
  "because every property has its own and the text is meant for people who read it in a browser "
  "of classes: ""what it does, what its values mean and what else there is to know about it.")
 : Amended ToSubclass, LOCALE(0x409)]
class ActiveScriptEventConsumer : __EventConsumer
{
  [key] string Name;
  [not_null, write] string ScriptingEngine;
  [write] string ScriptText;
  [write] string ScriptFilename;
  [write, Units("seconds")] uint32 KillTimeout = 0;
};
class CommandLineEventConsumer : __EventConsumer
{
  [key] string Name;
  [write] string ExecutablePath;
  string CommandLineTemplate;
  boolean UseDefaultErrorMode = FALSE;
  [Values{"hide", "show"}, ValueMap{"0", "1"}] uint32 ShowWindowCommand = 1;
  [implemented, static] uint32 Test([in] string Command = "x", [out] uint8 Answer[]);
};
instance of __Win32Provider as $P
{
  Name = "ActiveScriptEventConsumer"; Clsid = "{266c72e7-62e8-11d1-ad89-00c04fd8fdff}";
  HostingModel = "SelfHost";
  SecurityDescriptor = "O:BAG:BAD:(A;;0x1;;;BA)(A;;0x1;;;NS)";
};
instance of __EventConsumerProviderRegistration
{
  Provider = $P; ConsumerClassNames = {"ActiveScriptEventConsumer"};
};
"""


def put(box: Path, text: str | bytes, place: str = f"{WBEM}/x.mof") -> Path:
    path = box / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return box


def judged(box: Path) -> Report:
    return analyze(collected(box))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_a_subscription_in_a_mof_file(tmp_path: Path, encoding: str) -> None:
    text = subscription(encoded_command(1)).encode(encoding)
    subject = worst(judged(put(tmp_path, text)))
    assert subject.kind == "wmi-subscription"
    assert subject.severity is Severity.CRITICAL
    assert {"wmi-consumer-payload", "wmi-command-consumer", "wmi-trigger",
            "wmi-mof-subscription"} <= indicators(subject)  # fmt: skip
    assert not {"wmi-broken-chain", "wmi-deleted-subscription"} & indicators(subject)
    facts = dict(subject.facts)
    assert (facts["state"], facts["namespace"]) == ("mof", "root\\subscription")
    assert facts["creator_sid"] == "S-1-5-32-544"
    assert subject.location.path == f"/{WBEM}/x.mof"
    assert str(subject.location.inside).startswith("line 1")


@pytest.mark.parametrize(
    "place",
    [
        f"{WBEM}/en-US/x.mfl", f"{WBEM}/AutoRecover/0123456789ABCDEF.mof", f"{WBEM}/mof/good/x.mof",
        "WINNT/system32/WBEM/MOF/sys.MOF", "windows/SysWOW64/wbem/x.mof",
    ],
)  # fmt: skip
def test_places_of_mof_files(tmp_path: Path, place: str) -> None:
    report = judged(put(tmp_path, subscription("C:\\tool.exe"), place))
    assert "wmi-mof-subscription" in indicators(worst(report))


def test_a_folder_that_compiles_what_arrives(tmp_path: Path) -> None:
    text = subscription("C:\\tool.exe", recover=False)
    loud = worst(judged(put(tmp_path / "a", text, f"{WBEM}/mof/x.mof")))
    calm = worst(judged(put(tmp_path / "b", text, f"{WBEM}/x.mof")))
    found = [f for f in loud.findings if f.indicator == "wmi-mof-subscription"]
    assert found[0].severity is Severity.HIGH
    assert calm.score < loud.score


def test_script_consumer_of_a_derived_class(tmp_path: Path) -> None:
    text = f"""class Mine : ActiveScriptEventConsumer {{ }};
    instance of Mine {{
        Name = "m"; ScriptingEngine = "VBScript"; ScriptText = {quoted(VBSCRIPT)};
    }};"""
    subject = worst(judged(put(tmp_path, text)))
    assert {"wmi-other-consumer", "wmi-broken-chain"} & indicators(subject)
    assert subject.severity.points >= Severity.MEDIUM.points


@pytest.mark.parametrize("how", ["base64", "pieces", "numbers", "instance", "comment"])
def test_a_payload_in_a_mof_file(tmp_path: Path, how: str) -> None:
    data = program()
    text = base64.b64encode(data).decode()
    pieces = " ".join(f'"{text[at : at + 70]}"\n' for at in range(0, len(text), 70))
    hidden = {
        "base64": f'class Win32_Cache {{ string Data = "{text}"; }};',
        "pieces": f"class Win32_Cache {{ string Data = {pieces}; }};",
        "numbers": f"class Win32_Cache {{ uint8 Data[] = {{ {', '.join(map(str, data))} }}; }};",
        "instance": f'instance of Vendor_Cache {{ Id = 1; Blob = "{text}"; }};',
        "comment": f"/* {text} */ class Win32_Cache {{ }};",
    }
    subject = worst(judged(put(tmp_path, hidden[how])))
    assert subject.severity is Severity.CRITICAL
    assert "wmi-stored-payload" in indicators(subject)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_files_of_the_system_are_silent(tmp_path: Path, encoding: str) -> None:
    put(tmp_path, STOCK.encode(encoding))
    put(tmp_path, STOCK.encode(encoding), f"{WBEM}/AutoRecover/AB.mof")
    put(tmp_path, "// " + "*" * 200 + "\nclass A { string B; };", f"{WBEM}/a.mof")
    report = judged(tmp_path)
    assert report.subjects == ()
    assert [gap.detail for gap in gaps(report)] == ["no WMI repository, only MOF files"]
    assert [entry.examined for entry in report.coverage] == [3]


def test_what_the_service_control_manager_brings_is_attested(tmp_path: Path) -> None:
    text = """#pragma namespace("\\\\\\\\.\\\\root\\\\subscription")
    instance of __EventFilter as $F { Name = "SCM Event Log Filter"; QueryLanguage = "WQL";
        Query = "select * from MSFT_SCMEventLogEvent"; };
    instance of NTEventLogEventConsumer as $C { Name = "SCM Event Log Consumer";
        SourceName = "Service Control Manager"; };
    instance of __FilterToConsumerBinding { Filter = $F; Consumer = $C; };"""
    report = judged(put(tmp_path, text))
    assert [s.severity for s in report.subjects] == [Severity.INFO]


def test_a_broken_statement_does_not_hide_the_others(tmp_path: Path) -> None:
    text = "class { broken = ;\n" + subscription(encoded_command(2))
    report = judged(put(tmp_path, text))
    assert "wmi-consumer-payload" in indicators(worst(report))
    assert [gap.detail for gap in gaps(report) if gap.detail.startswith("line 1: a name")]


def test_a_compiled_file_and_a_huge_one_are_named(tmp_path: Path) -> None:
    put(tmp_path, b"FOMB" + bytes(100), f"{WBEM}/driver.mof")
    put(tmp_path, b" " * (8 << 20) + subscription("C:\\x.exe").encode(), f"{WBEM}/huge.mof")
    details = [gap.detail for gap in gaps(judged(tmp_path))]
    assert [d for d in details if "compiled" in d]
    assert [d for d in details if "only" in d]


# --- the parser -------------------------------------------------------------------------------


def test_values() -> None:
    text = """[Q("a" "b"), flag, V{"1","2"}: Amended ToInstance] class C : B {
      [key] string Name = "x\\\\y\\"z\\x41"; sint8 N[3] = {-1, 0x10, 101b}; Other ref R = NULL;
      real32 F = 1.5e3; char16 K = 'q'; datetime D[]; void M([in] uint8 A[] = {1});
    };"""
    (found,) = parse_mof(text).objects
    assert [q.value for q in found.qualifiers] == ["ab", True, ("1", "2")]
    got = {one.name: (one.type, one.value) for one in found.values}
    assert got == {
        "Name": ("string", 'x\\y"zA'),
        "N": ("sint8[]", (-1, 16, 5)),
        "R": ("reference", None),
        "F": ("real32", 1500.0),
        "K": ("char16", "q"),
        "D": ("datetime[]", None),
    }
    assert (found.superclass, found.line) == ("B", 1)


def test_aliases_and_embedded_objects() -> None:
    mof = parse_mof("instance of A as $X { Y = $Z; W = instance of V { U = 1; }; };")
    (found,) = mof.objects
    assert found.alias == "$X"
    assert found.value("y") == Alias("$Z")
    inner = found.value("W")
    assert getattr(inner, "name", None) == "V"


PARTS = ['"', "'", "{", "}", "[", "]", "(", ")", ";", ",", "=", ":", "#", "pragma ", "as ", "$A ",
         "instance of ", "class ", "Name ", "/*", "*/", "//", "\n", "\\", "1", "0x"]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PARTS) | st.text(max_size=4), max_size=60).map("".join))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    mof = parse_mof(text)
    assert len(mof.problems) <= 50
    assert all(1 <= line <= text.count("\n") + 1 for line, _ in mof.problems)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_decoded(data: bytes) -> None:
    parse_mof(decoded(data))


def test_changed_files_are_read(tmp_path: Path) -> None:
    rng = random.Random(11)
    whole = subscription(encoded_command(3))
    for _ in range(300):
        data = list(whole)
        for _ in range(rng.choice((1, 3, 12))):
            at = rng.randrange(len(data))
            data[at : at + rng.randrange(4)] = rng.choice(PARTS)
        parse_mof("".join(data)[: rng.randrange(len(data))])


@pytest.mark.parametrize("deep", ["{", "[", "instance of A { B = ", "(", '"', "/*", "class A { "])
def test_deep_nesting_ends(deep: str) -> None:
    mof = parse_mof("class A { uint8 B[] = " + deep * 20_000)
    assert mof.objects == []
    assert mof.problems
