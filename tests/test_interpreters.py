"""Which argument an interpreter takes for its program."""

from __future__ import annotations

import pytest

from triage.predicates.interpreters import is_interpreter, runs_files, script_indexes, script_paths

CASES = [
    ("/usr/bin/python3.11", "python3 /x.py", (1,)),
    ("/usr/bin/python3.11", "python3 -W ignore -u /x.py /data", (4,)),
    ("/usr/bin/python3.11", "python3 -c print() /x", ()),
    ("/usr/bin/python3.11", "python3 -m http.server", ()),
    ("/usr/bin/python3.11", "python3 - /x", ()),
    ("/usr/bin/perl", "perl -I/usr/share /x.pl", (2,)),
    ("/usr/bin/bash", "bash --rcfile /dev/shm/rc -i", (2,)),
    ("/usr/bin/bash", "bash -eux /x.sh", (2,)),
    ("/usr/bin/bash", "bash -lc id /x", ()),
    ("/usr/bin/gawk", "gawk -f /dev/shm/x.awk /var/log/syslog", (2,)),
    ("/usr/bin/gawk", "gawk -F : {print} /dev/shm/data", ()),
    ("/usr/bin/mawk", "mawk {print} /dev/shm/data", ()),
    ("/usr/bin/node", "node -r /dev/shm/hook.js app.js", (2, 3)),
    ("/usr/bin/node", "node --require /dev/shm/hook.js app.js", (2, 3)),
    ("/usr/bin/node", "node -e code /x", ()),
    ("/usr/bin/php8.2", "php -f /dev/shm/x.php a b", (2,)),
    ("/usr/bin/php8.2", "php -d a=b /x.php", (3,)),
    ("/usr/bin/busybox", "busybox sh /dev/shm/x", (2,)),
    ("/usr/bin/busybox", "sh /dev/shm/x", (1,)),
    ("/usr/bin/busybox", "busybox httpd -h /dev/shm/www", ()),
    ("/usr/bin/busybox", "udhcpc -s /run/x.script", ()),
    ("/usr/bin/busybox", "-sh", ()),
    ("/usr/lib/jvm/bin/java", "java -Xmx1g -jar /dev/shm/x.jar", (3,)),
    ("/usr/lib/jvm/bin/java", "java -cp /dev/shm/classes Main", (2,)),
    ("/usr/lib/jvm/bin/java", "java -cp /a.jar:/b.jar Main /x", ()),
    ("/usr/lib64/ld-linux-x86-64.so.2", "ld.so --library-path /lib /dev/shm/x", (3,)),
    ("/usr/lib64/ld-linux-x86-64.so.2", "ld.so --preload /dev/shm/a.so /bin/id", (2, 3)),
    ("/usr/bin/expect", "expect -f /dev/shm/x.exp", (2,)),
    ("/usr/bin/cat", "cat /dev/shm/x", ()),
    ("/usr/bin/node", "node -e code -r /dev/shm/hook.js", (4,)),
    ("/usr/bin/gdb", "gdb -nx -batch -x /dev/shm/x.gdb -p 1", (4,)),
    ("/usr/bin/gdb", "gdb -nx -ex bt /usr/bin/x /dev/shm/core", ()),
    ("/usr/bin/vim.basic", "vim -es -S /dev/shm/x.vim /etc/hosts", (3,)),
    ("/usr/bin/make", "make -C /src all", ()),
    ("/usr/bin/ssh", "ssh -F /dev/shm/config host", (2,)),
    ("/usr/bin/xargs", "xargs -0 -a /dev/shm/list sh", (3,)),
    ("/usr/bin/python3.11", "python3", ()),
]


@pytest.mark.parametrize(("exe", "line", "wanted"), CASES, ids=[line for _, line, _ in CASES])
def test_the_program_among_the_arguments(exe: str, line: str, wanted: tuple[int, ...]) -> None:
    assert script_indexes(exe, line.split(" ")) == wanted


def test_nothing_at_all_is_no_program() -> None:
    assert script_indexes("/usr/bin/busybox", ()) == ()
    assert script_indexes("/usr/bin/bash", ("",)) == ()
    assert is_interpreter("/usr/bin/python3.13t (deleted)")
    assert not is_interpreter("/usr/bin/pythonista")


PATHS = [
    ("/usr/bin/node", "node --require=/dev/shm/h.js -e 1", ("/dev/shm/h.js",)),
    ("/usr/bin/make", "make -f/dev/shm/mk", ("/dev/shm/mk",)),
    ("/usr/bin/make", "make --makefile=/dev/shm/mk", ("/dev/shm/mk",)),
    ("/usr/lib/R/bin/exec/R", "R --no-echo --file=/dev/shm/x.R", ("/dev/shm/x.R",)),
    (
        "/usr/bin/php8.2",
        "php -d auto_prepend_file=/dev/shm/p.php /a.php",
        ("/dev/shm/p.php", "/a.php"),
    ),
    ("/usr/bin/php8.2", "php -dextension=/dev/shm/p.so -r 1;", ("/dev/shm/p.so",)),
    ("/usr/bin/java", "java -javaagent:/dev/shm/a.jar=x Main", ("/dev/shm/a.jar",)),
    ("/usr/bin/java", "java @/dev/shm/args", ("/dev/shm/args",)),
    ("/usr/bin/java", "java -cp /a.jar:/dev/shm/b:/c.jar Main", ("/dev/shm/b",)),
]


@pytest.mark.parametrize(("exe", "line", "wanted"), PATHS, ids=[line for _, line, _ in PATHS])
def test_a_path_within_an_argument(exe: str, line: str, wanted: tuple[str, ...]) -> None:
    assert tuple(path for _, path in script_paths(exe, line.split(" "))) == wanted


def test_programs_that_run_files_are_no_interpreters() -> None:
    assert runs_files("/usr/bin/gdb")
    assert not is_interpreter("/usr/bin/gdb")
    assert not runs_files("/usr/bin/cat")
