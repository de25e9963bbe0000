"""``triage completion``: what makes a shell complete commands, options, formats and indicators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import ShellComplete

VARIABLE = "_TRIAGE_COMPLETE"
_HOW = {
    "bash": "triage completion bash > /etc/bash_completion.d/triage",
    "zsh": 'triage completion zsh > "${fpath[1]}/_triage"',
    "fish": "triage completion fish > ~/.config/fish/completions/triage.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(sorted(_HOW)))
def completion(shell: str) -> None:
    """Print the completion script of a shell: bash, zsh or fish.

    \b
        triage completion bash > /etc/bash_completion.d/triage
        triage completion zsh > "${fpath[1]}/_triage"
        triage completion fish > ~/.config/fish/completions/triage.fish
    """
    click.echo(script(shell))


def script(shell: str) -> str:
    """The script that asks this program at every TAB."""
    from click.shell_completion import ShellComplete

    # Not with the class's own method: for bash that one starts a shell to ask for its version.
    return ShellComplete.source(_completer(shell))


def answer(instruction: str) -> str:
    """What a shell's script is told: ``instruction`` is ``bash_complete``, ``zsh_complete``, ...

    The words come in the environment, as the script sets them. Nothing for what no script says.
    """
    shell, _, what = instruction.partition("_")
    if what != "complete" or shell not in _HOW:
        return ""
    completer = _completer(shell)
    try:
        words, incomplete = completer.get_completion_args()
    except (KeyError, ValueError, IndexError):
        return ""
    found = _items(completer, words, incomplete)
    return "\n".join(completer.format_completion(item) for item in found)


def _items(completer: ShellComplete, words: list[str], incomplete: str) -> list[Any]:
    """click's own proposals; files where it knows no word."""
    from click.shell_completion import CompletionItem

    if words == ["explain"]:
        from triage.cli.indicator_page import known

        return [CompletionItem(name) for name in known() if name.startswith(incomplete)]
    found: list[Any] = list(completer.get_completions(words, incomplete))
    if found or incomplete.startswith("-"):
        return found
    return [CompletionItem(incomplete, type="file")]


def _completer(shell: str) -> ShellComplete:
    from click.shell_completion import get_completion_class

    from triage.cli import cli

    kind = get_completion_class(shell)
    assert kind is not None
    return kind(cli, {}, "triage", VARIABLE)
