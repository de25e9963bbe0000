"""Linked subjects are told together, each once, the worst first."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from tests.report.sample_reports import huge, infected
from triage.model import Benign, Link, Severity, Subject
from triage.report.stories import stories
from triage.report.wording import tie

SUBJECT = infected().subjects[-1]


@st.composite
def linked(draw: st.DrawFn) -> list[Subject]:
    names = st.sampled_from("abcdefgh")
    links = st.lists(st.builds(Link, st.just("holds"), names), max_size=3).map(tuple)
    made = st.builds(
        dataclasses.replace,
        st.just(SUBJECT),
        id=names,  # duplicates happen: a report must show both all the same
        score=st.integers(0, 100),
        links=links,
        benign=st.sampled_from([None, Benign("known", "list")]),
    )
    return draw(st.lists(made, max_size=8))


@given(linked())
def test_every_subject_is_told_once_and_the_worst_leads(subjects: list[Subject]) -> None:
    told = stories(subjects)
    members = [member.subject for story in told for member in story.members]
    assert sorted(map(id, members)) == sorted(map(id, subjects))
    for story in told:
        if story.lead.benign is None:
            bad = [each.subject for each in story.members if each.subject.benign is None]
            assert story.lead.score == max(each.score for each in bad)
        else:
            assert len(story.members) == 1
    leads = [story.lead for story in told if story.lead.benign is None]
    assert [each.score for each in leads] == sorted((each.score for each in leads), reverse=True)


@given(linked())
def test_each_member_but_the_lead_is_tied_to_an_earlier_one(subjects: list[Subject]) -> None:
    for story in stories(subjects):
        for place, member in enumerate(story.members):
            assert (member.near is None) == (place == 0)
            if member.near is not None:
                other = story.members[member.near].subject
                assert member.near < place
                one, two = (member.subject, other) if member.forward else (other, member.subject)
                assert Link(member.relation, two.id) in one.links


def test_the_implant_is_one_story() -> None:
    story = stories(infected().subjects)[0]
    assert [each.subject.id for each in story.members] == [
        "process-4242",
        "memory-file-11",
        "process-4100",
    ]
    assert [tie(each, "1") for each in story.members[1:]] == [
        "1 executes this",
        "1 was started by this",
    ]


def test_members_have_names() -> None:
    subjects = [
        dataclasses.replace(SUBJECT, id=str(number), benign=None, links=(Link("near", "0"),))
        for number in range(30)
    ]
    names = stories(subjects)[0].names(3)
    assert names[:3] == ["3", "3a", "3b"]
    assert names[26:29] == ["3z", "3aa", "3ab"]


def test_a_long_chain_is_no_recursion() -> None:
    subjects = [
        dataclasses.replace(each, links=(Link("after", f"process-{number - 1}"),))
        for number, each in enumerate(huge(5000).subjects)
    ]
    told = stories(subjects)
    assert len(told) == 1
    assert told[0].lead.severity is Severity.CRITICAL
