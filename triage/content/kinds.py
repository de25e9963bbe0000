"""The one vocabulary of kinds: what bytes can turn out to be.

The names are lower case, never change their meaning, and are the same in JSON, reports and
documentation (``docs/content-kinds.md`` is generated from :data:`KINDS`). A kind says what
something *is*; how much is known beyond that (packed, .NET, UTF-16, ...) is a trait.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from triage.records import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its name, its family and what it is called in a sentence."""

    name: str
    family: str
    title: str


_BY_FAMILY: dict[str, dict[str, str]] = {
    "executable": {
        "pe": "Windows executable or library (PE), .NET assemblies included",
        "elf": "Linux or Unix executable, library or object (ELF)",
        "macho": "macOS executable or library (Mach-O)",
        "shellcode": "position-independent machine code that works like shellcode",
        "java-class": "Java class file",
        "dex": "Android bytecode (DEX)",
        "wasm": "WebAssembly module",
        "dos": "DOS executable (MZ without PE)",
    },
    "script": {
        "powershell": "PowerShell script",
        "jscript": "JScript for the Windows Script Host",
        "vbscript": "VBScript or VBA source",
        "sct": "Windows scriptlet (SCT/WSC)",
        "hta": "HTML application with script (HTA)",
        "batch": "Windows batch script",
        "shell": "Unix shell script",
        "python": "Python source",
        "perl": "Perl source",
        "php": "PHP source",
        "ruby": "Ruby source",
        "lua": "Lua source",
        "awk": "awk program",
        "javascript": "JavaScript",
        "script": "script for another interpreter (named by its first line)",
    },
    "bytecode": {
        "pickle": "Python pickle",
        "marshal": "Python marshalled object or code",
        "pyc": "compiled Python file",
        "java-serialized": "serialized Java object",
        "dotnet-serialized": "serialized .NET object (BinaryFormatter)",
        "lua-bytecode": "compiled Lua",
    },
    "archive": {
        "zip": "zip archive",
        "tar": "tar archive",
        "cab": "Windows cabinet",
        "7z": "7-Zip archive",
        "rar": "RAR archive",
        "cpio": "cpio archive",
        "ar": "ar archive (static library, deb)",
        "rpm": "RPM package",
        "iso": "ISO 9660 image",
        "squashfs": "squashfs image",
    },
    "compressed": {
        "gzip": "gzip stream",
        "zlib": "zlib stream",
        "deflate": "raw deflate stream",
        "bzip2": "bzip2 stream",
        "xz": "xz stream",
        "lzma": "LZMA stream",
        "zstd": "Zstandard frame",
        "lz4": "LZ4 frame",
        "lznt1": "LZNT1 chunks, as Windows compresses buffers",
        "mam": "Windows MAM (Xpress Huffman) compressed file",
        "compress": "Unix compress stream",
        "snappy": "framed Snappy stream",
    },
    "encrypted": {
        "openssl-salted": "OpenSSL enc output (Salted__)",
        "pgp": "OpenPGP message or key",
        "age": "age encrypted file",
        "luks": "LUKS volume header",
        "zip-encrypted": "zip archive with encrypted members",
        "dpapi": "Windows DPAPI blob",
        "ansible-vault": "Ansible Vault",
        "fernet": "Fernet token",
    },
    "encoded": {
        "base64": "base64 text",
        "base32": "base32 text",
        "base85": "base85 or Ascii85 text",
        "hex": "bytes written in hexadecimal",
        "decimal-list": "bytes written as a list of decimal numbers",
        "octal": "bytes written as octal escapes",
        "percent": "percent-encoded text",
        "html-entities": "text in HTML character references",
        "escaped": "text or bytes in backslash escapes",
        "uuencode": "uuencoded data",
        "quoted-printable": "quoted-printable text",
        "utf-16": "text in UTF-16",
        "reversed": "bytes or text in reverse order",
        "xor": "bytes combined with a repeating XOR key",
        "add": "bytes with a constant added",
        "rol": "bytes with their bits rotated",
        "not": "bytes with their bits inverted",
        "rc4": "bytes encrypted with RC4, the key beside them",
        "jscript-encode": "encoded script (JScript.Encode, VBScript.Encode)",
        "concatenated": "text put together from pieces by a script",
        "spliced": "bytes put together from several parts",
    },
    "key": {
        "pem": "PEM block: certificate, key or request",
        "certificate": "X.509 certificate (DER)",
        "private-key": "private key (DER)",
        "public-key": "public key",
        "der": "other DER or BER structure",
        "pkcs7": "PKCS #7 or CMS structure (signature, certificates)",
        "pkcs12": "PKCS #12 key store",
        "certificate-property": "serialized Windows certificate store entry",
        "kerberos": "Kerberos ticket or credential cache",
    },
    "image": {
        "png": "PNG image",
        "jpeg": "JPEG image",
        "gif": "GIF image",
        "bmp": "BMP image or device-independent bitmap",
        "ico": "Windows icon or cursor",
        "tiff": "TIFF image",
        "webp": "WebP image",
        "emf": "Windows (enhanced) metafile",
        "xpm": "X pixmap",
        "psd": "Photoshop image",
        "svg": "SVG image",
    },
    "font": {
        "sfnt": "TrueType or OpenType font",
        "woff": "web font (WOFF)",
    },
    "media": {
        "riff": "RIFF sound or video",
        "ogg": "Ogg stream",
        "flac": "FLAC sound",
        "mp3": "MP3 sound",
        "mp4": "MP4 or QuickTime video",
        "matroska": "Matroska or WebM video",
        "midi": "MIDI sound",
        "au": "Sun sound",
    },
    "document": {
        "pdf": "PDF document",
        "ole": "OLE compound file (old Office, MSI)",
        "rtf": "RTF document",
        "html": "HTML page",
        "postscript": "PostScript",
        "lnk": "Windows shortcut",
        "chm": "compiled HTML help",
        "onenote": "OneNote section",
        "email": "e-mail message",
        "djvu": "DjVu document",
    },
    "database": {
        "sqlite": "SQLite database",
        "hive": "Windows registry hive",
        "evtx": "Windows event log",
        "evt": "old Windows event log",
        "journal": "systemd journal",
        "prefetch": "Windows prefetch file",
        "gdbm": "GNU dbm database",
        "utmp": "login records (utmp, wtmp)",
        "pcap": "network capture",
        "terminfo": "compiled terminal description",
        "tzif": "time zone rules",
        "locale": "compiled locale or message catalogue",
        "cache": "system cache file (ld.so, icons, fonts)",
        "security-descriptor": "Windows security descriptor",
        "sid": "Windows security identifier",
        "semaphore": "POSIX named semaphore (glibc)",
        "dtb": "flattened device tree",
        "kernel": "Linux kernel image",
        "mof": "compiled WMI definitions (BMF)",
        "git": "git object, pack or index",
    },
    "settings": {
        "json": "JSON",
        "xml": "XML",
        "ini": "settings in sections and keys (INI, unit file, .desktop)",
        "registry-export": "exported registry keys (.reg)",
        "plist": "property list",
        "yaml": "YAML",
        "css": "style sheet",
        "sql": "SQL statements",
        "csv": "table in lines and columns",
        "source": "source code of a compiled language",
        "gvariant": "serialized D-Bus or GVariant data",
    },
    "text": {"text": "plain text"},
    "plain": {
        "empty": "nothing",
        "zeros": "nothing but zero bytes",
        "filler": "one short pattern repeated",
        "random": "random-looking bytes: encrypted or densely compressed, no known structure",
        "data": "binary data of no known kind",
    },
}

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        name: Kind(name, family, title)
        for family, titles in _BY_FAMILY.items()
        for name, title in titles.items()
    }
)

#: Traits that :func:`triage.content.identify.identify` may add, and what they say.
TRAITS: Mapping[str, str] = MappingProxyType(
    {
        "32-bit": "code or headers for 32-bit machines",
        "64-bit": "code or headers for 64-bit machines",
        "x86": "for 32-bit x86",
        "x86-64": "for x86-64",
        "arm": "for 32-bit ARM",
        "arm64": "for 64-bit ARM",
        "executable": "a program that can be started",
        "library": "a shared library or DLL",
        "object": "a relocatable object",
        "kernel-module": "a Linux kernel module",
        "driver": "a Windows kernel driver",
        "core": "a core dump",
        "static": "linked statically",
        "dynamic": "needs a dynamic loader",
        "packed": "holds compressed or encrypted code",
        "upx": "packed with UPX",
        "dotnet": "a .NET assembly",
        "no-sections": "its section headers are missing",
        "go": "compiled from Go",
        "reflective-loader": "exports a function that loads it from memory",
        "wiped-header": "its leading magic bytes were changed or removed",
        "headers-only": "only headers were seen, less than they describe",
        "truncated": "ends before its headers say it does",
        "overlay": "more bytes follow its end",
        "guest": "something that runs lies inside a picture or sound",
        "encrypted-members": "members are encrypted",
        "utf-16": "text in UTF-16",
        "utf-8-bom": "text that begins with a UTF-8 byte order mark",
        "nul-terminated": "text with zero bytes after it",
        "one-liner": "a single command line",
        "obfuscated": "written so that it is hard to read",
        "machine-code": "looks like compiled code, without the habits of shellcode",
        "getpc": "finds its own address",
        "peb-walk": "finds Windows modules through the PEB",
        "api-hashing": "finds functions by a hash of their name",
        "decoder-stub": "decodes the bytes that follow it",
        "syscalls": "calls the kernel directly",
        "spawns-shell": "starts a shell",
        "network": "opens a network connection",
        "nop-sled": "begins with a run of no-operations",
        "position-independent": "runs wherever it lies",
        "imports-code": "imports callables when it is loaded",
        "imports-nothing": "can run nothing when it is loaded",
        "private": "holds a private key",
    }
)


def family(kind: str) -> str:
    """The family of a kind's name; ``"plain"`` for a name outside the vocabulary."""
    known = KINDS.get(kind)
    return "plain" if known is None else known.family
