"""Options of ordinary programs whose value is a command that they run (GTFOBins has many)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

#: Behind ``=`` of these, or as the next argument of those without one.
_ATTACHED = {
    "tar": ("--checkpoint-action=exec=", "--to-command=", "--use-compress-program=",
            "--rsh-command=", "--info-script=", "--new-volume-script="),
    "rsync": ("--rsh=", "--rsync-path="), "man": ("--pager=",), "wget": ("--use-askpass=",),
    "git": ("core.sshCommand=", "core.pager=", "core.editor=", "core.fsmonitor="),
    "ssh": ("ProxyCommand=", "LocalCommand="), "scp": ("ProxyCommand=",),
    "sftp": ("ProxyCommand=",), "zip": ("--unzip-command=",), "sort": ("--compress-program=",),
    "ansible": (), "make": ("--eval=",), "split": ("--filter=",), "curl": (),
}  # fmt: skip
_SEPARATE = {
    "tar": ("-I", "-F", "--checkpoint-action", "--to-command"), "rsync": ("-e", "--rsh"),
    "man": ("-P",), "zip": ("-TT",), "make": ("--eval",), "ansible": ("-a",),
    "split": ("--filter",),
}  # fmt: skip
_VALUES_MAX = 16


def option_commands(name: str, words: Sequence[str]) -> Iterator[str]:
    """The commands in a program's options, as text for a shell."""
    attached, separate = _ATTACHED.get(name, ()), _SEPARATE.get(name, ())
    if not attached and not separate:
        return
    for number, word in enumerate(words[1 : 64 * _VALUES_MAX], 1):
        for option in attached:
            place = word.find(option)
            if 0 <= place <= 2:
                yield _bare(word[place + len(option) :])
        if word in separate and number + 1 < len(words):
            yield _bare(words[number + 1].removeprefix("exec="))


def _bare(text: str) -> str:
    """Without what a program itself puts before a shell's text."""
    return text.removeprefix("!").replace("$(shell ", "$(")
