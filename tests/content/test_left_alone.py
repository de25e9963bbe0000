"""Ordinary text is left as it is: no guess turns settings, notes or names into a script."""

from __future__ import annotations

import base64
import random

import pytest

from triage.content.carriers import carries, looks_encoded
from triage.content.examine import examine, payload
from triage.content.kinds import family

_NETWORKS = b"default\t\t0.0.0.0\nloopback\t127.0.0.0\nlink-local\t169.254.0.0\n\n"
_INPUTRC = (
    b"# /etc/inputrc - global inputrc for libreadline\nset input-meta on\nset output-meta on\n"
    b'# set bell-style none\n$if mode=emacs\n"\\e[1~": beginning-of-line\n"\\e[4~": end-of-line\n'
    b'"\\e[5~": history-search-backward\n"\\e[3~": delete-char\n"\\e[2~": quoted-insert\n$endif\n'
)
_UDEV = (
    b"E:DEVNAME=/dev/sda1\nE:ID_FS_UUID=3f2504e0-4f89-11d3-9a0c-0305e82c3301\nE:ID_FS_TYPE=ext4\n"
    b"E:ID_PART_ENTRY_SCHEME=gpt\nE:DEVLINKS=/dev/disk/by-path/pci-0000:00:1f.2-ata-1-part1\n"
)
_CMAKE = (
    b'include(GNUInstallDirs)\nif (NOT TARGET X::Y)\n  set(FOO_DIR "${CMAKE_CURRENT_LIST_DIR}")\n'
    b'  find_package(Bar REQUIRED)\n  foreach(one ${LIST})\n    message(STATUS "${one}")\n'
    b"  endforeach()\nendif()\n"
)
_YAML = (
    b"language: python\nsudo: false\ninstall:\n  - pip install -r requirements.txt\n"
    b'script:\n  - if [ -n "$CI" ]; then make check; fi\n  - cd build && ./run.sh > /dev/null\n'
)
_MAKE = b"all: prog\n\tcc -o prog main.c\n\nclean:\n\trm -f prog *.o\n\texport X=1; echo $$X\n"
_POD = (
    b"=head1 NAME\n\nA::B - a module\n\n=head1 SYNOPSIS\n\n    use A::B;\n    my $x = A::B->new;\n"
)
_NAMES = "\\Registry\\Machine\\System\\CurrentControlSet\\Services".encode("utf-16-le")
_MIME = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document docx\n" * 6
_LOG = (
    b"Jan 02 10:11:12 host sshd[812]: Accepted publickey for root from 192.0.2.1 port 50222\n" * 9
)
_CAPITALS = (
    b"SOFTWARE_LICENSE_AGREEMENT THE_QUICK_BROWN FOX JUMPS OVER THE LAZY DOG 1234 TIMES\n" * 3
)


@pytest.mark.parametrize(
    "text",
    [_NETWORKS, _INPUTRC, _UDEV, _CMAKE, _YAML, _MAKE, _POD, _NAMES, _MIME, _LOG, _CAPITALS],
    ids=["networks", "inputrc", "udev", "cmake", "yaml", "make", "pod", "names", "mime", "log",
         "capitals"],
)  # fmt: skip
def test_it_stays_one_layer_of_text(text: bytes) -> None:
    content = examine(text)
    assert payload(content) is None
    assert len(content.layers) == 1
    assert family(content.kind) in ("text", "settings")


def test_noise_in_any_alphabet_stays_without_a_payload() -> None:
    rng = random.Random(31)
    wrong = []
    for size in (16, 33, 100, 500, 1000, 5000) * 12:
        noise = rng.randbytes(size)
        for write in (base64.b64encode, base64.b85encode, base64.b32encode, base64.a85encode):
            found = payload(examine(write(noise)))
            wrong += [(write.__name__, size, found)] if found is not None else []
    assert len(wrong) <= 1, wrong  # 288 texts


@pytest.mark.parametrize("text", [b"=" * 40, b"==== ====", b"-" * 100, b"=\n" * 30])
def test_rulers_are_text(text: bytes) -> None:
    assert payload(examine(text)) is None


def test_names_and_paths_are_told_from_encoded_bytes() -> None:
    rng = random.Random(5)
    names = (
        b"/usr/share/doc/libsomething-perl/examples",
        b"GetSystemTimeAsFileTimeStamp",
        b"org/example/application/MainWindowFactory",
        b"DER_OID_V_id_sha1_with_rsa",
    )
    for name in names:
        assert not looks_encoded(name)
    for size in (24, 60, 300):
        noise = rng.randbytes(size)
        assert looks_encoded(base64.b64encode(noise))
        assert looks_encoded(noise.hex().encode())
        assert carries(b"key = " + base64.b64encode(noise) + b"\n")
