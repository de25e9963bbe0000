"""Content: what is found under how many wrappings, what is wrongly called, and how fast.

Run by hand: ``python -m tests.bench.bench_content [SEEDS] > docs/content.md``. Writes the
published page: every encoding and combination with each of five payload types made anew for
each seed, the benign corpus, and throughput as ratios to sha256, interleaved in one run.
"""

from __future__ import annotations

import hashlib
import os
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.content.payloads import PAYLOADS
from tests.content.real_cases import cases
from tests.content.test_identify_benign import REALLY_SCRIPT, registry_values
from tests.content.wrappers import STACKS, WRAPPERS, tiny_png, wrap
from triage.content.examine import examine, glance, payload

_ROUNDS = 15
_VALUES = 10_000
_RECORDS, _FILES = 2000, 500

Row = tuple[str, dict[str, tuple[int, int, float]]]


def matrix(seeds: int) -> Iterator[Row]:
    """(name, {payload kind: (found, tried, median milliseconds)}) for every combination."""
    for names in [*((name,) for name in WRAPPERS), *STACKS]:
        yield " in ".join(names), {kind: _cell(names, kind, seeds) for kind in PAYLOADS}


def _cell(names: tuple[str, ...], kind: str, seeds: int) -> tuple[int, int, float]:
    found, times = 0, []
    for seed in range(seeds):
        rng = random.Random(f"bench {names} {kind} {seed}")
        data = wrap(PAYLOADS[kind](rng), names, rng)
        start = time.perf_counter()
        content = examine(data)
        times.append(time.perf_counter() - start)
        found += any(layer.kind == kind for layer in content.layers)
    return found, seeds, statistics.median(times) * 1000


# --- benign data ------------------------------------------------------------------------


def benign(corpus: Path) -> dict[str, list[bytes]]:
    """Groups of blobs that are no programs."""
    rng = random.Random(1)
    values = _registry(corpus)
    step = max(1, len(values) // _VALUES)
    return {
        "registry values (real hives)": values[::step],
        "event records": _records(corpus),
        "settings, notes and headers of a system": [path.read_bytes() for path in _texts_of()],
        "sections of libraries": list(_sections()),
        "random bytes": [rng.randbytes(rng.randint(16, 20_000)) for _ in range(120)],
        "images": [tiny_png(rng) for _ in range(60)],
        "compressed logs": [_log(rng) for _ in range(60)],
        "random JSON": [_json(rng) for _ in range(120)],
        "base64 and hex of noise": [
            WRAPPERS[rng.choice(["base64", "hex", "base32"])](
                rng.randbytes(rng.randint(9, 3000)), rng
            )
            for _ in range(120)
        ],
        "certificates": [
            path.read_bytes() for path in sorted(Path("/etc/ssl/certs").glob("*.pem"))[:60]
        ],
    }


def _registry(corpus: Path) -> list[bytes]:
    files = (path for path in sorted((corpus / "hives").rglob("*")) if path.is_file())
    hives = (path.read_bytes() for path in files)
    return sorted(
        {value for hive in hives if hive[:4] == b"regf" for value in registry_values(hive)}
    )


def _records(corpus: Path) -> list[bytes]:
    """Data of event records, without those whose text is a script by itself."""
    found = []
    for path in sorted((corpus / "evtx").rglob("*.evtx")):
        data = path.read_bytes()
        at = data.find(b"**\0\0", 4096)
        while at >= 0:
            size = int.from_bytes(data[at + 4 : at + 8], "little")
            record = data[at + 24 : at + size]
            if 24 < size < 65536 and not _scripted(record):
                found.append(record)
            at = data.find(b"**\0\0", at + 4)
    return found[:: max(1, len(found) // _RECORDS)]


def _scripted(record: bytes) -> bool:
    """Whether it records a script: attacks were recorded, and their scripts are finds."""
    return any(REALLY_SCRIPT.search(record[at::2].decode("latin-1")) for at in (0, 1))


_PLACES = (
    "/etc",
    "/usr/share/doc",
    "/usr/share/man",
    "/usr/share/zoneinfo",
    "/usr/share/mime",
    "/usr/include",
    "/usr/share/locale",
    "/usr/share/fonts",
    "/var/lib/dpkg/info",
)
_SCRIPTS = (
    "postinst",
    "prerm",
    "preinst",
    "postrm",
    "config",
    ".sh",
    ".py",
    ".pl",
    ".pm",
    ".js",
    ".rb",
    ".lua",
    ".awk",
    ".php",
)


def _texts_of() -> list[Path]:
    """Files of a system that are no scripts by their name, place and first line."""
    files = []
    for place in _PLACES:
        some = [path for path in sorted(Path(place).rglob("*")) if _plain_file(path)]
        files += some[:: max(1, len(some) // _FILES)]
    return files


def _plain_file(path: Path) -> bool:
    """A small file that honestly is no script: neither named nor begun like one."""
    if path.is_symlink() or not path.is_file() or not 0 < path.stat().st_size < 200_000:
        return False
    if {part.split(".")[0] for part in path.parts} & _SCRIPTED or path.name.endswith(_SCRIPTS):
        return False
    try:
        with path.open("rb") as file:
            return file.read(2) != b"#!"
    except OSError:
        return False


_SCRIPTED = frozenset(
    {
        "Xsession",
        "init",
        "profile",
        "default",
        "bash_completion",
        "contrib",
        "examples",
        "skel",
        "bashrc",
        "bash",
        "chromium",
        "dhcp",
    }
)


def _sections() -> Iterator[bytes]:
    """Slices of code, constants and data of system libraries."""
    chance = random.Random(5)
    for path in sorted(Path("/usr/lib").glob("*-linux-gnu/*.so*"))[:160]:
        data = path.read_bytes()
        if path.is_symlink() or data[:4] != b"\x7fELF" or len(data) < 20_000:
            continue
        for size in (64, 300, 1000, 4096, 16384):
            at = chance.randrange(4096, max(4097, len(data) - size)) & ~15
            yield data[at : at + size]


def _log(rng: random.Random) -> bytes:
    import gzip

    lines = (f"Jan {rng.randint(1, 28)} host app[{rng.randint(1, 9999)}]: done" for _ in range(400))
    return gzip.compress("\n".join(lines).encode(), mtime=0)


def _json(rng: random.Random) -> bytes:
    import json

    rows = [
        {"id": rng.getrandbits(32), "hash": rng.randbytes(20).hex(), "ok": rng.random() < 0.5}
        for _ in range(rng.randint(1, 30))
    ]
    return json.dumps(rows).encode()


def wrongly_called(blobs: list[bytes]) -> list[tuple[str, bytes]]:
    """(kind, blob) of those in which a program or a script is said to be."""
    found = ((payload(examine(blob)), blob) for blob in blobs)
    return [(layer.kind, blob) for layer, blob in found if layer is not None]


# --- throughput -------------------------------------------------------------------------


def ratio_to_sha256(data: bytes, look: Callable[[bytes], object] = glance) -> float:
    """How many times as long as sha256 of the same bytes a look takes: median of rounds."""
    look(data)  # what is compiled at the first use is no part of it
    return statistics.median(_seconds(look, data) / _seconds(_digest, data) for _ in range(_ROUNDS))


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _seconds(call: Callable[[bytes], object], data: bytes, repeat: int = 20) -> float:
    start = time.process_time()
    for _ in range(repeat):
        call(data)
    return (time.process_time() - start) / repeat


#: Sentences with the signs that sentences have.
_PROSE = (
    b"This License applies to any program; the work, or a part of it, may be copied. The "
    b"conditions (as stated below) are to be read with care, and nothing else grants you any "
    b'right: neither a note, nor "good faith".\n\nIf it fails, you are not held to more than '
    b"you have said - for example, in section 7.\nEach version is given its own number.\n"
)


def _code() -> bytes:
    """The middle of the largest system library there is."""
    files = Path("/usr/lib").glob("*-linux-gnu/libc.so.6")
    data = max((path.read_bytes() for path in files), key=len, default=bytes(1 << 20))
    return data[len(data) // 3 :][:65536]


def _plain_blobs() -> dict[str, bytes]:
    rng = random.Random(3)
    words = b" ".join(rng.choice([b"system", b"value", b"the", b"of"]) for _ in range(60_000))
    return {
        "random, 64 KiB": rng.randbytes(65536),
        "random, 128 KiB": rng.randbytes(131072),
        "random, 1 MiB": rng.randbytes(1 << 20),
        "prose, 64 KiB": (_PROSE * 200)[:65536],
        "prose in UTF-16, 64 KiB": (_PROSE * 200)[:32768].decode().encode("utf-16-le"),
        "text, 256 KiB": words[: 256 << 10],
        "compiled code, 64 KiB": _code(),
        "zeros, 64 KiB": bytes(65536),
        "zeros, 1 MiB": bytes(1 << 20),
        "table of numbers, 256 KiB": b"".join(n.to_bytes(4, "little") for n in range(65536)),
    }


# --- the page ---------------------------------------------------------------------------

_HEAD = """# Content: what is found

`triage/content/` says what bytes really are and unwraps them layer by layer. This page is
written by `python -m tests.bench.bench_content SEEDS > docs/content.md` (`TRIAGE_CORPUS_UNPACKED`
names the directory that holds the unpacked `corpus`; payloads and wrappers are made by
`tests/content/payloads.py` and
`tests/content/wrappers.py`). A cell says how many of the payloads were found as what they are,
and the median time of `examine` in milliseconds on the machine of the run: compare rows with
each other, not with another machine. "a in b" means a wrapped in b. Whatever one run of noise
is called changes from seed to seed; `tests/content` holds the promises as tests.

## How it is shown

The same in the report and in `triage inspect`: to people (terminal, HTML) a clue is shown
defanged, `hxxp://203[.]0[.]113[.]7/a`, and with control characters made visible. JSON is for
programs: `value` is exact, as it stands in the content, and `defanged` beside it is what people
are shown. The names of layers are those of [content-kinds.md](content-kinds.md).

## What is not unpacked

7-Zip and RAR archives, Zstandard where no decoder is installed, LZX and Quantum cabinets, and
whatever is encrypted with a key that is not beside it: the kind is told, for archives the names of
the members and whether they are encrypted, and `limit` says what is missing. A short text without
a known beginning under a key nearly as long as itself, or under two keys one after the other, shows
no structure and is called `random` or `data`.
"""


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    print(_HEAD)
    _print_matrix(list(matrix(seeds)))
    _print_real()
    _print_benign()
    _print_speed()


def _print_matrix(rows: list[Row]) -> None:
    kinds = list(PAYLOADS)
    print("## Encodings and combinations\n")
    print(f"| wrapping | {' | '.join(kinds)} |\n|---|{'---|' * len(kinds)}")
    for name, cells in rows:
        shown = (f"{found}/{tried}, {ms:.0f} ms" for found, tried, ms in cells.values())
        print(f"| {name.replace('|', chr(92) + '|')} | {' | '.join(shown)} |")
    found = sum(cell[0] for _, cells in rows for cell in cells.values())
    tried = sum(cell[1] for _, cells in rows for cell in cells.values())
    print(f"\n{len(rows)} wrappings, {tried} cases, {found} found: {found / tried:.1%}.\n")


def _print_real() -> None:
    """What compilers, coreutils, openssl and compressors make: tests/content/real_cases.py."""
    print("## Made with real tools\n\n| kind | cases | found |\n|---|---|---|")
    tried: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for case in cases():
        tried[case.kind] += 1
        found[case.kind] += any(one.kind == case.kind for one in examine(case.data).layers)
    for kind, number in sorted(tried.items()):
        print(f"| {kind} | {number} | {found[kind]} |")
    print(f"\n{found.total()} of {tried.total()}: {found.total() / tried.total():.1%}.\n")


def _print_benign() -> None:
    corpus = Path(os.environ.get("TRIAGE_CORPUS_UNPACKED", "")) / "corpus"
    print("## Benign data\n\n| data | blobs | called a program or script |\n|---|---|---|")
    total = wrong = 0
    for name, blobs in benign(corpus).items():
        calls = wrongly_called(blobs)
        total, wrong = total + len(blobs), wrong + len(calls)
        kinds = ", ".join(sorted({kind for kind, _ in calls}))
        print(f"| {name} | {len(blobs)} | {len(calls)} {kinds} |")
    print(f"\n{wrong} of {total}: {wrong / total:.2%}.\n")


def _print_speed() -> None:
    print("## Speed of the cheap look\n\n| bytes | time / sha256 of the same bytes |\n|---|---|")
    for name, data in _plain_blobs().items():
        print(f"| {name} | {ratio_to_sha256(data):.2f} |")
    corpus = Path(os.environ.get("TRIAGE_CORPUS_UNPACKED", "")) / "corpus"
    small = [value for value in _registry(corpus) if 0 < len(value) < 100]
    chosen = random.Random(7).sample(small, min(len(small), 1500))
    median = statistics.median(_seconds(glance, value, 30) for value in chosen)
    empty = _seconds(_digest, b"x" * 50, 2000)
    times = f"{median * 1e6:.1f} microseconds, {median / empty:.0f} times sha256 of 50 bytes"
    print(f"\nThe median of {len(chosen)} real registry values under 100 bytes: {times}.")


if __name__ == "__main__":
    main()
