"""A hook of the site's build: a page for each indicator, made of the indicators themselves.

Nothing of it is checked in, so nothing goes stale; ``triage explain ID`` shows the same page.
Hooks: https://www.mkdocs.org/user-guide/configuration/#hooks
"""

from __future__ import annotations

from typing import Any

from mkdocs.structure.files import File, Files

from triage.cli import indicator_page

_CATALOGUE = "indicators.md"
_PREFACE = """\
# Indicators

Every sign that triage knows. Each has a page: what it looks for, why it matters, what else looks
like it, how to check by hand. `triage explain ID` shows the same page.
"""


def on_config(config: Any) -> Any:
    """The pages go where the navigation has the catalogue, in its groups."""
    groups = [{"All indicators": _CATALOGUE}]
    for heading, indicators in indicator_page.grouped():
        groups.append({heading: [{i.id: _place(i.id)} for i in indicators]})
    groups.append(
        {"Benign explanations": [{a.id: _place(a.id)} for a in indicator_page.explanations()]}
    )
    for section in config.nav:
        for name, pages in section.items() if isinstance(section, dict) else ():
            if _CATALOGUE in pages:
                section[name] = [
                    {"Indicators": groups} if page == _CATALOGUE else page for page in pages
                ]
    return config


def _place(name: str) -> str:
    return f"indicators/{name}.md"


def on_files(files: Files, config: Any) -> Files:
    for name, page in indicator_page.known().items():
        files.append(File.generated(config, _place(name), content=indicator_page.markdown(page)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """On the site the catalogue is a list that leads to the pages."""
    if page.file.src_uri != _CATALOGUE:
        return markdown
    return f"{_PREFACE}\n{indicator_page.catalogue('indicators/{}.md')}"
