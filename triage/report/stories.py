"""Linked subjects told together: the process, the memory file it runs from, who holds that.

A story is a connected component of the links, its worst subject first. Subjects that were judged
benign lead no story and join none through each other, so that a harmless hub (a session bus, a
shared library) does not tie half a machine to one finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from triage.model import Subject
from triage.records import dataclass
from triage.report import order


@dataclass(frozen=True, slots=True)
class Member:
    """A subject in a story. ``relation`` reads from it to the member ``near`` (its place in the
    story) when ``forward``, from that one to it otherwise; the lead has none."""

    subject: Subject
    near: int | None = None
    relation: str = ""
    forward: bool = True


@dataclass(frozen=True, slots=True)
class Story:
    members: tuple[Member, ...]

    @property
    def lead(self) -> Subject:
        return self.members[0].subject

    def names(self, number: int) -> list[str]:
        """What its members are called when it is the story ``number``: 3, 3a, 3b, ..."""
        return [f"{number}{_letters(place)}" for place in range(len(self.members))]


def likeness(subject: Subject) -> tuple[object, ...]:
    """What subjects that tell the same share: their kind, how bad they are, what was found."""
    found = frozenset((each.indicator, each.attested) for each in subject.findings)
    settled = None if subject.benign is None else subject.benign.by
    return subject.kind, subject.severity, settled, found


def alike(told: Sequence[Story]) -> list[list[int]]:
    """The places of stories; those that tell the same come together, at the place of the first."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, story in enumerate(told):
        others = frozenset(
            (likeness(each.subject), each.relation, each.forward) for each in story.members[1:]
        )
        groups.setdefault((likeness(story.lead), others), []).append(place)
    return list(groups.values())


def _letters(place: int) -> str:
    """``""`` for the lead, then a, b, ..., z, aa, ab, ..."""
    letters = ""
    while place:
        place, digit = divmod(place - 1, 26)
        letters = chr(ord("a") + digit) + letters
    return letters


@dataclass(frozen=True, slots=True)
class _Tie:
    """``other`` is a place in the ordered subjects, so lower is worse."""

    other: int
    relation: str
    forward: bool


def stories(items: Sequence[Subject]) -> list[Story]:
    """Every subject once, in stories, the worst first. Links to nowhere are ignored."""
    ordered = order.subjects(items)
    ties = _ties(ordered)
    told: set[int] = set()
    return [
        Story(tuple(_walk(place, ordered, ties, told)))
        for place in range(len(ordered))
        if place not in told
    ]


def _ties(ordered: Sequence[Subject]) -> dict[int, list[_Tie]]:
    """Both ends of each link, except links to itself and between benign subjects."""
    places = {subject.id: place for place, subject in reversed(list(enumerate(ordered)))}
    ties: dict[int, list[_Tie]] = {}
    for place, subject in enumerate(ordered):
        for link in subject.links:
            other = places.get(link.subject)
            if other is None or other == place:
                continue
            if subject.benign is not None and ordered[other].benign is not None:
                continue
            ties.setdefault(place, []).append(_Tie(other, link.relation, False))
            ties.setdefault(other, []).append(_Tie(place, link.relation, True))
    return ties


def _walk(
    lead: int, ordered: Sequence[Subject], ties: dict[int, list[_Tie]], told: set[int]
) -> Iterator[Member]:
    """The lead, then what is tied to it, nearest first, the worst first at each distance."""
    told.add(lead)
    queue = [(lead, Member(ordered[lead]))]
    for near, (place, member) in enumerate(queue):  # grows while it is walked
        yield member
        near_by = ties.get(place, ())
        for tie in sorted(near_by, key=lambda tie: (tie.other, tie.forward, tie.relation)):
            if tie.other not in told:
                told.add(tie.other)
                queue.append(
                    (tie.other, Member(ordered[tie.other], near, tie.relation, tie.forward))
                )
