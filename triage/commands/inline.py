"""Code handed to an interpreter on its command line: what it decodes, fetches and runs.

Two things together decide, never one word: something is made into code (``exec``, ``eval``,
``system``), and it was decoded, fetched or read from a store in the same expression.
"""

from __future__ import annotations

import re

from triage.commands.places import SEVERITY, clean, volatile
from triage.commands.reasons import Reason
from triage.content.patterns import lazy
from triage.model import Severity

_RUNS = lazy(
    r"\bexec\s*\(|\beval\b|\bcompile\s*\(|os\.(?:system|popen|exec\w*|posix_spawn\w*)|\bsubprocess\b|"
    r"\b(?:system|passthru|shell_exec|popen|proc_open|assert|create_function)\s*\(|"
    r"\bsystem\s*[\"'$q]|\bnew\s+Function\b|\bFunction\s*\(|vm\.run|child_process|"
    r"\brunIn(?:This|New)?Context\b|\bvm\.Script\b|\._compile\s*\(|"
    r"\b(?:marshal|pickle)\.loads|\brunpy\b|\bload(?:string)?\s*\(|\bIO\.popen\b|\bKernel\.|"
    r"\bos\.execute\b|\bio\.popen\b|\|&?\s*getline\b|\bqx\b|\bexecSync\b|\bspawn(?:Sync)?\s*\(|"
    r"\bshell_exec\b|\bpcntl_exec\b|\binstance_eval\b|\bdo\s+\\|\bIEX\b|Invoke-Expression|importlib",
    re.IGNORECASE,
)
_DECODES = lazy(
    r"\bun(?:b64|base64)\b|\b(?:b64|base64)[._]decode\b|b(?:64|32|85|16)decode|a85decode|decodebytes|\bunhexlify\b|\bfromhex\b|zlib\.decompress|"
    r"(?:lzma|bz2|gzip)\.decompress|codecs\.decode|\brot_?13\b|decode_base64|MIME::Base64|"
    r"\b(?:un)?pack\s*\(?\s*[\"'qu]|base64_decode|gzinflate|gzuncompress|str_rot13|hex2bin|"
    r"Base64\.(?:strict_)?decode|unpack1?\(?\s*[\"']m|Buffer\.from\([^)]{0,4000}?(?:base64|hex)|\batob\s*\(|"
    r"FromBase64String|(?:chr\(\d{1,3}\)\s*[.+]\s*){6,}|bytes\(\s*\[\s*\d|marshal\.loads|"
    r"-enc\w*\s+[A-Za-z0-9+/=]{24}|(?:\\x[0-9A-Fa-f]{2}){12,}",
    re.IGNORECASE,
)
_FETCHES = lazy(
    r"urllib|\brequests\.(?:get|post)|http\.client|httplib|urlopen|LWP::|HTTP::Tiny|Net::HTTP|"
    r"open-uri|URI\.open|file_get_contents\s*\(\s*[\"'](?:https?|ftp)|curl_exec|\bfetch\s*\(|"
    r"https?\.get\s*\(|socket\.(?:socket|create_connection)|IO::Socket|fsockopen|TCPSocket|"
    r"DownloadString|Invoke-WebRequest|\biwr\b|/inet6?4?/(?:tcp|udp)/|\bimport\s+socket\b|"
    r"\bfrom\s+socket\s+import|__import__\(\s*[\"']socket|\bopen_connection\s*\(|"
    r"require\s*\(?\s*[\"'](?:node:)?(?:net|tls|dgram|socket|https?)[\"']|\bnet\.(?:connect|Socket)|"
    r"stream_socket_client|socket_connect|sockaddr_in|\bPF_INET\b|\bsocket\.tcp\b|Deno\.connect|"
    r"\bsocket\s+[\w.$-]+\s+\d{1,5}\b",
    re.IGNORECASE,
)
_SHELL = lazy(
    r"pty\.spawn|dup2\s*\(|/bin/(?:ba|da|z|k)?sh\b|\bexec\s*\(?\s*[\"']/bin/|spawn\(|"
    r"\.reopen\b|->\s*fdopen\b|\bopen\s*\(?\s*\*?STDIN\s*,\s*[\"'][<>+]*&",
    re.IGNORECASE,
)
_MEMFD = lazy(r"\bmemfd_create\b|\bMFD_CLOEXEC\b|\bmemfd_secret\b")
#: The number of memfd_create on x86-64, arm64 (and riscv), i386, arm.
_MEMFD_NUMBER = lazy(r"\bsyscall\b\s*[\s(,]\s*(?:319|279|356|385|0x13[fF]|0x117)\b")
_ANY_SYSCALL = lazy(r"\bsyscall\b\s*[\s(]\s*(?:\d+|0x[0-9A-Fa-f]+)\b|\bsyscall\.ph\b")
_FD_PATH = lazy(
    r"/proc/(?:self|thread-self|\$\$|%[ds]|[\"'.\s+$]{0,8}\w{0,32}[\"'.\s+}]{0,8})/fd/|/dev/fd/|\bfexecve\b"
)
_ANON = lazy(
    r"\bmmap\b[^;\n]{0,200}?(?:PROT_EXEC|0x7\b|\b7\b)|\bmprotect\b|"
    r"\bctypes\b[^\n]{0,2000}?\bmmap\b|"
    r"\b(?:addressof|from_buffer|create_string_buffer|memmove)\b[\s\S]{0,2000}?\bCFUNCTYPE\b|"
    r"\bCFUNCTYPE\b[\s\S]{0,400}?\b(?:addressof|from_buffer|create_string_buffer)\b",
    re.IGNORECASE,
)
#: A text that code hands to a shell: its quotes are looked for one kind at a time.
_TO_SHELL = lazy(
    r"(?:\b(?:system|popen|execSync|exec|shell_exec|passthru|getoutput|run|call|check_output|Popen|"
    r"spawnSync|execute|shell)\b\s*[\(\[{]{0,2}\s*|(?:^|[\s|:])!\s*(?=[\w/])|\bqx\s*)"
    r"(?:\"((?:[^\"\\]|\\.){4,1000})\"|'((?:[^'\\]|\\.){4,1000})'|[{(/|]([^})/|]{4,1000})[})/|]|"
    r"(?<=!)([^\n]{4,1000}))",
    re.DOTALL,
)
#: A literal that pipes into a shell, wherever the code keeps it before it is run.
_PIPED = lazy(r"([\"'])((?:(?!\1)[^\n]){6,1000}?\|\s*(?:/\S{1,40}/)?(?:ba|da|z|k)?sh\s*)\1")
_BACKQUOTED = lazy(r"`([^`]{4,1000})`")
_NATIVE = lazy(
    r"\bctypes\b|\bcffi\b|\bFiddle\b|\bFFI\b|DynaLoader|\bsyscall\b|\bInline::C\b|koffi|ffi-napi",
    re.IGNORECASE,
)
_PLACE = r"(/(?:dev|run|var/run|var/lock)/[^\s\"'`);,\]}]+)"
#: Code that is taken from a file of a volatile place: named by what loads it, or read into exec.
_LOADED = lazy(
    r"(?:\b(?:do|require(?:_once|_relative)?|include(?:_once)?|load(?:file)?|dofile|source|run_path|"
    r"execfile|CDLL|LoadLibrary|dlopen|import|use\s+lib|addsitedir)\b|"
    r"\bsys\.path\.(?:append|insert)\s*\(\s*(?:-?\d+\s*,)?|"
    r"\b(?:exec|eval|compile|loads|vm\.run\w*|Function)\b[^;\n]{0,60}?"
    r"(?:open|read\w*|slurp|file_get_contents|File\.\w+|cat)\b)"
    rf"\s*[\(\[<]{{0,2}}\s*(?:q[qx]?\W)?[\"'`<]{{0,2}}{_PLACE}"
)
#: A program there that is started.
_STARTED = lazy(
    r"\b(?:system|popen|spawn\w*|exec\w*|run|call|check_output|check_call|Popen|passthru|"
    rf"shell_exec|proc_open|execute|start)\b\s*[\(\[{{]{{0,3}}\s*(?:q[qx]?\W)?[\"'`]{_PLACE}"
)
_WRITES_MEMORY = lazy(r"/proc/(?:self|\d+|[\"'.$+%\w\s]{1,24})/mem\b")
_WRITES = lazy(
    r"\bwrite|\bsyswrite|\bfwrite|\bfputs|\bdup2?\b|[\"'][rwa]b?\+|\+<|O_RDWR|O_WRONLY|\bprint\b"
)
_STORES = lazy(
    r"\bgetxattr\b|\bkeyctl\b|/environ\b|\bshmat\b|\bmq_receive\b|/dev/mqueue/", re.IGNORECASE
)
_VARIABLE = lazy(
    r"\b(?:exec|eval|loads|compile)\s*\(?[^;\n]{0,80}?(?:os\.environ|\bgetenv\b|\$ENV\{|\bENV\[|process\.env)"
)
CODE_MAX = 64 << 10


def judge_code(language: str, code: str) -> tuple[Reason, ...]:
    """Why inline code of an interpreter is more than a one-liner."""
    code = code[:CODE_MAX]
    runs = _RUNS.search(code) is not None
    found = list(_memory(language, code))
    if runs and _DECODES.search(code):
        found.append(Reason("decode-execute", f"inline {language} decodes something and runs it"))
    if _FETCHES.search(code):
        if _SHELL.search(code):
            found.append(Reason("network-shell", f"inline {language} ties a shell to a connection"))
        elif runs:
            found.append(Reason("download-execute", f"inline {language} fetches code and runs it"))
    found += _volatile_files(language, code)
    if _WRITES_MEMORY.search(code) and _WRITES.search(code):
        found.append(Reason("memory-write", f"inline {language} writes the memory of a process"))
    if _VARIABLE.search(code):
        found.append(Reason("store-fed", f"inline {language} runs what a variable holds"))
    elif runs and _STORES.search(code):
        found.append(
            Reason("store-fed", f"inline {language} runs what a store without a file holds")
        )
    return tuple(found)


def shell_texts(code: str) -> list[str]:
    """The texts that code hands to a shell, as far as they are written out."""
    code = code[:CODE_MAX]
    found = [next(filter(None, match.groups()), "") for match in _TO_SHELL.finditer(code)]
    found += [match[1] for match in _BACKQUOTED.finditer(code)]
    if _RUNS.search(code) is not None:
        found += [match[2] for match in _PIPED.finditer(code)]
    return [text for text in found[:16] if " " in text or "/" in text]


def _volatile_files(language: str, code: str) -> list[Reason]:
    """Code or a program in a volatile place, named where it is loaded or started."""
    found: list[Reason] = []
    for pattern, words in ((_LOADED, "loads code from"), (_STARTED, "starts")):
        for match in pattern.finditer(code):
            path = clean(match[1])
            place = volatile(path) or ("shm" if path == "/dev/shm" else None)
            if place is not None and len(found) < 8:
                text = f"inline {language} {words} {path}, in a volatile place"
                found.append(Reason("volatile", text, SEVERITY[place], path))
    return found


def _memory(language: str, code: str) -> list[Reason]:
    """A program made in memory: the call that makes the file, or code pages made by hand."""
    named = _MEMFD.search(code) or _MEMFD_NUMBER.search(code)
    by_descriptor = _FD_PATH.search(code)
    if named or (_ANY_SYSCALL.search(code) and by_descriptor):
        executes = by_descriptor or re.search(r"\bexec", code)
        words = "makes a memory file (memfd)" + (" and executes it" if executes else "")
        severity = Severity.CRITICAL if executes else Severity.HIGH
        return [Reason("memfd", f"inline {language} {words}", severity)]
    if by_descriptor and re.search(r"\bexec\w*\s*[(\"' {]", code):
        return [Reason("fd-exec", f"inline {language} executes a descriptor")]
    if _ANON.search(code) and _NATIVE.search(code):
        return [Reason("memfd", f"inline {language} makes code in memory by hand")]
    return []
