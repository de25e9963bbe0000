"""Commands in the settings of services, mail, editors and desktops: one line, one command.

A table says for each kind of file which line names a command, and who runs it when. Whether the
command is notable is judged as everywhere; a line that is read wrongly is one without a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.linux_image.setting_items import numbered_lines, plain_item
from triage.linux_image.tree import Text, Tree
from triage.model.linux_image import PersistenceItem
from triage.predicates.persistence import words_of
from triage.records import dataclass

_LINE_MAX = 8192


@dataclass(frozen=True, slots=True)
class Directive:
    """Files by pattern below the root (``~/`` before one: below every home), and their lines.

    ``line`` has the command in the first group that matched. ``how`` is ``shell``, ``exec``, or
    ``load`` where the value is a library or a script that a program loads.
    """

    places: tuple[str, ...]
    mechanism: str
    trigger: str
    line: re.Pattern[str]
    how: str = "shell"


def _d(places: str, mechanism: str, trigger: str, line: str, how: str = "shell") -> Directive:
    return Directive(tuple(places.split()), mechanism, trigger, re.compile(line), how)


_SSH = "etc/ssh/ssh_config etc/ssh/ssh_config.d/*.conf ~/.ssh/config"
_PHP = ("etc/php.ini etc/php.d/*.ini etc/php/*/*/php.ini etc/php/*/*/conf.d/*.ini "
        "var/www/.user.ini var/www/*/.user.ini var/www/html/*/.user.ini")  # fmt: skip
_VIM = ("etc/vim/vimrc etc/vim/vimrc.local etc/vimrc ~/.vimrc ~/.vim/vimrc ~/.vim/plugin/*.vim "
        "~/.vim/after/plugin/*.vim ~/.config/nvim/init.vim ~/.exrc")  # fmt: skip
_TILING = ("etc/i3/config etc/sway/config ~/.config/i3/config ~/.i3/config ~/.config/sway/config "
           "~/.config/hypr/hyprland.conf")  # fmt: skip
_GIT = "etc/gitconfig ~/.gitconfig ~/.config/git/config"

TABLE: tuple[Directive, ...] = (
    _d("etc/openvpn/*.conf etc/openvpn/*/*.conf", "network-hook", "an OpenVPN connection",
       r"(?:up|down|route-up|route-pre-down|ipchange|tls-verify|auth-user-pass-verify|"
       r"client-connect|client-disconnect|learn-address)\s+(?:'([^']*)'|\"([^\"]*)\"|(.*))",
       "exec"),
    _d("etc/wireguard/*.conf", "network-hook", "a WireGuard interface",
       r"(?:Pre|Post)(?:Up|Down)\s*=\s*(.*)"),
    _d("etc/keepalived/*.conf etc/keepalived/conf.d/*.conf", "service", "keepalived",
       r"(?:notify\w*|script)\s+(?:\"([^\"]*)\"|(/.*))", "exec"),
    _d("etc/acpi/events/*", "service", "a power event", r"action\s*=\s*(.*)"),
    _d("etc/rsyslog.conf etc/rsyslog.d/*.conf", "service", "a line of the log",
       r"[^#]*?\bbinary=\"((?:[^\"\\]|\\.)*)\"", "exec"),
    _d("etc/rsyslog.conf etc/rsyslog.d/*.conf", "service", "a line of the log",
       r"[^#\s]+\s+\^(/[^;\s]+)", "exec"),
    _d("etc/syslog-ng/*.conf etc/syslog-ng/conf.d/*.conf", "service", "a line of the log",
       r"[^#]*?\bprogram\(\s*[\"']((?:[^\"'\\]|\\.)*)[\"']"),
    _d("etc/audit/plugins.d/*.conf etc/audisp/plugins.d/*.conf", "service", "auditd",
       r"path\s*=\s*(/\S+)", "exec"),
    _d("etc/audit/auditd.conf", "service", "auditd", r"\w+_action\s*=\s*exec\s+(/\S+)", "exec"),
    _d("etc/snmp/*.conf", "service", "a question of SNMP",
       r"(?:extend|exec|sh|pass|pass_persist)\S*\s+(?:\S+\s+){1,3}?(/.*)"),
    _d("etc/zabbix/*.conf etc/zabbix/*/*.conf", "service", "a question of Zabbix",
       r"UserParameter\s*=\s*[^,]{1,200},(.*)"),
    _d("etc/nagios/nrpe.cfg etc/nagios/nrpe.d/*.cfg etc/nrpe.d/*.cfg", "service",
       "a question of Nagios", r"command\[[^\]]{1,200}\]\s*=\s*(.*)"),
    _d("etc/postgresql/*/*/*.conf etc/postgresql/*/*/conf.d/*.conf var/lib/pgsql/data/*.conf "
       "var/lib/postgresql/*/*/postgresql.auto.conf", "service", "PostgreSQL",
       r"(?:archive_command|restore_command|archive_cleanup_command|recovery_end_command|"
       r"ssl_passphrase_command)\s*=\s*'(.*)'"),
    _d(_PHP, "service", "a script of PHP",
       r"(?:auto_prepend_file|auto_append_file|(?:zend_)?extension)\s*=\s*[\"']?(/[^\"';]+)",
       "load"),
    _d("etc/apache2/*.conf etc/apache2/mods-enabled/*.load etc/httpd/conf/*.conf "
       "etc/httpd/conf.d/*.conf etc/httpd/conf.modules.d/*.conf", "service", "the web server",
       r"LoadModule\s+\S+\s+\"?(/[^\"\s]+)", "load"),
    _d("etc/apache2/*.conf etc/apache2/sites-enabled/* etc/httpd/conf/*.conf "
       "etc/httpd/conf.d/*.conf", "service", "the web server",
       r"(?:ErrorLog|CustomLog|TransferLog)\s+\"\|\|?\$?\s*([^\"]*)\""),
    _d("etc/nginx/nginx.conf etc/nginx/modules-enabled/*.conf", "service", "the web server",
       r"load_module\s+[\"']?(/[^\"';]+)", "load"),
    _d("etc/sudo.conf", "sudo", "sudo", r"Plugin\s+\S+\s+(/\S+)", "load"),
    _d(_SSH, "ssh", "an outgoing SSH login",
       r"(?i:ProxyCommand|LocalCommand|KnownHostsCommand)\s*=?\s*(.*)"),
    _d(_SSH, "ssh", "an outgoing SSH login",
       r"(?i:Match)\s[^#]{0,300}?\bexec\s+\"([^\"]*)\""),
    _d(_SSH, "ssh", "an outgoing SSH login",
       r"(?i:PKCS11Provider|SecurityKeyProvider)\s*=?\s*(/\S+)", "load"),
    _d("etc/aliases etc/mail/aliases", "mail", "a mail",
       r"[^:#]{1,200}:[^|]{0,300}?\"?\|\s*([^\"]*)\"?"),
    _d("~/.forward", "mail", "a mail", r"[^|#]{0,300}?\"?\|\s*([^\"]*)\"?"),
    _d("etc/procmailrc ~/.procmailrc", "mail", "a mail", r"\|\s*(.*)"),
    _d("etc/mailcap ~/.mailcap", "mail", "a file is opened", r"[^;#]{1,200};\s*([^;]*)"),
    _d(_GIT, "git-hook", "a command of git",
       r"(?i:fsmonitor|sshCommand|pager|editor|askPass|gitProxy|helper|textconv|driver|clean|smudge|"
       r"process|program|cmd)\s*=\s*\"?!?\s*(.*?)\"?$"),
    _d(_GIT, "git-hook", "a command of git",
       r"[\w-]{1,64}\s*=\s*\"?!\s*(.*?)\"?$"),
    _d("etc/tmux.conf ~/.tmux.conf ~/.config/tmux/tmux.conf", "profile", "tmux",
       r"[^#]{0,200}?\b(?:run-shell|run|if-shell|default-command)\s+(?:-\w+\s+)*[\"']?(.*?)[\"']?$"),
    _d(_VIM, "editor", "an editor is started",
       r"(?:[^\"!]{0,200}?[\s|:])?!\s*(\S.*)"),
    _d(f"{_VIM} ~/.config/nvim/init.lua ~/.emacs ~/.emacs.d/init.el", "editor",
       "an editor is started",
       r".{0,300}?\b(?:system(?:list)?|jobstart|execute|shell-command(?:-to-string)?)\s*"
       r"[(\s]\s*(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)')"),
    _d("etc/gdb/gdbinit ~/.gdbinit", "editor", "the debugger is started", r"(?:shell|!)\s*(\S.*)"),
    _d("etc/lightdm/lightdm.conf etc/lightdm/lightdm.conf.d/*.conf "
       "usr/share/lightdm/lightdm.conf.d/*.conf", "autostart", "desktop login",
       r"[\w-]{1,64}-script\s*=\s*(.*)", "exec"),
    _d("etc/xdg/lxsession/*/autostart ~/.config/lxsession/*/autostart", "autostart",
       "desktop login", r"@?(.*)"),
    _d(_TILING, "autostart", "desktop login",
       r"(?:exec(?:_always)?|exec-once)\s*=?\s*(?:--no-startup-id\s+)?(.*)"),
    _d("etc/incron.d/* var/spool/incron/*", "cron", "a file changes", r"\S+\s+\S+\s+(.*)"),
    _d("etc/monitrc etc/monit/monitrc etc/monit/conf.d/* etc/monit/conf-enabled/*", "service",
       "monit", r"[^#]{0,300}?\b(?:exec|program\s*=|start\s*=|stop\s*=)\s*\"([^\"]*)\"", "exec"),
    _d("etc/crypttab", "init", "boot", r"[^#]{0,1000}?\bkeyscript=(/[^,\s]+)", "exec"),
    _d("etc/dhcp/dhclient.conf etc/dhclient.conf etc/dhcp/dhclient-*.conf", "network-hook",
       "a DHCP lease", r"script\s+\"([^\"]*)\"", "exec"),
    _d("etc/dnf/dnf.conf etc/yum.conf", "package-hook", "a package changes",
       r"pluginpath\s*=\s*(/\S+)", "load"),
    _d("etc/default/useradd etc/adduser.conf", "profile", "login of a new user",
       r"D?SHELL\s*=\s*(/\S+)", "exec"),
    _d("etc/dinit.d/*", "init", "boot", r"(?:stop-)?command\s*[=:]\s*(.*)", "exec"),
    _d("boot/grub/grub.cfg boot/grub2/grub.cfg boot/loader/entries/*.conf etc/kernel/cmdline "
       "boot/extlinux/extlinux.conf boot/cmdline.txt boot/firmware/cmdline.txt", "init", "boot",
       r"[^#]{0,4000}?\b(?:rd)?init=(/\S+)", "exec"),
)  # fmt: skip


def read(tree: Tree) -> Iterator[PersistenceItem]:
    """An item for every command that a line of these files names."""
    texts: dict[str, Text | None] = {}
    for directive in TABLE:
        for place in directive.places:
            for path, user in tree.places(place):
                if path not in texts:
                    texts[path] = tree.text(path)
                text = texts[path]
                if text is not None:
                    yield from _items(tree, text, directive, user)
    yield from _manager_environment(tree)


def _items(
    tree: Tree, text: Text, directive: Directive, user: str | None
) -> Iterator[PersistenceItem]:
    for number, line in numbered_lines(text):
        match = directive.line.match(line[:_LINE_MAX])
        value = "" if match is None else next((g for g in match.groups() if g), "").strip()
        if not value:
            continue
        load = directive.how == "load"
        yield plain_item(
            tree, text, number, directive.mechanism, "" if load else value, directive.trigger,
            user=user, interpreter="exec" if directive.how == "exec" else "shell",
            settings=(("LD_PRELOAD", value),) if load else (), target=value if load else None,
        )  # fmt: skip


_MANAGER = ("etc/systemd/system.conf", "etc/systemd/user.conf", "etc/systemd/system.conf.d/*.conf",
            "etc/systemd/user.conf.d/*.conf", "usr/lib/systemd/system.conf.d/*.conf",
            "usr/lib/systemd/user.conf.d/*.conf")  # fmt: skip
_ENVIRONMENT = re.compile(r"(?:Default|Manager)Environment\s*=\s*(.*)")


def _manager_environment(tree: Tree) -> Iterator[PersistenceItem]:
    """Variables that systemd gives to everything that it starts."""
    for place in _MANAGER:
        for path in tree.glob(place):
            text = tree.text(path)
            for number, line in () if text is None else numbered_lines(text):
                match = _ENVIRONMENT.match(line[:_LINE_MAX])
                settings = () if match is None else tuple(_assigned(match[1]))
                if settings and text is not None:
                    trigger = "everything that systemd starts"
                    yield plain_item(tree, text, number, "environment", "", trigger,
                                     settings=settings)  # fmt: skip


def _assigned(value: str) -> Iterator[tuple[str, str]]:
    for word in words_of(value):
        name, sign, content = word.partition("=")
        if sign:
            yield name, content
