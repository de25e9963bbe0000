"""Which contents are looked at thoroughly first, and how long each: floods must not hide one.

Whoever can run code can also hold three hundred harmless texts before the payload, or lay five
thousand files beside it. So every content gets the cheap look first; what deserves more is ordered
by what the kernel says of it (executed, mapped as code, sealed, executable by mode), then by how
rare its like is, and each holder and each directory gets its turn. The time that is left is
divided among all that wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from triage import kernel
from triage.model import Content, FileFacts, Gap, Location, Why
from triage.records import dataclass
from triage.scope import BRIEF_LOOK, WORK_MAX, Budget

_WORK_LEAST = 20_000_000  # finds what is encoded once; less finds next to nothing
_WORK_FIRST = 80_000_000  # for a start, where many wait
_MANY = 32
_NAMED = 8
#: Contents that few bytes of say nothing of: a payload that is packed or disguised looks like this.
_OPAQUE = frozenset({"data", "random", "encrypted", "compressed"})


@dataclass(frozen=True, slots=True)
class Waiting:
    """A content that had only the cheap look.

    ``rank`` is :func:`rank_of` what the kernel knows; ``group`` the place of who is to get a turn,
    a process or a directory; ``again`` looks at it once more, and hands the result on.
    """

    rank: int
    group: str
    content: Content
    again: Callable[[], Content | None]


def rank_of(file: FileFacts, executed: bool) -> int:
    """0 for what runs or ran as code, 1 for what was made to, 2 for the rest.

    A memfd has all its execute bits from the start, so its mode says nothing; its seals do.
    """
    if executed:
        return 0
    sealed = file.seals is not None and file.seals & kernel.SEAL_ALL_WRITE == kernel.SEAL_ALL_WRITE
    by_mode = file.nlink > 0 and file.mode & 0o111 != 0
    return 1 if sealed or by_mode else 2


def waits(content: Content | None) -> bool:
    return content is not None and content.limit == BRIEF_LOOK


def look_again(waiting: Iterable[Waiting], budget: Budget, reserve: float = 0.0) -> Counter[str]:
    """Look thoroughly at all, in order, with an equal share each; how many of each group missed it.

    ``reserve`` is the part of the time that is left to those who come later.
    """
    queue = in_order(waiting)
    kept_back = max(0.0, budget.examination * reserve)
    budget.examination -= kept_back
    missed: Counter[str] = Counter()
    short = []
    most = WORK_MAX if len(queue) < _MANY else _WORK_FIRST
    for done, one in enumerate(queue):
        share = int(budget.examination * 1e9 / (len(queue) - done))
        budget.work = max(_WORK_LEAST, min(most, share))
        content = one.again()
        missed[one.group] += waits(content)
        if content is not None and content.limit == "work" and budget.work < WORK_MAX:
            short.append(one)
    budget.work = WORK_MAX
    for one in short:
        if budget.examination > 0:
            one.again()
    budget.examination += kept_back
    budget.skipped -= missed.total()  # told by who asks, with the names
    return +missed


def gaps_of(missed: Counter[str]) -> Iterator[Gap]:
    """One for each place or process, those that missed most first; at most eight are named."""
    ranked = sorted(missed.items(), key=lambda item: (-item[1], item[0]))
    for place, count in ranked[:_NAMED]:
        words = f"{count} contents here got only a brief look: together they took all the time"
        yield Gap(Location(place), Why.TIMEOUT, words)
    if len(ranked) > _NAMED:
        rest = sum(count for _, count in ranked[_NAMED:])
        words = f"{rest} contents of {len(ranked) - _NAMED} others got only a brief look"
        yield Gap(Location("/"), Why.TIMEOUT, words)


def in_order(waiting: Iterable[Waiting]) -> list[Waiting]:
    """By rank; within that the rare before the common, and one of each group by turns."""
    alike: Counter[tuple[str, str, int]] = Counter()
    turns: Counter[tuple[int, str, int]] = Counter()
    keyed = []
    for place, one in enumerate(waiting):
        kind = one.content.kind
        likeness = (one.group, kind, one.content.size.bit_length())
        nth = alike[likeness]
        alike[likeness] += 1
        turn = turns[one.rank, one.group, nth]
        turns[one.rank, one.group, nth] += 1
        keyed.append(((one.rank, nth, turn, kind not in _OPAQUE, place), one))
    return [one for _, one in sorted(keyed, key=lambda pair: pair[0])]
