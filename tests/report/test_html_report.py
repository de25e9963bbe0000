"""The HTML report without a browser: its markup, its policy, its data block, its plain page."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.report.sample_reports import (
    PAYLOADS,
    blind,
    clean,
    hostile,
    hostile_mixture,
    huge,
    infected,
)
from triage.analyzers import INDICATORS
from triage.knowledge import table
from triage.model import Benign, Link, SettledBy
from triage.report.html.data import BLOCKS, LONGEST, block, profile, tactics
from triage.report.html.plain import HEAD, STATIC, hex_view
from triage.report.html_report import render
from triage.report.stories import stories


class Page(HTMLParser):
    """Elements with their attributes, text, and the raw content of styles and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.raw: dict[str, list[str]] = {"style": [], "script": []}
        self.text: list[str] = []
        self._open = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag, tuple(name for name, _ in attrs)] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._open = tag

    def handle_data(self, data: str) -> None:
        if self._open in self.raw:
            self.raw[self._open].append(data)
        else:
            self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


def words_of(text: str) -> str:
    """Text of the page outside the data block, with one space between words."""
    return " ".join(" ".join(Page(text).text).split())


def data_of(text: str) -> Any:
    return json.loads(Page(text).raw["script"][0])


# The last payload is the empty text, which leaves parts of the page out.
@pytest.mark.parametrize("payload", PAYLOADS[:-1], ids=range(len(PAYLOADS) - 1))
def test_evidence_makes_no_element_and_no_attribute(payload: str) -> None:
    assert Page(render(hostile(payload))).tags == Page(render(hostile("harmless"))).tags


def test_evidence_never_gets_into_an_attribute() -> None:
    values = {each for each in Page(render(hostile("EVIDENCE"))).attributes if "EVID" in each[2]}
    assert values == set()


@pytest.mark.parametrize("report", [infected(), hostile_mixture()])
def test_every_link_stays_in_the_page(report: Any) -> None:
    page = Page(render(report))
    links = [value for _, name, value in page.attributes if name in ("href", "src", "action")]
    assert links
    assert all(value.startswith("#") for value in links)
    assert not {tag for tag, _ in page.tags} & {"img", "iframe", "object", "form", "link", "base"}


def test_the_policy_allows_this_script_and_this_style_alone() -> None:
    page = Page(render(hostile_mixture()))
    (content,) = (v for tag, name, v in page.attributes if tag == "meta" and "default-src" in v)
    directives = dict(each.strip().split(" ", 1) for each in content.split(";"))

    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    (style,) = page.raw["style"]
    _, script = page.raw["script"]
    assert directives == {
        "default-src": "'none'",
        "script-src": hashed(script),
        "style-src": hashed(style),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    names = {name for _, name, _ in page.attributes}
    assert "style" not in names
    assert not {name for name in names if name.startswith("on")}


def test_the_data_block_cannot_be_left() -> None:
    text = render(hostile_mixture())
    block = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)
    assert block is not None
    assert not re.search(r"[<>&\u2028\u2029\x7f]", block.group(1))
    assert block.group(1).isascii()


def test_the_data_is_shown_text_only_once() -> None:
    subject = dataclasses.replace(
        infected().subjects[0], title="C:\\new\x1b", facts=(("a\n", "b\t"),)
    )
    (shown,) = data_of(render(dataclasses.replace(infected(), subjects=(subject,))))["subjects"]
    assert shown["title"] == r"C:\\new\x1b"
    assert shown["facts"] == {"a\u240a": "b\u2409"}


def test_subjects_come_in_stories() -> None:
    subjects = data_of(render(infected()))["subjects"]
    assert [(each["label"], each["tie"]) for each in subjects[:4]] == [
        ("1", ""),
        ("1a", "1 executes this"),
        ("1b", "1 was started by this"),
        ("2", ""),
    ]
    assert subjects[0]["why"][0] == "/proc/4242/exe is /memfd:kworker/u:0 (deleted)"
    assert subjects[0]["check"] == "readlink /proc/4242/exe; sha256sum /proc/4242/exe"


def test_the_page_tells_all_without_javascript() -> None:
    text = words_of(render(infected()))
    for part in (
        "■ CRITICAL",
        "kworker/u:0 (pid 4242): Program runs from a memfd",
        "link count 0 on device 0:1",
        "readlink /proc/4242/exe; sha256sum /proc/4242/exe",
        "benign if: a container runtime",
        "the HotSpot code cache",
        "/proc/3120: start time changed while it was read",
        "no Windows directory here",
        "ATT&CK 18.1",
        "5 denied, 1 refused, 1 truncated, 1 vanished",
    ):
        assert part in text


def test_the_worst_are_named_at_the_top_and_lead_to_their_story() -> None:
    text = render(infected())
    top, rest = text.split('<section id="worst">')[1].split("</section>", 1)
    assert words_of(top).startswith("What stands out ■ CRITICAL 100 kworker/u:0 (pid 4242)")
    assert words_of(top).count("2 linked") == 1
    # Without JavaScript the links lead to the plain page's stories.
    numbers = re.findall(r'href="#(story=\d+)"', top)
    assert numbers == ["story=1", "story=2"]
    assert all(f'id="{number}"' in rest for number in numbers)
    assert 'id="worst"' not in render(clean())


def test_stories_that_tell_the_same_are_one_line_at_the_top() -> None:
    top = render(huge(500)).split('<section id="worst">')[1].split("</section>", 1)[0]
    assert top.count("<li>") <= 8
    assert re.search(r"\d+ more like it", top)


def test_what_the_plain_page_leaves_out_is_said() -> None:
    text = render(huge(STATIC + 100))
    assert text.count("<article") <= STATIC + 10
    assert "there are more: they need JavaScript" in text


def test_quiet_reports_tell_what_was_not_seen() -> None:
    assert "✓ NOTHING FOUND" in render(clean())
    text = render(blind())
    assert "? NOTHING FOUND" in text
    assert "Not run as root" in text


def test_long_texts_are_cut_and_say_so() -> None:
    shown = data_of(render(hostile("A" * 50_000)))["subjects"][0]["title"]
    assert len(shown) == LONGEST
    assert shown.endswith("A…")


def test_every_command_to_check_by_hand_is_told_once() -> None:
    text = words_of(render(infected()))
    command = "readlink /proc/4242/exe; sha256sum /proc/4242/exe"
    assert text.count(command) == 1
    assert text.count("grep Kthread /proc/4242/status") == 1
    process, *_ = data_of(render(infected()))["subjects"]
    assert process["check"] == command
    assert [each["verify"] for each in process["findings"]] == [
        "",
        "grep Kthread /proc/4242/status",
        "grep -n rwxp /proc/4242/maps",
    ]
    assert not any("check by hand" in line for line in process["explanation"])


def test_the_techniques_stand_under_their_tactics() -> None:
    shown = {
        each["name"]: [(t["id"], t["name"], t["count"]) for t in each["techniques"]]
        for each in tactics(infected())
    }
    assert shown == {
        "Execution": [("T1059.004", "Unix Shell", 1)],
        "Defense Evasion": [
            ("T1027.011", "Fileless Storage", 4),
            ("T1027.013", "Encrypted/Encoded File", 1),
            ("T1036.005", "Match Legitimate Resource Name or Location", 1),
            ("T1620", "Reflective Code Loading", 1),
        ],
    }
    assert "T1027.011 Fileless Storage (4)" in words_of(render(infected()))


def test_what_is_no_technique_is_told_all_the_same() -> None:
    (other,) = tactics(hostile("javascript:alert(1)"))
    assert (other["name"], other["techniques"][0]["id"]) == ("Other", "javascript:alert(1)")


def test_every_indicators_techniques_have_tactics() -> None:
    known = table("attack_tactics")
    named = {name.partition(".")[0] for each in INDICATORS for name in each.techniques}
    assert named - known["techniques"].keys() == set()
    assert {t for row in known["techniques"].values() for t in row} <= {*known["tactics"]}


def timed() -> Any:
    facts = (
        ("times", "2026-02-28T23:10:00Z file made ($MFT); 2026-03-01T01:10:00Z run <b>x</b> (a)"),
        ("mtime_ns", 1_772_300_000_123_456_789),
        ("comm", "2020-01-01T00:00:00Z"),
    )
    subject = dataclasses.replace(infected().subjects[0], facts=facts)
    return dataclasses.replace(infected(), subjects=(subject,))


def test_a_subjects_times_are_told_and_names_are_no_times() -> None:
    (subject,) = data_of(render(timed()))["subjects"]
    assert subject["times"] == [
        ["2026-02-28T23:10:00.000Z", "file made ($MFT)"],
        ["2026-03-01T01:10:00.000Z", "run <b>x</b> (a)"],
        ["2026-02-28T17:33:20.123456Z", "Content modification"],
    ]
    # A script would make 1772300000123456800 of it.
    assert subject["facts"]["mtime_ns"] == "1772300000123456789 (2026-02-28T17:33:20Z)"


def test_numbers_of_processes_that_no_script_can_hold_are_none() -> None:
    facts = (("pid", 2**60), ("ppid", True))
    subject = dataclasses.replace(infected().subjects[0], facts=facts)
    only = dataclasses.replace(infected(), subjects=(subject,))
    (shown,) = json.loads(block(only, stories(only.subjects)))["subjects"]
    assert shown["pids"] == [None, None]


@pytest.mark.parametrize("size", [0, 1, 255, 511])
def test_little_has_no_profile(size: int) -> None:
    assert profile(b"x" * size) == ""


def test_the_entropys_profile_follows_the_bytes() -> None:
    flat, mixed = bytes(4096), bytes(range(256)) * 16
    bars, _, words = profile(flat + mixed).partition("  ")
    assert bars == "▁" * 16 + "█" * 16
    assert words == "0.0 to 8.0 bits per byte in blocks of 256, first 8,192 bytes"
    assert len(profile(bytes(1 << 20)).split()[0]) == BLOCKS


def test_the_payloads_start_is_shown_in_hexadecimal_and_printable_ascii() -> None:
    assert hex_view(b"<b>\x00\x1b\xff~") == f"0000  {'3c 62 3e 00 1b ff 7e':<47}  <b>···~"
    head = bytes(range(256)) * 4
    content = dataclasses.replace(infected().subjects[0].content, kept=head)  # type: ignore[type-var]
    subject = dataclasses.replace(infected().subjects[0], content=content)
    page = render(dataclasses.replace(infected(), subjects=(subject,)))
    (shown,) = data_of(page)["subjects"]
    assert shown["content"]["head"] == head[:512].hex()
    assert "0070  70 71" in page
    assert f"{HEAD:04x}  " not in page
    assert "&lt;=&gt;" in page


def test_the_number_of_a_story_leads_to_it_without_a_script_too() -> None:
    """A benign subject may tie two others to one story: both parts of the page count it alike."""
    first, second, third = (
        dataclasses.replace(each, id=f"it-{place}", links=(), score=90 - place, benign=None)
        for place, each in enumerate(infected().subjects[:3])
    )
    hub = dataclasses.replace(
        second, id="hub", score=5,
        benign=Benign("checked", "a test", SettledBy.EXPLANATION),
        links=(Link("holds", "it-0"), Link("holds", "it-2")),
    )  # fmt: skip
    page = render(dataclasses.replace(infected(), subjects=(first, second, third, hub)))
    linked = set(re.findall(r'href="#(story=\d+)"', page))
    assert linked
    assert linked <= set(re.findall(r'<div id="(story=\d+)">', page))
    place = page.index('<div id="story=1">'), page.index('<div id="story=2">')
    assert page[slice(*place)].count("<article") == 3
