"""Hidden payloads are found: 60 wrappers and 40 stacks of them around five types."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
import zlib
from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.content.payloads import PAYLOADS
from tests.content.wrappers import STACKS, WRAPPERS, tiny_png, wrap
from triage.content.candidate import Budget, Limits
from triage.content.encodings import from_base64
from triage.content.examine import examine, glance, layers_of, payload, worth_unwrapping
from triage.content.kinds import KINDS
from triage.content.rc4 import crypt
from triage.content.unwrap import candidates
from triage.content.xor import apply
from triage.model import Content

#: Enough of the matrix for every run; the benchmark goes through all of it, many times.
_SEED = 7


def _found(names: tuple[str, ...], kind: str, seed: int = _SEED) -> bool:
    rng = random.Random(f"{names} {kind} {seed}")
    data = wrap(PAYLOADS[kind](rng), names, rng)
    return any(layer.kind == kind for layer in examine(data).layers)


@pytest.fixture(scope="module")
def outcomes() -> dict[tuple[tuple[str, ...], str], bool]:
    """Each single wrapper with two types, each stack with one, the types in turn."""
    kinds = list(PAYLOADS)
    jobs: list[tuple[tuple[str, ...], str]] = [
        ((name,), kinds[(at + more) % 5]) for at, name in enumerate(WRAPPERS) for more in (0, 2)
    ]
    jobs += [(stack, kinds[at % 5]) for at, stack in enumerate(STACKS)]
    return {job: _found(*job) for job in jobs}


def test_at_least_98_percent_are_found(
    outcomes: dict[tuple[tuple[str, ...], str], bool],
) -> None:
    missed = [job for job, found in outcomes.items() if not found]
    assert len(outcomes) >= 150
    assert len(missed) <= len(outcomes) * 0.02, missed


def test_no_wrapper_is_unknown(outcomes: dict[tuple[tuple[str, ...], str], bool]) -> None:
    found = Counter(names for (names, _), success in outcomes.items() if success)
    assert not [name for name in WRAPPERS if not found[(name,)]]


#: Wrappers without a chance to lose: whatever was put in must come out.
_CERTAIN = ("base64", "hex", "gzip", "zlib", "base32", "bzip2", "xz", "decimal list", "base85")


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    names=st.lists(st.sampled_from(_CERTAIN), min_size=1, max_size=3),
    kind=st.sampled_from(["pe", "elf", "powershell", "shell"]),
    seed=st.integers(0, 1 << 30),
)
def test_random_stacks_are_undone(names: list[str], kind: str, seed: int) -> None:
    rng = random.Random(seed)
    original = PAYLOADS[kind](rng)
    content = examine(wrap(original, tuple(names), rng))
    digests = {layer.sha256: layer.kind for layer in content.layers}
    assert digests.get(sha256(original).hexdigest()) == kind


@settings(max_examples=40, deadline=None, derandomize=True)
@given(key=st.binary(min_size=2, max_size=16).filter(any), seed=st.integers(0, 1 << 30))
def test_repeating_xor_keys_are_recovered_from_a_program(key: bytes, seed: int) -> None:
    original = PAYLOADS["pe"](random.Random(seed))
    content = examine(apply(original, key))
    assert payload(content) is not None
    assert sha256(original).hexdigest() in {layer.sha256 for layer in content.layers}


def _sound(content: Content, data: bytes) -> None:
    """What holds for every answer."""
    assert content.layers[0].parent is None
    assert content.layers[0].size == content.size == len(data)
    assert content.layers[0].sha256 == sha256(data).hexdigest()
    assert content.kind == content.layers[0].kind
    for number, layer in enumerate(content.layers):
        assert layer.kind in KINDS
        assert number == 0 or (layer.parent is not None and layer.parent < number)
    assert all(clue.layer < len(content.layers) for clue in content.clues)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(data=st.binary(max_size=600))
def test_arbitrary_bytes_get_a_sound_answer(data: bytes) -> None:
    content = examine(data)
    _sound(content, data)
    assert content == examine(data)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(text=st.text(max_size=400), seed=st.integers(0, 99))
def test_arbitrary_text_gets_a_sound_answer(text: str, seed: int) -> None:
    data = text.encode("utf-8", "surrogatepass")
    _sound(examine(data), data)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(sorted(WRAPPERS)), seed=st.integers(0, 1 << 30), cut=st.integers(0, 4000)
)
def test_damaged_wrappings_get_a_sound_answer(name: str, seed: int, cut: int) -> None:
    rng = random.Random(seed)
    data = bytearray(wrap(PAYLOADS["shell"](rng), (name,), rng)[: cut + 20])
    for _ in range(3):
        data[rng.randrange(len(data))] = rng.randrange(256)
    _sound(examine(bytes(data)), bytes(data))


def test_layers_of_gives_the_bytes_of_the_layers_examine_reports() -> None:
    rng = random.Random(3)
    data = wrap(PAYLOADS["elf"](rng), ("gzip", "base64"), rng)
    layers = list(layers_of(data))
    assert tuple(layer for layer, _ in layers) == examine(data).layers
    assert [layer.kind for layer, _ in layers] == ["base64", "gzip", "elf"]
    assert all(sha256(body).hexdigest() == layer.sha256 for layer, body in layers)


# --- hostile input ----------------------------------------------------------------------

_MIB = 1 << 20


def _zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(80 * _MIB))
    return out.getvalue()


@pytest.mark.parametrize(
    "make",
    [
        lambda: gzip.compress(bytes(80 * _MIB), 1),
        lambda: gzip.compress(gzip.compress(bytes(80 * _MIB))),
        lambda: zlib.compress(bytes(80 * _MIB), 1),
        _zip_bomb,
    ],
    ids=["gzip", "gzip in gzip", "zlib", "zip"],
)
def test_a_bomb_is_called_a_bomb(make: object) -> None:
    assert callable(make)
    content = examine(make())
    assert content.limit == "bomb"
    assert sum(layer.size for layer in content.layers[1:]) <= 64 * _MIB


@pytest.mark.parametrize("data", [b"", b"M", b"\0", b"MZ", b"\x1f\x8b", b"PK\x03\x04", b"=" * 9])
def test_next_to_nothing_gets_an_answer(data: bytes) -> None:
    _sound(examine(data), data)


def test_a_hundred_megabytes_of_zeros_are_zeros() -> None:
    content = examine(bytes(100 * _MIB))
    assert (content.kind, content.limit, len(content.layers)) == ("zeros", "", 1)


@pytest.mark.parametrize(
    "unit",
    [
        b"a", b"(", b"'", b"'\"", b"QUJD!", b"\\x4", b"%41", b"[char]65+", b"'a'+", b"$a='b';",
        b"'{0}'-f", b"0x", b"1.", b"a.", b"a@", b"http://a.b.c/", b"MZ", b"\x78\x9c", b"PK\x03\x04",
        b"#@~^", b"-----", b"a\0", b"HKCU:\\", b"&#", b"<~",
    ],
)  # fmt: skip
def test_hostile_repetition_stays_within_its_work(unit: bytes) -> None:
    data = unit * (_MIB // 4 // len(unit))
    limits = Limits(work=300_000_000)
    content = examine(data, limits=limits)
    _sound(content, data)
    assert payload(content) is None


def test_work_is_counted_and_limited() -> None:
    data = random.Random(5).randbytes(40_000).hex().encode()
    assert examine(data, limits=Limits(work=1_000_000)).limit == "work"
    assert examine(data, limits=Limits(depth=1)).limit in ("depth", "")


def test_a_chain_deeper_than_the_limit_is_said() -> None:
    data = PAYLOADS["elf"](random.Random(1))
    for _ in range(40):
        data = gzip.compress(data, mtime=0)
    content = examine(data)
    assert content.limit == "depth"
    assert len(content.layers) == 33


# --- what must stay what it is ----------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        b"The quick brown fox jumps over the lazy dog, and nothing else happens here.",
        b"C:\\Program Files\\Common Files\\Microsoft Shared\\ink\\tiptsf.dll",
        b"deadbeef" * 8,
        b"Microsoft/Windows/CurrentVersion/Explorer/StartupApproved",
        b"{3f2504e0-4f89-11d3-9a0c-0305e82c3301}",
        b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ],
)
def test_ordinary_text_stays_one_layer_without_payload(text: bytes) -> None:
    content = examine(text)
    assert payload(content) is None
    assert len(content.layers) == 1


def test_encoded_noise_holds_no_payload() -> None:
    rng = random.Random(11)
    for name in ("base64", "hex", "0x list", "decimal list", "base85"):
        content = examine(wrap(rng.randbytes(3000), (name,), rng))
        assert payload(content) is None


def test_an_image_with_nothing_behind_it_is_not_worth_unwrapping() -> None:
    rng = random.Random(2)
    image = tiny_png(rng)
    assert not worth_unwrapping(glance(image))
    assert worth_unwrapping(glance(image + PAYLOADS["elf"](rng)))


def test_text_in_a_program_is_not_unwrapped_into_another_program() -> None:
    content = examine(PAYLOADS["pe"](random.Random(8)))
    assert [layer.kind for layer in content.layers] == ["pe"]


# --- pieces -----------------------------------------------------------------------------


def test_rc4_agrees_with_the_published_vectors() -> None:
    # Test vectors of the original posting, in Wikipedia's table of RC4.
    assert crypt(b"Key", b"Plaintext").hex() == "bbf316e8d940af0ad3"
    assert crypt(b"Wiki", b"pedia").hex() == "1021bf0420"


@given(data=st.binary(min_size=1, max_size=99), tail=st.integers(0, 2))
def test_base64_comes_back_whatever_is_missing(data: bytes, tail: int) -> None:
    import base64

    encoded = base64.b64encode(data)
    assert from_base64(encoded.rstrip(b"=")) == data
    assert from_base64(base64.urlsafe_b64encode(data)) == data


def test_candidates_of_noise_cost_little() -> None:
    from triage.content.candidate import Hints
    from triage.content.identify import identify

    noise = random.Random(4).randbytes(65536)
    budget = Budget(Limits())
    found = list(candidates(noise, identify(noise), Hints(), budget))
    assert len(found) < 40
    assert budget.work < 600_000_000
