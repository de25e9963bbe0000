"""The HTML report in a real browser: it works, and hostile evidence changes nothing in it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.report.chromium import Browser, find
from tests.report.sample_reports import PAYLOADS, answered, hostile, hostile_mixture, huge, infected
from triage.model import Link, Report
from triage.printable import printable
from triage.report import render

OPEN_ALL = """
change({show: 'all', view: VIEW});
for (const each of document.querySelectorAll('details')) each.open = true;
new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
"""
# Every element with the names of its attributes, and how often it is there.
CENSUS = """(() => {
  const counts = {};
  for (const each of document.querySelectorAll('*')) {
    const key = [each.tagName, ...each.getAttributeNames()].join(' ');
    counts[key] = (counts[key] || 0) + 1;
  }
  return counts;
})()"""
STATUS = "document.getElementById('status').textContent"
TITLES = "[...document.querySelectorAll('#list h3')].map((each) => each.textContent)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find()
    if program is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    started = Browser(program, tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.fixture
def page(tmp_path: Path) -> Any:
    def write(report: Report) -> Path:
        file = tmp_path / "report.html"
        file.write_text(render("html", report), encoding="utf-8")
        return file

    return write


def said(browser: Browser) -> list[str]:
    """Everything the page and the browser said, except that the page itself was asked for."""
    own = ("request: file:///",)
    return [
        each for each in browser.messages if not (each.startswith(own) and "report.html" in each)
    ]


def wait(browser: Browser, condition: str) -> None:
    """Wait in the page until a condition holds; the browser's own clock gives up after 20 s."""
    assert browser.run(
        "new Promise((done) => { const begun = performance.now(); const look = () => "
        f"({condition}) ? done(true) : performance.now() - begun > 20000 ? done(false) "
        ": requestAnimationFrame(look); look(); })"
    ), condition


def key(browser: Browser, text: str) -> None:
    for kind in ("keyDown", "keyUp"):
        typed = {"text": text} if kind == "keyDown" else {}
        named = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
        which = named if text == "\r" else {"key": text}
        browser.call("Input.dispatchKeyEvent", type=kind, **which, **typed)


def census(browser: Browser, file: Path, view: str = "list") -> dict[str, int]:
    browser.open(file)
    browser.run(OPEN_ALL.replace("VIEW", json.dumps(view)))
    counts: dict[str, int] = browser.run(CENSUS)
    return counts


def test_long_texts_are_folded_and_can_be_unfolded(browser: Browser, page: Any) -> None:
    browser.open(page(hostile("\U0001f98a" * 5000)), "#show=all")
    heading = "document.querySelector('#list h3 .ev')"
    folded = browser.run(f"{heading}.textContent")
    assert folded.count("\U0001f98a") == 299
    assert folded.endswith("… … show all 10,000 characters")
    browser.run(f"{heading}.querySelector('button').click()")
    assert browser.run(f"{heading}.textContent") == "\U0001f98a" * 5000


@pytest.mark.parametrize("payload", PAYLOADS[:-1], ids=range(len(PAYLOADS) - 1))
def test_payloads_make_no_element_and_break_no_policy(
    browser: Browser, page: Any, payload: str
) -> None:
    # As long as the payload is when it is shown, so that both or none are folded.
    same = "harmless " * (len(printable(payload)) // 9 + 1)
    harmless = census(browser, page(hostile(same[: len(printable(payload))])))
    assert harmless["ARTICLE class data-id"] == 18
    assert census(browser, page(hostile(payload))) == harmless
    assert said(browser) == []


def test_all_payloads_together_with_links_alive(browser: Browser, page: Any) -> None:
    counts = census(browser, page(hostile_mixture()))
    assert counts["ARTICLE class data-id"] == 18
    assert not {name.split()[0] for name in counts} & {"IMG", "SVG", "IFRAME", "B", "LINK"}
    assert said(browser) == []


def test_the_policy_really_stops_foreign_code(browser: Browser, page: Any) -> None:
    """The walls behind the first: markup that somehow got in neither runs nor loads."""
    file = page(infected())
    hole = "<script>document.title='owned'</script><img src='http://192.0.2.1/x'>"
    hole += "<p style='color:red' onclick='1'>hole</p>"
    file.write_text(file.read_text("utf-8").replace("<main>", f"<main>{hole}"), "utf-8")
    browser.open(file)
    assert browser.run("document.title") == "critical: web-03, triage report"
    assert sum("Content Security Policy" in each for each in browser.messages) >= 3
    assert "blocked: csp" in browser.messages


def test_it_opens_without_a_word(browser: Browser, page: Any) -> None:
    browser.open(page(infected()))
    assert said(browser) == []
    assert browser.run(STATUS) == "1 to 16 of 16 subjects, 18 in all"
    titles = browser.run(TITLES)
    assert titles[0] == "1 ■ CRITICAL 100 kworker/u:0 (pid 4242): Program runs from a memfd"
    assert [each.split()[0] for each in titles[:4]] == ["1", "1a", "1b", "2"]


def test_clicks_filter(browser: Browser, page: Any) -> None:
    browser.open(page(infected()))
    browser.run("document.querySelector('[data-severity=high]').click()")
    assert [each.split()[0] for each in browser.run(TITLES)] == ["1a", "2"]
    browser.run("document.querySelector('[data-severity=critical]').click()")
    assert [each.split()[0] for each in browser.run(TITLES)] == ["1", "1a", "2"]
    pressed = (
        "[...document.querySelectorAll('[aria-pressed=true]')].map((each) => each.textContent)"
    )
    assert browser.run(pressed) == ["List", "■ critical 1", "▲ high 2"]
    browser.run("document.querySelector('[data-technique=\"T1036.005\"]').click()")
    assert [each.split()[0] for each in browser.run(TITLES)] == ["1"]
    assert "technique=T1036.005" in browser.run("location.hash")
    browser.run("document.getElementById('reset').click()")
    assert len(browser.run(TITLES)) == 16


def chosen(browser: Browser, name: str, value: str) -> list[str]:
    """The labels that are left when a list's entry is chosen, as a user's choice does it."""
    browser.run(
        f"(() => {{ const list = document.getElementById('{name}'); list.value = '{value}';"
        "list.dispatchEvent(new Event('change')); })()"
    )
    return [each.split()[0] for each in browser.run(TITLES)]


def test_kind_collector_and_host_filter(browser: Browser, page: Any) -> None:
    base = infected()
    there = (("computer", "DC01.example.net"),)
    far = dataclasses.replace(base.subjects[3], facts=(*base.subjects[3].facts, *there))
    browser.open(page(dataclasses.replace(base, subjects=(*base.subjects[:3], far))))
    hidden = "[...document.querySelectorAll('select[hidden]')].map((each) => each.id)"
    assert browser.run(hidden) == []
    entries = "[...document.getElementById('host').options].map((each) => each.textContent)"
    assert browser.run(entries) == ["every host", "DC01.example.net (1)", "web-03 (3)"]
    assert chosen(browser, "host", "DC01.example.net") == ["2"]
    assert "host=DC01.example.net" in browser.run("location.hash")
    assert chosen(browser, "host", "web-03") == ["1", "1a", "1b"]
    assert chosen(browser, "collector", "memory-files") == ["1a"]
    assert chosen(browser, "kind", "process") == []
    browser.run("document.getElementById('reset').click()")
    assert chosen(browser, "kind", "process") == ["1", "1b"]
    assert said(browser) == []


def test_there_is_no_choice_among_one(browser: Browser, page: Any) -> None:
    browser.open(page(infected()))
    hidden = "[...document.querySelectorAll('select[hidden]')].map((each) => each.id)"
    assert browser.run(hidden) == ["host"]


def test_what_is_settled_stands_under_its_own_heading(browser: Browser, page: Any) -> None:
    browser.open(page(answered()))
    headings = "[...document.querySelectorAll('main ~ section h2')].map((each) => each.textContent)"
    assert browser.run(headings)[:3] == [
        "Judged benign",
        "Not new: known from the baseline",
        "Allowed: somebody answers for it",
    ]
    allowed = browser.run("document.getElementById('allowed').innerText")
    assert (
        "ticket OPS-12; was critical, score 100 (allow.toml entry 1, until 2027-01-31)" in allowed
    )
    assert len(chosen(browser, "show", "known")) == 2
    assert len(chosen(browser, "show", "allowed")) == 1
    assert len(chosen(browser, "show", "benign")) == 1
    assert len(chosen(browser, "show", "findings")) == 2
    assert said(browser) == []


def test_the_fragment_is_the_state(browser: Browser, page: Any) -> None:
    file = page(infected())
    browser.open(file, "#severity=high&q=PostgreSQL&open=memory-file-23")
    assert [each.split()[0] for each in browser.run(TITLES)] == ["2"]
    shown = browser.run("document.querySelector('#list article').innerText")
    assert "gzip" in shown
    assert "0000  23 21 2f 62 69 6e 2f 73 68 0a" in shown
    assert "#!/bin/sh·" in shown
    browser.open(file, "#show=benign&sort=title&collector=processes")
    assert browser.run(TITLES)[0].endswith("java (pid 900): Memory is writable and executable")
    browser.open(file, "#sort=constructor&show=__proto__&page=-3&severity=%00&kind=toString")
    assert browser.run("document.querySelector('#list').textContent") == "No subject matches."
    assert said(browser) == []


def test_the_keyboard_is_enough(browser: Browser, page: Any) -> None:
    browser.open(page(infected()))
    key(browser, "/")
    assert browser.run("document.activeElement.id") == "q"
    browser.call("Input.insertText", text="kworker kernel")
    wait(browser, f"{STATUS}.startsWith('1 to 1 of 1 ')")
    browser.run("document.getElementById('reset').focus()")
    key(browser, "j")
    assert browser.run("document.activeElement.tagName") == "SUMMARY"
    key(browser, "\r")
    wait(browser, "document.querySelector('#list details').open")
    wait(
        browser,
        "document.querySelector('#list').innerText.includes('/proc/4242/maps') || "
        "document.querySelector('#list').innerText.includes('grep -n rwxp')",
    )


def test_links_lead_to_the_other_subject(browser: Browser, page: Any) -> None:
    browser.open(page(infected()), "#open=process-4242")
    browser.run("[...document.querySelectorAll('#list li button')].at(0).click()")
    assert "open=memory-file-11" in browser.run("location.hash")
    opened = "[...document.querySelectorAll('#list details[open]')].map((each) => "
    opened += "each.closest('article').dataset.id)"
    assert browser.run(opened) == ["memory-file-11"]


def test_the_top_leads_to_a_story(browser: Browser, page: Any) -> None:
    browser.screen(1280, 900)
    browser.open(page(infected()), "#severity=low")
    browser.run("[...document.querySelectorAll('.worst a')].at(1).click()")
    opened = "document.querySelector('#list details[open]')"
    wait(browser, f"{opened} !== null")
    assert browser.run(f"{opened}.closest('article').dataset.id") == "memory-file-23"
    # What stays in sight at the top does not cover it.
    top = browser.run(f"{opened}.closest('article').getBoundingClientRect().top")
    assert browser.run("document.querySelector('.controls').getBoundingClientRect().bottom") <= top
    browser.open(page(infected()), "#story=99")
    assert browser.run(STATUS) == "1 to 16 of 16 subjects, 18 in all"
    assert said(browser) == []


def test_what_tells_the_same_is_printed_once(browser: Browser, page: Any) -> None:
    browser.open(page(infected()))
    browser.run("window.dispatchEvent(new Event('beforeprint'))")
    upgrades = "[...document.querySelectorAll('#list article')].slice(4)"
    assert browser.run(f"{upgrades}.map((each) => each.querySelectorAll('details').length)") == [
        1, *[0] * 11,
    ]  # fmt: skip
    assert browser.run(f"{upgrades}[1].innerText").count("the same was found of 3") == 1
    assert browser.run("document.querySelector('#gaps details').open")
    browser.run("window.dispatchEvent(new Event('afterprint'))")
    assert browser.run("document.querySelectorAll('#list article > details').length") == 16


def test_the_process_tree_shows_who_started_whom(browser: Browser, page: Any) -> None:
    browser.open(page(infected()))
    browser.run("document.querySelector('[data-view=tree]').click()")
    rows = browser.run(
        "[...document.querySelectorAll('#list li')].map((each) => "
        "[each.style.getPropertyValue('--depth'), each.textContent])"
    )
    assert rows[0] == ["0", "pid 1, not a subject of this report"]
    assert [depth for depth, _ in rows] == ["0", *["1"] * 13, "2"]
    assert "kworker/u:0 (pid 4242)" in rows[-1][1]
    # A filter leaves a process and those above it.
    browser.run("change({q: 'kworker Kthread'})")
    assert browser.run("document.querySelectorAll('#list li').length") == 3
    browser.run("[...document.querySelectorAll('#list li button')].at(-1).click()")
    assert "open=process-4242" in browser.run("location.hash")
    assert said(browser) == []


def test_logs_tell_by_links_who_started_whom(browser: Browser, page: Any) -> None:
    first, second, third, fourth, *_ = infected().subjects
    by = (Link("was started by", first.id),)
    told = (
        dataclasses.replace(first, facts=(), links=(Link("was started by", "nobody"),)),
        dataclasses.replace(second, facts=(), links=by),
        dataclasses.replace(third, facts=(), links=(Link("is started by", second.id),)),
        dataclasses.replace(fourth, facts=(), links=(Link("same process as", first.id),)),
    )
    browser.open(page(dataclasses.replace(infected(), subjects=told)), "#view=tree")
    rows = browser.run(
        "[...document.querySelectorAll('#list li')].map((each) => "
        "[each.style.getPropertyValue('--depth'), each.textContent.split(' ')[1]])"
    )
    assert rows == [["0", "CRITICAL"], ["1", "HIGH"], ["2", "MEDIUM"]]


def test_processes_in_a_circle_are_shown_once(browser: Browser, page: Any) -> None:
    first, _, third, *_ = infected().subjects
    circle = (
        dataclasses.replace(first, facts=(("pid", 4242), ("ppid", 4100))),
        dataclasses.replace(third, facts=(("pid", 4100), ("ppid", 4242))),
    )
    browser.open(page(dataclasses.replace(infected(), subjects=circle)), "#view=tree")
    assert browser.run("document.querySelectorAll('#list li button').length") == 2


def times_of(payload: str) -> Report:
    """The infected box with a payload in the words of times, and in a name that is a time's."""
    words = payload.replace(";", ",")
    facts = (
        ("times", f"2026-02-28T23:10:00Z {words}; 2026-03-01T01:10:00Z {words}"),
        (f"{payload}_at", "2026-03-02T01:10:00Z"),
        ("start_time", "2026-03-01T02:58:11Z"),
    )
    base = infected()
    subjects = tuple(dataclasses.replace(each, facts=facts) for each in base.subjects[:3])
    return dataclasses.replace(base, subjects=subjects)


def test_the_timeline_narrows_to_a_span(browser: Browser, page: Any) -> None:
    browser.open(page(times_of("made")), "#view=time")
    assert browser.run(STATUS) == "1 to 12 of 12 times, 3 subjects"
    days = "[...document.querySelectorAll('#list .day')].map((each) => each.textContent)"
    assert browser.run(days) == ["2026-02-28", "2026-03-01", "2026-03-02"]
    spans = "[...document.querySelectorAll('.spans button')].map((each) => each.textContent)"
    assert browser.run(spans)[0] == "█ 2026-02-28 23h (3)"
    browser.run("document.querySelector('.spans button').click()")
    assert browser.run(STATUS) == "1 to 3 of 3 times, 3 subjects · only 2026-02-28T23"
    assert browser.run(days) == ["2026-02-28"]
    browser.run("[...document.querySelectorAll('#list li button')].at(1).click()")
    assert browser.run("state.view") == "list"
    assert said(browser) == []


@pytest.mark.parametrize("payload", PAYLOADS[6:13], ids=range(6, 13))
def test_payloads_in_times_stay_text(browser: Browser, page: Any, payload: str) -> None:
    counts = census(browser, page(times_of(payload)), "time")
    assert counts["LI"] >= 9
    assert not {name.split()[0] for name in counts} & {"IMG", "SVG", "IFRAME", "B", "A href x"}
    assert counts["SCRIPT"] == 1
    assert said(browser) == []


def test_the_payload_is_shown_from_outside_in(browser: Browser, page: Any) -> None:
    browser.open(page(infected()), "#open=memory-file-23")
    opened = "document.querySelector('#list details[open]')"
    kinds = f"[...{opened}.querySelectorAll('.chain strong')].map((each) => each.textContent)"
    assert browser.run(kinds) == ["shell", "base64", "gzip", "elf"]
    assert browser.run(f"{opened}.querySelectorAll('.chain ul ul ul li').length") == 1


@pytest.mark.parametrize("width", [320, 420, 800, 1280])
@pytest.mark.parametrize("name", ["infected", "hostile"])
def test_nothing_sticks_out(browser: Browser, page: Any, width: int, name: str) -> None:
    browser.screen(width, 800)
    browser.open(page(infected() if name == "infected" else hostile_mixture()), "#show=all")
    root = "document.documentElement"
    assert browser.run(f"{root}.scrollWidth") <= browser.run(f"{root}.clientWidth")


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark_can_be_read(browser: Browser, page: Any, dark: bool) -> None:
    """WCAG 2.1, 1.4.3: a contrast of at least 4.5 between text and what is behind it."""
    browser.screen(1280, 900, dark=dark)
    browser.open(page(infected()), "#show=all&open=process-4242")
    ratios = browser.run(CONTRASTS)
    assert len(ratios) > 20
    assert {text: ratio for text, ratio in ratios.items() if ratio < 4.5} == {}
    paper = browser.run("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) < 200) is dark


CONTRASTS = """(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = numbers(getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((part) => part / 255)
      .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratios = {};
  for (const each of document.querySelectorAll('body *')) {
    const own = [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !each.getClientRects().length) continue;
    const both = [light(numbers(getComputedStyle(each).color)), light(behind(each))];
    const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    ratios[each.tagName + ' ' + each.className + ' ' + each.textContent.slice(0, 30)] = ratio;
  }
  return ratios;
})()"""


def test_printing_opens_everything(browser: Browser, page: Any) -> None:
    browser.open(page(infected()))
    browser.run("window.dispatchEvent(new Event('beforeprint'))")
    printed = browser.run("document.querySelector('#list').innerText")
    assert "exe_seals" in printed
    assert "2026-03-01\n02:58:09Z" in printed
    browser.run("window.dispatchEvent(new Event('afterprint'))")
    assert "exe_seals" not in browser.run("document.querySelector('#list').innerText")
    assert browser.call("Page.printToPDF")["data"].startswith("JVBERi0")  # %PDF-


def test_it_can_be_read_without_javascript(browser: Browser, page: Any) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page(infected()))
        text = browser.run("document.body.innerText")
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert "no seals: not a container runtime's clone of itself" in text
    assert "the HotSpot code cache" in text
    assert "Reset" not in text


def test_fifty_thousand_subjects_do_not_freeze_it(browser: Browser, page: Any) -> None:
    browser.open(page(huge(50_000)))
    assert browser.run(STATUS) == "1 to 50 of 50,000 subjects"
    assert browser.run("document.querySelectorAll('*').length") < 3000
    browser.run("change({view: 'tree'})")
    assert browser.run(STATUS).startswith("1 to 500 of ")
    assert browser.run("document.querySelectorAll('*').length") < 3000
    browser.run("change({view: 'time'})")
    assert browser.run(STATUS) == "0 times, 50,000 subjects"
    browser.run("change({view: 'list'})")
    browser.run("change({q: 'worker-4999', sort: 'title'})")
    assert browser.run(STATUS) == "1 to 11 of 11 subjects, 50,000 in all"
    browser.run("change({q: '', page: 1000, sort: 'story'})")
    assert browser.run(STATUS) == "49,951 to 50,000 of 50,000 subjects"
    browser.run("[...document.querySelectorAll('.pages button')].at(1).click()")
    assert json.loads(browser.run("JSON.stringify(state.page)")) == 999
