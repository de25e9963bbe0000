"""A management tool's own script is known by all of it, and by nothing less."""

from __future__ import annotations

import base64

import pytest

from tests.evtx.events import indicators, judged
from tests.evtx.test_unseen import PWSH, RANK, S, block, start, worst
from triage.knowledge import Known, table
from triage.windows import known_scripts

SCRIPT = """# sent by a tool
$text = $input | Out-String
$parts = [Convert]::FromBase64String($text)

& ([ScriptBlock]::Create([Text.Encoding]::UTF8.GetString($parts)))
IEX $more
"""


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {known_scripts.digest(SCRIPT): Known("a tool's script", "https://example.org/")}
    monkeypatch.setattr(known_scripts, "_rows", lambda: rows)


def encoded(script: str) -> str:
    return base64.b64encode(script.encode("utf-16-le")).decode()


def command(script: str, more: str = "") -> str:
    return f"powershell.exe -NoProfile -NonInteractive -EncodedCommand {encoded(script)}{more}"


def test_without_the_table_it_is_raised() -> None:
    assert RANK[worst(judged(block(SCRIPT)))] >= RANK["medium"]


@pytest.mark.usefixtures("known")
def test_the_script_is_attested_and_stays_visible() -> None:
    for script in (SCRIPT, SCRIPT.replace("\n", "\r\n"), SCRIPT.replace("\n\n", "\n")):
        report = judged(block(script))
        assert RANK[worst(report)] <= RANK["info"]
        assert indicators(report)  # lowered, not hidden
    report = judged(start(PWSH, command(SCRIPT), S + "wsmprovhost.exe"))
    assert RANK[worst(report)] <= RANK["info"]


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    "changed",
    [
        SCRIPT + "IEX $evil\n",
        SCRIPT.replace("# sent", "#> sent"),
        SCRIPT.replace("# sent by a tool\n", "<# #> IEX $evil\n"),
        SCRIPT.replace("$more", "$evil"),
        SCRIPT.replace("# sent by a tool\n", ""),
    ],
)
def test_one_word_more_is_another_script(changed: str) -> None:
    assert RANK[worst(judged(block(changed)))] >= RANK["medium"]


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("more", ["; calc.exe", " -Command IEX $evil", " | IEX"])
def test_a_command_that_does_more_is_another_command(more: str) -> None:
    report = judged(start(PWSH, command(SCRIPT, more), S + "wsmprovhost.exe"))
    assert RANK[worst(report)] >= RANK["medium"]


@pytest.mark.usefixtures("known")
def test_a_part_of_the_script_is_not_the_script() -> None:
    assert RANK[worst(judged(block(SCRIPT, num=2, tot=3)))] >= RANK["medium"]


def test_every_row_has_its_source_and_a_digest() -> None:
    for row in table("known_scripts")["scripts"]:
        assert row["source"].startswith("https://")
        assert row["digests"]
        assert all(len(each) == 64 and int(each, 16) for each in row["digests"])
