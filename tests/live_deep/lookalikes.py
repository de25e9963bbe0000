"""What looks like a payload or like hiding, and is ordinary."""

from __future__ import annotations

import base64
import ctypes
import json
import os
import subprocess
from random import Random

from tests.live.payloads import PEM, sleep_copy, sleep_original
from tests.live.stage import Refused
from tests.live_deep.concealed import _sleeper
from tests.live_deep.deep import Deep, Mark, benign, mark

_libc = ctypes.CDLL(None, use_errno=True)
CGROUP_DEVICE, SOCKET_FILTER, TRACEPOINT = 15, 1, 5


def key_token(deep: Deep) -> Mark:
    return mark(store="key", number=deep.key(f"token-{deep.token}", os.urandom(48).hex().encode()))


def key_certificate(deep: Deep) -> Mark:
    return mark(store="key", number=deep.key(f"ca-{deep.token}", PEM))


def key_kerberos(deep: Deep) -> Mark:
    serial = deep.key(f"krb_ccache:{deep.token}", b"\x05\x04" + Random(1).randbytes(2000))
    return mark(store="key", number=serial)


def key_json(deep: Deep) -> Mark:
    text = json.dumps({"name": deep.token, "hosts": [f"node-{n}.example" for n in range(60)]})
    return mark(store="key", number=deep.key(f"config-{deep.token}", text.encode()))


def shm_scoreboard(deep: Deep) -> Mark:
    found = deep.play("segment", data=bytes(200_000))
    deep.promise("segment", found["number"])
    return mark(store="sysv-shm", number=found["number"])


def shm_of_x_client(deep: Deep) -> Mark:
    pixels = bytes(Random(3).choices(range(200, 256), k=150_000))
    return mark(store="sysv-shm", number=deep.play("segment", data=pixels, removed=True)["number"])


def shm_small_orphan(deep: Deep) -> Mark:
    number = _libc.shmget(0, 56, 0o1600)
    if number < 0:
        raise Refused("shmget")
    deep.promise("segment", number)
    return mark(store="sysv-shm", number=number)


def queue_in_use(deep: Deep) -> Mark:
    name = f"jobs-{deep.token}"
    deep.play("queue", name=name, messages=6, size=8000)
    deep.promise("queue", name)
    return mark(store="message-queue", name=name)


def sockets_of_a_desktop(deep: Deep) -> Mark:
    token = deep.token
    names = [
        f"/tmp/dbus-{token}Ab", f"/tmp/.X11-unix/X{token}", f"/tmp/.ICE-unix/{token}",
        f"containerd-shim/k8s.io/{Random(token).randbytes(32).hex()}/shim.sock",
        f"vscode-ipc-0c6cb5f4-3b2e-4d7f-9d1e-{token}0000.sock", f"nvidia{token}",
        f"/run/user/1000/wayland-{token}", f"snap.firefox.geckodriver.{token}",
        f"io.systemd.machine.unix-export/{Random(token).randbytes(16).hex()}",
    ]  # fmt: skip
    deep.play("sockets", names=names)
    return mark(store="socket", held_by="never")


def socket_of_service_on_disk(deep: Deep) -> Mark:
    found = deep.play("sockets", names=[f"/org/freedesktop/systemd1/private/{deep.token}"])
    return mark(store="socket", number=found["inodes"][0])


def _attribute(deep: Deep, name: str, value: bytes, suffix: str) -> Mark:
    path = deep.stage.file(f"/dev/shm/deep-{suffix}-{deep.token}", b"letter\n", 0o644)
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        raise Refused(f"setxattr: {error.strerror}") from error
    return mark(store="attribute", name=f"{path}: {name}")


def attribute_origin(deep: Deep) -> Mark:
    url = b"https://example.org/downloads/report-2026.pdf?session=" + os.urandom(20).hex().encode()
    return _attribute(deep, "user.xdg.origin.url", url, "url")


def attribute_comment(deep: Deep) -> Mark:
    return _attribute(deep, "user.comment", b"Holiday pictures, sorted by hand. " * 6, "note")


def attribute_capability(deep: Deep) -> Mark:
    value = b"\x01\x00\x00\x02" + bytes([0, 4, 0, 0]) + bytes(12)
    return _attribute(deep, "security.capability", value, "cap")


def bpf_devices(deep: Deep) -> Mark:
    found = deep.play("program", kind=CGROUP_DEVICE, name="sd_devices")
    return mark(store="bpf-program", number=found["number"])


def bpf_filter(deep: Deep) -> Mark:
    found = deep.play("program", kind=SOCKET_FILTER, name="dhcp")
    return mark(store="bpf-program", number=found["number"])


def bpf_held(deep: Deep) -> Mark:
    found = deep.play("program", kind=TRACEPOINT, name="agent")
    return mark(store="bpf-program", number=found["number"])


def loop_on_disk(deep: Deep) -> Mark:
    path = deep.stage.work / "disk.img"
    path.write_bytes(bytes(1 << 20))
    deep.promise("loop", str(path))
    done = subprocess.run(
        ["losetup", "--find", "--show", str(path)], capture_output=True, text=True
    )
    if done.returncode != 0:
        raise Refused(f"losetup: {done.stderr.strip()}")
    device = done.stdout.strip()
    return mark(store="block-device", name=device)


def secret_agent(deep: Deep) -> Mark:
    source, program = deep.stage.work / "agent.c", deep.stage.work / "agent"
    source.write_text(
        "#include <unistd.h>\n#include <sys/syscall.h>\n"
        'int main(void) { syscall(447, 0); write(1, "ready\\n", 6); pause(); return 0; }\n'
    )
    done = subprocess.run(["cc", "-o", program, source], capture_output=True)
    if done.returncode != 0:
        raise Refused("no C compiler")
    child = deep.stage.start([str(program)], speaks=True)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    return Mark(child.pid)


def environment_of_a_shell(deep: Deep) -> Mark:
    colours = ":".join(
        f"*.{e}=01;{n}" for n, e in enumerate(("tar", "zip", "deb", "png", "mp3") * 20)
    )
    return _sleeper(deep, {
        "LS_COLORS": f"rs=0:di=01;34:{colours}", "PS1": "\\[\\e[32m\\]\\u@\\h:\\w\\$\\[\\e[0m\\] ",
        "BASH_FUNC_module%%": "() {  eval `/usr/bin/modulecmd bash $*`\n}",
        "PROMPT_COMMAND": "history -a; printf '\\033]0;%s\\007' \"$PWD\"", "HISTFILE": "/dev/null",
        "LESSOPEN": "| /usr/bin/lesspipe %s",
    })  # fmt: skip


def environment_of_a_build(deep: Deep) -> Mark:
    token = ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=")
        for part in (b'{"alg":"RS256","typ":"JWT"}', b'{"sub":"build","iat":1}', os.urandom(256))
    )
    return _sleeper(deep, {
        "CI_JOB_JWT": token, "CA_CERT": base64.b64encode(PEM).decode(), "TLS_CERT": PEM.decode(),
        "GITHUB_EVENT": json.dumps({"commits": [{"id": os.urandom(20).hex()} for _ in range(30)]}),
        "AWS_SECRET_ACCESS_KEY": base64.b64encode(os.urandom(30)).decode(),
        "KEY1": os.urandom(32).hex(), "KEY2": os.urandom(32).hex(), "KEY3": os.urandom(32).hex(),
    })  # fmt: skip


def environment_of_a_cluster(deep: Deep) -> Mark:
    config = "apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    certificate-authority-data: "
    config += base64.b64encode(PEM).decode() + "\n    server: https://10.0.0.1:6443\n  name: a\n"
    return _sleeper(deep, {
        "KUBECONFIG_DATA": base64.b64encode(config.encode()).decode(), "KUBECONFIG": config,
        "JAVA_TOOL_OPTIONS": "-Xmx2g -javaagent:/opt/agent/agent.jar -Dfile.encoding=UTF-8",
        "DOCKER_AUTH_CONFIG": json.dumps({"auths": {"r.example": {"auth": "YTpi" * 20}}}),
    })  # fmt: skip


def title_with_blanks(deep: Deep) -> Mark:
    return Mark(deep.play("nothing", argv="[celeryd: celery@host:MainProcess] -active-")["pid"])


def daemon_from_its_place(deep: Deep) -> Mark:
    directory = deep.stage.directory(f"/opt/deep-{deep.token}")
    path = deep.stage.file(f"{directory}/nginx", sleep_copy())
    return Mark(deep.stage.sleeper(path, argv0="nginx: master process"))


def applet(deep: Deep) -> Mark:
    return Mark(deep.stage.sleeper(sleep_original(), argv0="crond"))


def mount_of_data(deep: Deep) -> Mark:
    point = deep.stage.directory(f"/mnt/deep-{deep.token}")
    deep.mount("none", point, "tmpfs")
    return mark(path=point)


def mount_over_resolv(deep: Deep) -> Mark:
    source = deep.stage.work / "resolv.conf"
    source.write_text("nameserver 10.0.0.1\n")
    if not os.path.isfile("/etc/resolv.conf"):
        raise Refused("no /etc/resolv.conf")
    deep.mount(str(source), "/etc/resolv.conf")
    return mark(path="/etc/resolv.conf")


STATES = (
    benign("key-token", "a token in a key", key_token),
    benign("key-certificate", "certificates in a key", key_certificate),
    benign("key-kerberos", "a Kerberos ticket cache", key_kerberos),
    benign("key-json", "a configuration in a key", key_json),
    benign("shm-scoreboard", "an empty, attached segment", shm_scoreboard),
    benign("shm-of-x-client", "a removed segment with pixels", shm_of_x_client),
    benign("shm-small-orphan", "a database's marker segment", shm_small_orphan),
    benign("queue-in-use", "a full queue that a process has open", queue_in_use),
    benign("sockets-of-a-desktop", "names of D-Bus, X, containerd, editors", sockets_of_a_desktop),
    benign("socket-of-service-on-disk", "a service's name, from disk", socket_of_service_on_disk),
    benign("attribute-origin", "where a file was downloaded from", attribute_origin),
    benign("attribute-comment", "a comment", attribute_comment),
    benign("attribute-capability", "file capabilities", attribute_capability),
    benign("bpf-devices", "a cgroup's device program", bpf_devices),
    benign("bpf-filter", "a socket filter", bpf_filter),
    benign("bpf-held", "a tracepoint program that its agent holds", bpf_held),
    benign("loop-on-disk", "a loop device over a file on disk", loop_on_disk),
    benign("secret-agent", "a program on disk with secret memory", secret_agent),
    benign("environment-of-a-shell", "colours, functions, prompts", environment_of_a_shell),
    benign("environment-of-a-build", "tokens and certificates of CI", environment_of_a_build),
    benign("environment-of-a-cluster", "kubeconfig and agents", environment_of_a_cluster),
    benign("title-with-blanks", "Celery's title in brackets", title_with_blanks),
    benign("daemon-from-its-place", "nginx from /opt", daemon_from_its_place),
    benign("applet", "a program called crond from /usr/bin", applet),
    benign("mount-of-data", "a tmpfs on an empty directory", mount_of_data),
    benign("mount-over-resolv", "resolv.conf bound by a network manager", mount_over_resolv),
)  # fmt: skip
