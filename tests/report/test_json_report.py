"""The JSON report keeps its contract: schema, exact values, no surprises for other parsers."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from tests.conftest import CHECKOUT
from tests.report.goldens import PLACE
from tests.report.sample_reports import (
    PAYLOADS,
    blind,
    clean,
    hostile,
    hostile_mixture,
    infected,
)
from triage.model import Content, Coverage, Gap, Location, Report, Why
from triage.report import json_report

SCHEMA = json.loads(
    (files("triage.report") / "triage-report-1.schema.json").read_text(encoding="utf-8")
)


def validate(document: Any) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


def rendered(report: Report) -> Any:
    return json.loads(json_report.render(report))


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


def test_the_schema_is_a_schema_and_closed() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    found = list(objects(SCHEMA))
    assert len(found) > 10
    for each in found:
        if "properties" in each:
            assert each["additionalProperties"] is False
            optional = {"path_base64", "inside_base64"}
            assert set(each["required"]) == set(each["properties"]) - optional


@pytest.mark.parametrize("report", [infected(), clean(), blind(), hostile_mixture()])
def test_reports_are_valid(report: Report) -> None:
    validate(rendered(report))


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_hostile_reports_are_valid_and_carry_the_exact_text(payload: str) -> None:
    document = rendered(hostile(payload))
    validate(document)
    if not any("\ud800" <= each <= "\udfff" for each in payload):
        assert document["subjects"][0]["title"] == payload
        assert document["host"]["tool_arguments"] == [payload] * 4


def test_published_reports_are_still_valid() -> None:
    """Every report that was ever published here, the lines of the line form too."""
    pages = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(PLACE.glob("*.json"))]
    reports = [page for page in pages if page.get("schema") == "triage-report/1"]
    assert len(reports) >= 2
    for report in reports:
        validate(report)


def test_published_lines_are_the_report_in_pieces() -> None:
    lines = (PLACE / "infected.jsonl").read_text(encoding="utf-8").splitlines()
    head, *rest = map(json.loads, lines)
    lists: dict[str, list[Any]] = {"subject": [], "gap": [], "coverage": [], "indicator": []}
    for record in rest:
        lists[record.pop("record")].append(record)
    assert head.pop("record") == "report"
    names = {"subject": "subjects", "gap": "gaps", "coverage": "coverage",
             "indicator": "indicators"}  # fmt: skip
    validate(head | {names[key]: items for key, items in lists.items()})


def test_a_wrong_report_is_not_valid() -> None:
    document = rendered(infected())
    document["subjects"][0]["findings"][0]["surprise"] = 1
    with pytest.raises(jsonschema.ValidationError):
        validate(document)


def test_it_is_ascii_with_one_subject_a_line() -> None:
    text = json_report.render(hostile_mixture())
    assert text.isascii()
    assert "\x7f" not in text
    lines = [line.rstrip(",") for line in json_report.render(infected()).splitlines()]
    alone = [json.loads(line) for line in lines if line.startswith('{"id": "process-')]
    assert {each["id"] for each in alone} >= {"process-4242", "process-900"}


def test_bytes_that_are_not_utf8_stay_exact_beside_the_shown_text() -> None:
    gap = Gap(Location("/dev/shm/\udcff\udc80\x1b", "half \ud83d"), Why.DENIED)
    location = rendered(dataclasses.replace(clean(), gaps=(gap,)))["gaps"][0]["location"]
    assert location["path"] == r"/dev/shm/\xff\x80\x1b"
    assert base64.b64decode(location["path_base64"]) == b"/dev/shm/\xff\x80\x1b"
    decoded = base64.b64decode(location["inside_base64"]).decode("utf-8", "surrogatepass")
    assert decoded == "half \ud83d"


def test_the_head_is_bounded_and_the_rest_is_left_out() -> None:
    subject = infected().subjects[0]
    content = Content(size=2000, kind="data", kept=bytes(range(256)) * 4)
    report = dataclasses.replace(
        infected(), subjects=(dataclasses.replace(subject, content=content),)
    )
    assert rendered(report)["subjects"][0]["content"]["head"] == bytes(range(256)).hex()


def test_numbers_that_are_none_become_null() -> None:
    entry = Coverage("processes", True, seconds=float("nan"))
    host = dataclasses.replace(clean().host, uptime=float("inf"))
    document = rendered(dataclasses.replace(clean(), coverage=(entry,), host=host))
    validate(document)
    assert document["coverage"][0]["seconds"] is None
    assert document["host"]["uptime"] is None


def test_the_summary_counts_subjects() -> None:
    summary = rendered(infected())["summary"]
    assert summary["subjects"] == 18
    assert summary["benign"] == 2
    assert summary["by_severity"] == {"critical": 1, "high": 2, "medium": 1, "low": 0, "info": 14}
    assert summary["by_technique"]["T1620"] == 3
    assert summary["by_indicator"]["exe-replaced"] == 12
    assert list(summary["by_indicator"]) == sorted(summary["by_indicator"])


def test_the_documentation_names_every_field() -> None:
    text = (CHECKOUT / "docs" / "report-json.md").read_text(encoding="utf-8")
    names = {name for each in objects(SCHEMA) for name in each.get("properties", {})}
    missing = {name for name in names if f"`{name}`" not in text}
    assert missing == set()
