"""Completion in the shells, and the manual page."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT
from tests.test_cli import ENVIRONMENT, triage
from triage.cli import COMMANDS, cli
from triage.cli.man_page import page
from triage.report import FORMATS

PAGE = CHECKOUT / "docs" / "man" / "triage.1"


def proposals(words: str, number: int, shell: str = "bash", **more: str) -> list[str]:
    environment = {"_TRIAGE_COMPLETE": f"{shell}_complete", "COMP_WORDS": words,
                   "COMP_CWORD": str(number)} | more  # fmt: skip
    done = triage(environment=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().split()


def test_commands_options_formats_and_indicators_are_proposed() -> None:
    assert proposals("triage an", 1) == ["plain,analyze"]
    assert "plain,--baseline" in proposals("triage analyze --ba", 2)
    assert proposals("triage analyze --fail-on h", 3) == ["plain,high"]
    assert proposals("triage live -o st", 3) == ["plain,stix="]
    assert len(proposals("triage live -o ", 3)) == len(FORMATS)
    assert "plain,exe-memfd" in proposals("triage explain exe-mem", 2)


def test_files_are_proposed_where_a_file_belongs() -> None:
    assert proposals("triage analyze /tm", 2) == ["file,/tm"]
    assert proposals("triage analyze --no-such", 2) == []


def test_every_shell_is_answered_in_its_own_form() -> None:
    assert proposals("triage ver", 1, "zsh")[:2] == ["plain", "verify"]
    found = proposals("triage ver", 1, "fish", COMP_CWORD="ver")
    assert any("verify" in line for line in found)


@pytest.mark.parametrize("asked", ["nonsense", "bash_source", "ksh_complete", "bash_complete"])
def test_what_no_script_asks_is_answered_with_nothing(asked: str) -> None:
    done = triage("live", environment={"_TRIAGE_COMPLETE": asked})
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_accepted_by_their_shells(shell: str, tmp_path: Path) -> None:
    done = triage("completion", shell)
    assert done.returncode == 0
    assert b"_TRIAGE_COMPLETE" in done.stdout
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    path = tmp_path / "script"
    path.write_bytes(done.stdout)
    checked = subprocess.run([shell, "-n", str(path)], capture_output=True, timeout=60)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_with_the_script(tmp_path: Path) -> None:
    """The whole way: the script asks the program and fills in the word."""
    (tmp_path / "triage").write_text(f'#!/bin/sh\nexec {sys.executable} -m triage "$@"\n')
    (tmp_path / "triage").chmod(0o755)
    (tmp_path / "script").write_bytes(triage("completion", "bash").stdout)
    program = (
        f"source {tmp_path}/script; COMP_WORDS=(triage ver); COMP_CWORD=1; "
        '_triage_completion triage ver triage; echo "${COMPREPLY[@]}"'
    )
    environment = ENVIRONMENT | {"PATH": f"{tmp_path}:{ENVIRONMENT['PATH']}"}
    done = subprocess.run(["bash", "-c", program], capture_output=True, timeout=60, env=environment)
    assert done.stdout.strip() == b"verify", done.stderr


def test_the_manual_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(cli), (
        "run: python -m triage.cli.man_page > docs/man/triage.1"
    )


def test_the_manual_page_has_every_command_and_option() -> None:
    import click

    text = PAGE.read_text(encoding="utf-8").replace("\\-", "-")
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        assert f".SS triage {name} " in text
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert option.opts[-1] in text


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_the_manual_page_has_no_warning() -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", str(PAGE)], capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
