"""Which argument an interpreter takes for its program."""

from __future__ import annotations

import pytest

from triage.interpreters import is_interpreter, script_indexes

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
