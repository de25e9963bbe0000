"""Single decoders against their formats' own tools and tables."""

from __future__ import annotations

import io
import random
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.content.wrappers import WRAPPERS
from triage.carving.zip_crypto import archive
from triage.content import jscript_encode, lz4, lznt1
from triage.content.examine import examine
from triage.content.string_folding import fold


def test_script_encoding_tables_are_three_permutations() -> None:
    plain = {9, *range(32, 128)} - set(b"<>@")
    for table in jscript_encode._DECODE:
        assert set(table.values()) == plain
        assert len(table) == len(plain)


def _encoded(text: bytes) -> bytes:
    """The inverse of the decoder's tables, written from the format's description."""
    escapes = {ord("<"): b"@!", ord(">"): b"@*", ord("@"): b"@$", 10: b"@&", 13: b"@#"}
    out = bytearray()
    for position, char in enumerate(text):
        table = jscript_encode._DECODE[jscript_encode._ORDER[position % 64]]
        inverse = {plain: code for code, plain in table.items()}
        out += escapes.get(char) or bytes([inverse[char]])
    return bytes(out)


def test_an_encoded_script_is_read() -> None:
    # "W" and so on in the first columns: a fixed sample keeps the tables from drifting together
    assert jscript_encode.decode(b"\x7e") == b" "
    source = b'var s = new ActiveXObject("WScript.Shell");\r\nif (1 < 2) { s.Run("calc.exe"); }\r\n'
    block = b"#@~^" + b"XXXXXX==" + _encoded(source) + b"YYYYYY==" + b"^#~@"
    content = examine(block)
    assert content.layers[0].kind == "jscript-encode"
    assert content.layers[1].size == len(source)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.binary(min_size=1, max_size=9000), repeat=st.integers(1, 4))
def test_lznt1_round_trip(data: bytes, repeat: int) -> None:
    original = data * repeat
    packed = WRAPPERS["LZNT1"](original, random.Random(0))
    assert lznt1.decompress(packed) == original


@settings(max_examples=80, deadline=None, derandomize=True)
@given(data=st.binary(max_size=300))
def test_decompressors_take_anything(data: bytes) -> None:
    for decoder in (lznt1.decompress, lambda d: lz4.block(d, 4096), lambda d: lz4.frame(d, 4096)):
        result = decoder(data)
        assert result is None or isinstance(result, (bytes, tuple))


def test_lz4_agrees_with_the_library() -> None:
    library = pytest.importorskip("lz4.frame")
    block = pytest.importorskip("lz4.block")
    rng = random.Random(1)
    original = b"".join(rng.choice([b"abc", b"hello ", b"\0" * 20]) for _ in range(30_000))
    for linked in (True, False):
        packed = library.compress(original, block_linked=linked, content_checksum=True)
        result = lz4.frame(packed, 1 << 22)
        assert result is not None
        assert result[0] == original
    assert lz4.block(block.compress(original, store_size=False), 1 << 22) == original


def test_zstd_is_read_or_its_absence_is_said() -> None:
    frame = bytes.fromhex("28b52ffd2006310000") + b"payload"[:6]
    content = examine(frame + b"\0" * 0)
    assert content.kind == "zstd"
    from triage.content.compressed import zstd_decompressor

    if zstd_decompressor() is None:
        assert content.limit == "needs zstandard"
    else:
        assert content.limit == ""


def test_the_protected_archive_opens_with_the_usual_password() -> None:
    files = [("00-original.bin", random.Random(3).randbytes(5000)), ("manifest.json", b"{}\n")]
    with zipfile.ZipFile(io.BytesIO(archive(files))) as opened:
        assert opened.namelist() == [name for name, _ in files]
        assert all(opened.getinfo(name).flag_bits & 1 for name in opened.namelist())
        assert [(n, opened.read(n, pwd=b"infected")) for n in opened.namelist()] == files
        with pytest.raises(RuntimeError):
            opened.read("manifest.json", pwd=b"wrong")


@pytest.mark.parametrize(
    ("script", "language", "says"),
    [
        ("& ('Inv'+'oke-Ex'+'pression') $x", "powershell", "'Invoke-Expression'"),
        ("& (\"{1}{0}{2}\" -f 'voke-Exp','In','ression')", "powershell", "'Invoke-Expression'"),
        ("('IQQX'.Replace('QQ','E'))", "powershell", "'IEX'"),
        ("('IzzX' -replace 'zz','E')", "powershell", "'IEX'"),
        ("-join ('d','o','w','n')", "powershell", "'down'"),
        ("('n','e','t') -join ''", "powershell", "'net'"),
        ("[char]73+[char]69+[char]88", "powershell", "'IEX'"),
        ("'gnirtSdaolnwoD'[-1..-14] -join ''", "powershell", "'DownloadString'"),
        ("I`E`X $x; i`nvoke-e`xpression", "powershell", "invoke-expression"),
        ("$a='po';$b='wershell';& ($a+$b)", "powershell", "'powershell'"),
        ("$u = 'http://'; $u += 'a.example'; get($u)", "powershell", "http://a.example"),
        ("p^o^w^e^r^s^h^e^l^l -nop", "batch", "powershell -nop"),
        ("x = Chr(87) & Chr(83) & Chr(99)", "vbscript", "'WSc'"),
        ("x = \"WScr\" & \"ipt.S\" & _\r\n \"hell\"", "vbscript", "'WScript.Shell'"),
        ("StrReverse(\"llehs\")", "vbscript", "'shell'"),
        ("var a = 'ev' + 'al';", "javascript", "'eval'"),
        ("'lave'.split('').reverse().join('')", "javascript", "'eval'"),
        ("['a','b','c'].join('')", "javascript", "'abc'"),
        ("'aXbX'.split('X').join('1')", "javascript", "'a1b1'"),
        ("String.fromCharCode(101,118,97,108)", "javascript", "'eval'"),
        ("'\\x65\\x76' + 'al'", "javascript", "'eval'"),
        ("$x = 'sys' . 'tem';", "php", "'system'"),
        ("str_replace('!', 'e', '!val')", "php", "'eval'"),
        ("''.join(['ex', 'ec'])", "python", "'exec'"),
        ("'cexe'[::-1]", "python", "'exec'"),
    ],
)  # fmt: skip
def test_strings_are_put_together(script: str, language: str, says: str) -> None:
    result = fold(script, language)
    assert says in result.text
    assert result.folds > 0


@pytest.mark.parametrize(
    "script",
    ["Write-Host 'hello'", 'echo "it\'s" fine', "x = 5 + 3", "'unterminated", "a.b(c, d)", ""],
)
def test_ordinary_scripts_are_left_alone(script: str) -> None:
    assert fold(script, "powershell").text == script


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    text=st.text(alphabet="'\"+-f{}01()[],.$ax=;\\ `^\n", max_size=200),
    language=st.sampled_from(["powershell", "javascript", "php", "python"]),
)
def test_folding_is_total_and_settles(text: str, language: str) -> None:
    once = fold(text, language)
    assert len(once.text) <= len(text) * 64 + 4096
