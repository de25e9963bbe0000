"""The documentation page of the vocabulary: ``python -m triage.content.kinds_page``."""

from __future__ import annotations

from triage.content.kinds import KINDS, TRAITS

_HEAD = """# Kinds of content

What `triage` says that bytes are. The names are the same in the JSON report, in `triage inspect`
and in every finding. A kind is decided by structure: a magic number alone is never enough. What
is known beyond the kind is told by traits.

This page is generated: `python -m triage.content.kinds_page > docs/content-kinds.md`.
"""


def page() -> str:
    """The whole page as Markdown."""
    families = dict.fromkeys(kind.family for kind in KINDS.values())
    parts = [_HEAD]
    for family in families:
        rows = [f"| `{one.name}` | {one.title} |" for one in KINDS.values() if one.family == family]
        parts.append(
            "\n".join([f"## {family}\n", "| kind | what it is |", "|---|---|", *rows]) + "\n"
        )
    rows = [f"| `{name}` | {title} |" for name, title in TRAITS.items()]
    parts.append("\n".join(["## Traits\n", "| trait | what it says |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(), end="")
