"""Places beyond the classic ones: each with a payload, and as a distribution ships it."""

from __future__ import annotations

import json
import os
import random
import shutil
import string
from pathlib import Path

import pytest

from tests.linux_image.test_persistence import B64, SHM, WEB, unit
from tests.linux_image.trees import Tree, indicators, look, plant, report, worst
from triage.linux_image.directives import TABLE
from triage.model.linux_image import MECHANISMS, PersistenceItem

CODE = "import os;f=os.memfd_create('');os.write(f,D);os.execve('/proc/self/fd/%d'%f,['x'],{})"
HARMFUL: dict[str, Tree] = {
    "environment file": {"etc/systemd/system/a.service": unit(
        "EnvironmentFile=-/etc/default/a\nExecStart=/usr/bin/a"), "etc/default/a": f"LD_PRELOAD={SHM}.so\n"},
    "variable of a unit": {"etc/systemd/system/a.service": unit(
        f"Environment=B={SHM}\nExecStart=/bin/sh -c 'exec ${{B}} -d'")},
    "specifier": {"etc/systemd/system/a.service": unit("ExecStart=%t/.x/agent")},
    "runtime unit of a user": {"run/user/1000/systemd/transient/a.service": unit(f"ExecStart={SHM}")},
    "manager's environment": {"etc/systemd/system.conf.d/a.conf": f"[Manager]\nDefaultEnvironment=LD_PRELOAD={SHM}\n"},
    "D-Bus service of a user": {"home/ann/.local/share/dbus-1/services/a.service":
        f"[D-BUS Service]\nName=a\nExec={SHM}\n"},
    "run level": {"etc/rc3.d/S99x": f"#!/bin/sh\n{SHM} &\n"},
    "skeleton": {"etc/skel/.bashrc": f"{WEB}\n"},
    "completion": {"home/ann/.bash_completion": f"{B64}\n"},
    "desktop script": {"home/ann/.config/plasma-workspace/env/a.sh": f"{SHM} &\n"},
    "login manager": {"etc/gdm3/Init/Default": f"#!/bin/sh\n{SHM} &\n"},
    "boot menu": {"etc/grub.d/40_custom": f"#!/bin/sh\n{WEB}\n"},
    "RAM disk module": {"usr/lib/dracut/modules.d/99x/module-setup.sh": f"#!/bin/bash\n{WEB}\n"},
    "RAM disk script": {"usr/share/initramfs-tools/scripts/local-bottom/x": f"#!/bin/sh\n{B64}\n"},
    "dhcpcd": {"usr/lib/dhcpcd/dhcpcd-hooks/90-x": f"{SHM} &\n"},
    "dispatcher": {"usr/lib/networkd-dispatcher/routable.d/x": f"#!/bin/sh\n{WEB}\n"},
    "package script": {"var/lib/dpkg/info/coreutils.postinst": f"#!/bin/sh\nset -e\n{B64}\n"},
    "renewal hook": {"etc/letsencrypt/renewal-hooks/deploy/x": f"#!/bin/sh\n{SHM}\n"},
    "OpenVPN": {"etc/openvpn/client.conf": f'client\nscript-security 2\nup "{SHM} up"\n'},
    "WireGuard": {"etc/wireguard/wg0.conf": f"[Interface]\nPostUp = {WEB}\n"},
    "keepalived": {"etc/keepalived/keepalived.conf": f'vrrp_instance a {{\n  notify_master "{SHM}"\n}}\n'},
    "acpi": {"etc/acpi/events/x": f"event=button.*\naction={SHM}\n"},
    "rsyslog": {"etc/rsyslog.d/x.conf": f'*.* action(type="omprog" binary="{SHM} -r")\n'},
    "rsyslog of old": {"etc/rsyslog.conf": f"*.* ^{SHM};fmt\n"},
    "audit plugin": {"etc/audit/plugins.d/x.conf": f"active = yes\npath = {SHM}\ntype = always\n"},
    "SNMP": {"etc/snmp/snmpd.conf": f"extend x {SHM} -v\n"},
    "Zabbix": {"etc/zabbix/zabbix_agentd.conf": f"UserParameter=a[*],{B64}\n"},
    "NRPE": {"etc/nagios/nrpe.cfg": f"command[check_x]={SHM} -w 1\n"},
    "PostgreSQL": {"var/lib/postgresql/15/main/postgresql.auto.conf": f"archive_command = '{WEB}'\n"},
    "PHP": {"etc/php/8.2/fpm/conf.d/99.ini": "auto_prepend_file = /dev/shm/.x.php\n"},
    "web server's module": {"etc/apache2/mods-enabled/x.load": "LoadModule x_module /dev/shm/x.so\n"},
    "web server's log": {"etc/apache2/apache2.conf": f'ErrorLog "|{SHM}"\n'},
    "sudo's plugin": {"etc/sudo.conf": f"Plugin sudoers_policy {SHM}.so\n"},
    "SSH client": {"home/ann/.ssh/config": f"Host *\n  ProxyCommand {SHM} %h\n"},
    "SSH match": {"etc/ssh/ssh_config.d/x.conf": f'Match host * exec "{WEB}"\n'},
    "aliases": {"etc/aliases": f'backup: "|{SHM}"\n'},
    "forward": {"home/ann/.forward": f"|{WEB}\n"},
    "procmail": {"home/ann/.procmailrc": f":0\n* ^Subject: x\n| {B64}\n"},
    "git's pager": {"home/ann/.gitconfig": f"[core]\n\tpager = {SHM}\n"},
    "git's alias": {"home/ann/.gitconfig": f'[alias]\n\tst = "!{WEB}"\n'},
    "git's hook": {"home/ann/src/app/.git/hooks/post-checkout": f"#!/bin/sh\n{WEB}\n"},
    "bare repository": {"srv/git/a.git/HEAD": "ref: x\n", "srv/git/a.git/hooks/update": f"#!/bin/sh\n{SHM}\n"},
    "git's template": {"usr/share/git-core/templates/hooks/post-merge": f"#!/bin/sh\n{SHM}\n"},
    "vim": {"home/ann/.vimrc": f"set nu\nautocmd VimEnter * silent !{WEB}\n"},
    "vim's function": {"home/ann/.vimrc": f"call system('{SHM} &')\n"},
    "emacs": {"home/ann/.emacs": f'(start)\n(shell-command "{SHM}")\n'},
    "gdb": {"home/ann/.gdbinit": f"shell {SHM}\n"},
    "tmux": {"home/ann/.tmux.conf": f"set -g x y\nrun-shell '{WEB}'\n"},
    "lightdm": {"etc/lightdm/lightdm.conf": f"[Seat:*]\nsession-setup-script={SHM}\n"},
    "LXDE": {"home/ann/.config/lxsession/LXDE/autostart": f"@lxpanel\n@{SHM}\n"},
    "i3": {"home/ann/.config/i3/config": f"exec --no-startup-id {SHM}\n"},
    "incron": {"etc/incron.d/x": f"/etc/passwd IN_MODIFY {SHM} $@\n"},
    "monit": {"etc/monit/conf.d/x": f'check process a with pidfile /run/a.pid\n  start program = "{SHM}"\n'},
    "boot entry": {"boot/grub/grub.cfg": f"linux /vmlinuz root=/dev/sda1 ro init={SHM}\n"},
    "Python path file": {"usr/lib/python3/dist-packages/x.pth": f"{CODE}\n"},
    "Python start": {"etc/python3.11/sitecustomize.py": f"import sys\n{CODE}\n"},
    "Python start of a user": {"home/ann/.local/lib/python3.11/site-packages/usercustomize.py": f"{CODE}\n"},
    "plugin of dnf": {"usr/lib/python3.9/site-packages/dnf-plugins/x.py": f"{CODE}\n"},
    "polkit": {"etc/polkit-1/rules.d/x.rules":
        f'polkit.addRule(function(a, s) {{ polkit.spawn(["{SHM}", s.user]); }});\n'},
    "Docker": {"var/lib/docker/containers/ab/config.v2.json": json.dumps(
        {"Path": "/bin/sh", "Args": ["-c", WEB], "Config": {"Env": ["A=b"]}})},
    "Docker's runtime": {"etc/docker/daemon.json": json.dumps({"runtimes": {"r": {"path": SHM}}})},
    "hook of containers": {"etc/containers/oci/hooks.d/x.json": json.dumps(
        {"version": "1.0.0", "hook": {"path": SHM, "args": ["x"]}, "stages": ["prestart"]})},
    "quadlet": {"etc/containers/systemd/x.container": f"[Container]\nImage=a\nExec=sh -c '{WEB}'\n"},
    "manifest": {"etc/kubernetes/manifests/x.yaml":
        f'spec:\n  containers:\n  - name: a\n    command: ["sh", "-c"]\n    args: ["{WEB}"]\n'},
    "manifest in blocks": {"etc/kubernetes/manifests/x.yml":
        f"spec:\n  containers:\n  - command:\n    - /bin/sh\n    - -c\n    - |\n      set -e\n      {WEB}\n"},
    "compose": {"home/ann/app/compose.yaml": f"services:\n  a:\n    entrypoint: sh -c '{WEB}'\n"},
    "cloud-init": {"etc/cloud/cloud.cfg.d/x.cfg": f'runcmd:\n - [sh, -c, "{WEB}"]\n - {SHM}\n'},
    "kernel's helper": {"proc/sys/kernel/modprobe": f"{SHM}\n", "proc/1/status": "Name:\tx\n"},
    "kernel's dumps": {"proc/sys/kernel/core_pattern": f"|{SHM} %p\n", "proc/1/status": "Name:\tx\n"},
    "live binfmt": {"proc/sys/fs/binfmt_misc/x": f"enabled\ninterpreter {SHM}\nflags: \n",
        "proc/1/status": "Name:\tx\n"},
}  # fmt: skip

BENIGN: dict[str, Tree] = {
    "environment file": {"usr/lib/systemd/system/a.service": unit(
        "EnvironmentFile=/etc/default/a\nExecStart=/usr/sbin/a $OPTS --pid %t/a.pid -C ${STATE}"),
        "etc/default/a": 'OPTS="-v"\nSTATE=/var/lib/a\n# LD_PRELOAD=/dev/shm/x\n'},
    "Python's path files": {"usr/lib/python3/dist-packages/distutils-precedence.pth":
        "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; "
        "enabled and __import__('_distutils_hack').add_shim();\n",
        "usr/lib/python3/dist-packages/a.pth": "/usr/lib/a\nimport a_nspkg\n"},
    "Python's start": {"etc/python3.11/sitecustomize.py":
        "# install the apport exception handler if available\ntry:\n    import apport_python_hook\n"
        "except ImportError:\n    pass\nelse:\n    apport_python_hook.install()\n"},
    "git": {"home/ann/.gitconfig": "[core]\n\tpager = less -R\n\tsshCommand = ssh -i ~/.ssh/id\n[alias]\n"
        '\tlg = log --graph\n\troot = "!git rev-parse --show-toplevel"\n[credential]\n\thelper = cache --timeout=9\n',
        "home/ann/src/.git/hooks/pre-commit": "#!/bin/sh\nexec pre-commit run --hook-stage commit\n",
        "home/ann/src/.git/hooks/pre-push.sample": f"#!/bin/sh\n{WEB}\n"},
    "vim": {"home/ann/.vimrc": 'set nocompatible\nif !exists("g:x")\n  let g:x = 1\nendif\n'
        "command! Make !make -j4\nlet s = system('git rev-parse HEAD')\nnnoremap <F5> :!python3 %<CR>\n"},
    "tmux": {"home/ann/.tmux.conf": "set -g default-command 'reattach-to-user-namespace -l zsh'\n"
        "run '~/.tmux/plugins/tpm/tpm'\nif-shell \"uname | grep -q Darwin\" 'source ~/.m'\n"},
    "SSH client": {"home/ann/.ssh/config": "Host *.corp\n  ProxyCommand ssh -W %h:%p bastion\n"
        "  ControlPath /run/user/1000/ssh-%C\nMatch exec \"test -f /etc/x\"\n  User ann\n"},
    "mail": {"etc/aliases": "postmaster: root\nlists: \"|/usr/lib/mailman3/bin/mailman\"\n",
        "home/ann/.procmailrc": ":0\n| /usr/bin/vacation ann\n",
        "etc/mailcap": "text/html; /usr/bin/w3m -T text/html '%s'; needsterminal\n"},
    "logs": {"etc/rsyslog.conf": 'module(load="imuxsock")\n*.* action(type="omprog" binary="/usr/bin/fwd --x")\n'
        "auth,authpriv.*\t/var/log/auth.log\n", "etc/audit/plugins.d/syslog.conf": "path = builtin_syslog\n"},
    "monitoring": {"etc/snmp/snmpd.conf": "extend distro /usr/bin/distro\npass .1.3.6 /usr/bin/snmp-x\n",
        "etc/nagios/nrpe.cfg": "command[check_tmp]=/usr/lib/nagios/plugins/check_disk -w 20% -p /dev/shm\n",
        "etc/zabbix/zabbix_agentd.conf": "UserParameter=shm,df -P /dev/shm | awk 'NR==2{print $5}'\n"},
    "web": {"etc/apache2/apache2.conf": 'ErrorLog ${APACHE_LOG_DIR}/error.log\nCustomLog "|/usr/bin/rotatelogs /var/log/a 86400" c\n',
        "etc/php/8.2/cli/php.ini": "; auto_prepend_file\nauto_prepend_file =\nextension=curl\nsession.save_path = /tmp\n",
        "etc/nginx/nginx.conf": "pid /run/nginx.pid;\nload_module modules/ngx_x.so;\n"},
    "VPN": {"etc/openvpn/server.conf": "dev tun\nstatus /run/openvpn/s.status\nup /etc/openvpn/update-resolv-conf\n",
        "etc/wireguard/wg0.conf": "[Interface]\nPostUp = iptables -A FORWARD -i %i -j ACCEPT; sysctl -w net.ipv4.ip_forward=1\n"},
    "PostgreSQL": {"etc/postgresql/15/main/postgresql.conf": "unix_socket_directories = '/var/run/postgresql'\n"
        "archive_command = 'test ! -f /mnt/a/%f && cp %p /mnt/a/%f'\ndynamic_shared_memory_type = posix\n"},
    "containers": {"var/lib/docker/containers/ab/config.v2.json": json.dumps({"Path": "docker-entrypoint.sh",
        "Args": ["postgres", "-c", "unix_socket_directories=/run/postgresql"], "Config": {"Env": ["PATH=/usr/bin"]}}),
        "etc/docker/daemon.json": json.dumps({"runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}),
        "usr/share/containers/oci/hooks.d/oci-nvidia-hook.json": json.dumps({"hook": {
            "path": "/usr/bin/nvidia-container-toolkit", "args": ["nvidia-container-toolkit", "prestart"]}}),
        "etc/kubernetes/manifests/etcd.yaml": "spec:\n  containers:\n  - command:\n    - etcd\n    - --data-dir=/var/lib/etcd\n"
        "    livenessProbe:\n      exec:\n        command: [\"/bin/sh\", \"-c\", \"ETCDCTL_API=3 etcdctl get foo\"]\n"},
    "cloud-init": {"etc/cloud/cloud.cfg": "runcmd:\n - [ls, -l, /]\n - systemctl restart ssh\nbootcmd:\n"
        " - echo 192.168.1.130 us.archive >> /etc/hosts\n"},
    "polkit": {"usr/share/polkit-1/rules.d/x.rules": 'polkit.addRule(function(action, subject) {\n'
        ' if (subject.isInGroup("sudo")) { return polkit.Result.YES; }\n});\n'},
    "desktop": {"home/ann/.config/i3/config": "exec --no-startup-id nm-applet\nbindsym $mod+d exec dmenu_run\n",
        "etc/xdg/lxsession/LXDE/autostart": "@lxpanel --profile LXDE\n@xscreensaver -no-splash\n"},
    "boot": {"boot/grub/grub.cfg": "linux /vmlinuz-6.1 root=UUID=a ro quiet init=/usr/lib/systemd/systemd\n",
        "etc/rc2.d/S01cron": "#!/bin/sh\ncase $1 in start) start-stop-daemon --start --exec /usr/sbin/cron;; esac\n"},
    "kernel": {"proc/sys/kernel/core_pattern": "|/usr/lib/systemd/systemd-coredump %P\n",
        "proc/sys/kernel/modprobe": "/sbin/modprobe\n", "proc/1/status": "Name:\tx\n",
        "proc/sys/fs/binfmt_misc/python3.11": "enabled\ninterpreter /usr/bin/python3.11\nflags: \n"},
    "monit": {"etc/monit/conf.d/a": 'check process a with pidfile /run/a.pid\n  start program = "/usr/sbin/service a start"\n'
        '  if failed port 80 then exec "/usr/bin/logger down"\n'},
}  # fmt: skip


@pytest.mark.parametrize("name", HARMFUL)
def test_a_payload_is_found_in_its_place(tmp_path: Path, name: str) -> None:
    found = report(tmp_path, HARMFUL[name])
    assert any(one.startswith("persistence-") for one in indicators(found))
    assert worst(found) >= 47


@pytest.mark.parametrize("name", BENIGN)
def test_a_stock_setting_is_silent(tmp_path: Path, name: str) -> None:
    assert indicators(report(tmp_path, BENIGN[name])) == set()


def test_every_mechanism_has_its_words(tmp_path: Path) -> None:
    for tree in (*HARMFUL.values(), *BENIGN.values()):
        for name, what in tree.items():
            if not (tmp_path / name).exists():
                plant(tmp_path, {name: what})
                (tmp_path / "etc/passwd").unlink()
    items = [a for a in look(plant(tmp_path, {})).artifacts if isinstance(a, PersistenceItem)]
    assert {item.mechanism for item in items} <= set(MECHANISMS)
    assert len(items) >= 80


@pytest.mark.parametrize("seed", range(6))
def test_hostile_files_in_every_place_end_soon(tmp_path: Path, seed: int) -> None:
    """Noise, long lines and nested brackets where settings are expected: no error, no blocking."""
    dice = random.Random(seed)
    shapes = (
        lambda: "".join(dice.choices(string.printable, k=3000)),
        lambda: "[" * 60_000, lambda: "(" * 60_000, lambda: 'a="' * 20_000, lambda: "!" * 60_000,
        lambda: "command: " + "[" * 30_000, lambda: "- |\n" * 20_000, lambda: '{"a":' * 20_000,
        lambda: "case x in " * 9000, lambda: "x=(" * 20_000, lambda: "\\" * 60_000,
        lambda: " : " * 20_000 + "|", lambda: os.urandom(4000).decode("latin-1"),
    )  # fmt: skip
    names = sorted({place for row in TABLE for place in row.places} | {
        "etc/kubernetes/manifests/x.yaml", "var/lib/docker/containers/a/config.v2.json",
        "etc/polkit-1/rules.d/x.rules", "usr/lib/python3/dist-packages/x.pth", "etc/crontab",
        "home/ann/.bashrc", "etc/systemd/system/a.service", "etc/containers/systemd/a.container",
        "home/ann/s/.git/hooks/x", "var/lib/dpkg/info/a.postinst", "etc/cloud/cloud.cfg",
    })  # fmt: skip
    for name in names:
        path = tmp_path / name.replace("~/", "home/ann/").replace("*", "x")
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            continue
        path.write_text(dice.choice(shapes)(), encoding="utf-8", errors="replace")
    look(plant(tmp_path, {}))


def test_a_tree_of_links_and_depth_does_not_hold_the_search(tmp_path: Path) -> None:
    plant(tmp_path, {})
    deep = tmp_path / "home/ann" / "/".join(["d"] * 60)
    deep.mkdir(parents=True)
    (tmp_path / "home/ann/loop").symlink_to("..")
    for number in range(300):
        (tmp_path / f"srv/r{number}/.git/hooks").mkdir(parents=True)
    look(tmp_path)
    shutil.rmtree(tmp_path / "home/ann/d")


def test_a_flood_of_homes_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triage.linux_image.tree._HOMES_MAX", 40)
    plant(tmp_path, {"home/a0/.bashrc": f"{WEB}\n"})
    for number in range(60):
        (tmp_path / f"home/a{number}").mkdir(exist_ok=True)
    snapshot = look(tmp_path)
    assert any("homes" in gap.detail for gap in snapshot.gaps)
    assert sum(isinstance(a, PersistenceItem) for a in snapshot.artifacts) >= 1
