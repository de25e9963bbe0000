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
from triage.report import html_report
from triage.report.html_report import STATIC, render


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
    assert shown["facts"] == {r"a\n": r"b\t"}


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
    text = " ".join(" ".join(Page(render(infected())).text).split())
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
    assert len(shown) == html_report.LONGEST
    assert shown.endswith("A…")
