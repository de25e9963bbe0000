"""The whole way from hostile files to a report: every exception fails, every loss is named.

``TRIAGE_NIGHTLY=N`` does N times as many.
"""

from __future__ import annotations

import os
import random
import struct
from pathlib import Path

import pytest

from tests.cim.forge import (
    PAGE,
    REF,
    STRING,
    UINT8,
    Column,
    Forge,
    index_page,
    instance,
    small,
    subscribe,
)
from tests.cim.judged import collected, indicators, judged, worst, write
from tests.cim.test_hostile import NAMES, WORDS
from tests.cim.test_providers import CLSID, provided
from tests.cim.test_seeded import encoded_command
from triage.analyze import analyze
from triage.model import Severity
from triage.parsers.cim.repository import Repository

TIMES = int(os.environ.get("TRIAGE_NIGHTLY", "1"))
#: Stored forms of a command line that a mutation may leave readable.
COMMAND = encoded_command(21)


def sample(modern: bool) -> Forge:
    """A bit of everything: a subscription, storage, a provider, an imitation, deleted ones."""
    forge = provided(small(modern), CLSID=CLSID, HostingModel="LocalSystemHost")
    subscribe(forge, "CommandLineEventConsumer", {"CommandLineTemplate": COMMAND})
    subscribe(forge, "CommandLineEventConsumer", {"CommandLineTemplate": "C:\\b.exe"},
              name="Gone", mapped=False)  # fmt: skip
    forge.define("root\\cimv2", "Win32_Services", [Column("Data", STRING, "A1b2" * 200)])
    return forge


SAMPLES = {modern: sample(modern).files() for modern in (True, False)}


def broken(rng: random.Random, files: dict[str, bytes]) -> dict[str, bytes]:
    """One to three of: words changed, bytes moved, a file cut, pages exchanged, a file gone."""
    files = dict(files)
    for _ in range(rng.choice((1, 1, 2, 3))):
        name = rng.choice([n for n in NAMES if n in files] or ["OBJECTS.DATA"])
        data = bytearray(files.get(name, b""))
        if len(data) < 64:
            continue
        how = rng.randrange(6)
        at = rng.randrange(len(data) - 8)
        if how == 0:
            for _ in range(rng.choice((1, 8, 64))):
                place = rng.randrange(len(data) - 4)
                place = place // PAGE * PAGE + place % 128 if rng.random() < 0.6 else place
                struct.pack_into("<I", data, min(place, len(data) - 4), rng.choice(WORDS))
        elif how == 1:
            del data[at : at + rng.choice((1, 2, 16, PAGE))]
        elif how == 2:
            data = data[:at]
        elif how == 3:
            one, two = (rng.randrange(max(1, len(data) // PAGE)) * PAGE for _ in range(2))
            data[one : one + PAGE], data[two : two + PAGE] = (
                data[two : two + PAGE],
                data[one : one + PAGE],
            )
        elif how == 4:
            data[at : at + 64] = rng.randbytes(64)
        else:
            del files[name]
            continue
        files[name] = bytes(data)
    return files


@pytest.mark.parametrize("part", range(10))
def test_broken_repositories_end_in_a_report(tmp_path: Path, part: int) -> None:
    rng = random.Random(part)
    for number in range(30 * TIMES):
        files = broken(rng, SAMPLES[rng.random() < 0.7])
        report = analyze(collected(write(tmp_path / str(number), files)))
        assert all(gap.detail for gap in report.gaps)
        if "OBJECTS.DATA" not in files:
            continue
        whole = COMMAND.encode() in files["OBJECTS.DATA"]
        found = any("wmi-command-consumer" in indicators(s) for s in report.subjects)
        # What can still be read is found, or something is said to be missing.
        assert found or report.gaps or not whole, number


# --- chains half gone -------------------------------------------------------------------------


@pytest.mark.parametrize("gone", ["__EventFilter", "CommandLineEventConsumer", "binding"])
@pytest.mark.parametrize("where", ["unmapped", "unreferenced"])
def test_half_deleted_chains(tmp_path: Path, gone: str, where: str) -> None:
    """One part of the chain is deleted; the others are live, and they are told together."""
    forge, place = small(), "root\\subscription"
    parts: dict[str, tuple[str, dict[str, object]]] = {
        "__EventFilter": ("__EventFilter", {"Name": "U", "Query": "SELECT * FROM __TimerEvent"}),
        "CommandLineEventConsumer": (
            "CommandLineEventConsumer", {"Name": "U", "CommandLineTemplate": COMMAND}),
        "binding": ("__FilterToConsumerBinding", {
            "Filter": '__EventFilter.Name="U"',
            "Consumer": 'CommandLineEventConsumer.Name="U"'}),
    }  # fmt: skip
    for name, (owner, values) in parts.items():
        live = name != gone
        forge.add(place, owner, values, live=live, mapped=live or where == "unreferenced")
    subject = worst(judged(tmp_path, forge.files()))
    assert subject.kind == "wmi-subscription"
    assert subject.severity is Severity.CRITICAL
    facts = dict(subject.facts)
    assert facts["runs"] == COMMAND[:400]
    assert facts["query"] == "SELECT * FROM __TimerEvent"
    assert facts["state"] == (where if gone == "binding" else "live")
    wanted = "wmi-broken-chain" if gone != "binding" else "wmi-consumer-payload"
    assert wanted in indicators(subject)


def test_a_consumer_in_slack_is_joined_with_a_live_binding(tmp_path: Path) -> None:
    forge = small()
    owner, place = "CommandLineEventConsumer", "root\\subscription"
    ends = {"Filter": '__EventFilter.Name="U"', "Consumer": f'{owner}.Name="U"'}
    forge.add(place, "__FilterToConsumerBinding", ends)
    values: dict[str, object] = {"Name": "U", "CommandLineTemplate": COMMAND}
    forge.into_slack(instance(forge.table(place, owner), values), 0)
    subject = worst(judged(tmp_path, forge.files()))
    assert {"wmi-broken-chain", "wmi-deleted-subscription", "wmi-consumer-payload"} <= indicators(
        subject
    )


def test_deleted_storage_is_told_as_deleted(tmp_path: Path) -> None:
    forge = small()
    columns = [Column("Blob", UINT8 | 0x2000, list(random.Random(1).randbytes(4000)))]
    forge.define("root\\cimv2", "Vendor_Gone", columns, live=False)
    subject = worst(judged(tmp_path, forge.files()))
    assert dict(subject.facts)["state"] == "unreferenced"
    assert subject.severity.points >= Severity.HIGH.points


# --- what only a reader that believes numbers falls for -------------------------------------


@pytest.mark.parametrize("count", [0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("file", ["INDEX.BTR", "MAPPING1.MAP"])
def test_huge_counts(tmp_path: Path, file: str, count: int) -> None:
    files = dict(SAMPLES[True])
    data = bytearray(files[file])
    at = PAGE + 16 if file == "INDEX.BTR" else 20
    struct.pack_into("<I", data, at, count)
    report = judged(tmp_path, files | {file: bytes(data)})
    assert [gap for gap in report.gaps if file in gap.location.path]
    assert any("wmi-command-consumer" in indicators(s) for s in report.subjects)


def test_every_page_of_the_index_leads_to_every_other() -> None:
    pages = [
        bytearray(index_page(number, 1, [[f"NS_{'A' * 64}", "x.1.1.1"]])) for number in range(1, 60)
    ]
    for page in pages:
        struct.pack_into("<I", page, 20 + 4, 1)
    forge = small()
    forge.of_index = list(range(len(pages) + 1))
    forge.index = bytearray(PAGE) + b"".join(pages)
    files = forge.files()
    repository = Repository(files["OBJECTS.DATA"], files["INDEX.BTR"],
                            {"MAPPING1.MAP": files["MAPPING1.MAP"]})  # fmt: skip
    list(repository.classes())
    assert repository.problems


def test_bindings_that_all_name_one_consumer_are_bounded(tmp_path: Path) -> None:
    forge = small()
    owner, place = "CommandLineEventConsumer", "root\\subscription"
    forge.add(place, owner, {"Name": "U", "CommandLineTemplate": "C:\\a.exe"})
    ends = {"Filter": '__EventFilter.Name="none"', "Consumer": f'{owner}.Name="U"'}
    for number in range(60):
        forge.add(place, "__FilterToConsumerBinding", ends | {"Filter": f'X.Name="{number}"'})
    report = judged(tmp_path, forge.files())
    assert 1 <= len(report.subjects) <= 60


def test_providers_that_name_each_other_and_themselves(tmp_path: Path) -> None:
    forge = provided(small(), CLSID=CLSID, path='__MethodProviderRegistration.provider="x"')
    forge.define("root\\cimv2", "Loop", [Column("provider", REF, key=True)], "__Win32Provider")
    forge.add("root\\cimv2", "Loop", {"Name": "Loop" * 400, "CLSID": "{" * 2000})
    report = judged(tmp_path, forge.files())
    assert {"wmi-provider"} <= set().union(*map(indicators, report.subjects))


def test_data_in_the_name_of_a_method_parameter_is_seen(tmp_path: Path) -> None:
    """Text that is neither a value nor a qualifier: behind the class's own heap."""
    forge = small()
    forge.define("root\\cimv2", "Vendor_Tool", [Column("A", key=True)])
    text = encoded_command(9).rpartition(" ")[2].encode()
    record_at = bytes(forge.objects).rfind(b"Vendor_Tool")
    page = record_at // PAGE * PAGE
    offset, size = struct.unpack_from("<II", forge.objects, page + 4)
    end = page + offset + size
    extra = b"\0" + text + b"\0"
    forge.objects[end : end + len(extra)] = extra
    struct.pack_into("<I", forge.objects, page + 8, size + len(extra))
    struct.pack_into("<I", forge.objects, page + 12, 0)
    key = forge.keys[-1]
    key.size += len(extra)
    subject = worst(judged(tmp_path, forge.files()))
    assert dict(subject.facts)["class"] == "Vendor_Tool"
    assert "outside of values" in str(dict(subject.facts)["values"])
