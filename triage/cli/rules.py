"""The user's rules, from a file or a directory: YARA's, and whether Sigma's can be read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from triage.cli.exits import Exit, fail

if TYPE_CHECKING:
    from triage.content.yara import Rules

_MOST_RULES = 16 << 20


def compiled_rules(path: str) -> Rules:
    """Compile them; leaves with a usage error when they or yara-x are not usable."""
    from triage.content.yara import Unusable, compile_rules

    try:
        return compile_rules([(os.path.basename(name), _rule_text(name)) for name in _files(path)])
    except Unusable as error:
        fail(Exit.USAGE, str(error))
    except OSError as error:
        fail(Exit.USAGE, f"cannot read {path}: {error.strerror}")


def _files(path: str) -> list[str]:
    if not os.path.isdir(path):
        return [path]
    names = sorted(name for name in os.listdir(path) if name.endswith((".yar", ".yara")))
    if not names:
        fail(Exit.USAGE, f"no .yar or .yara file in {path}")
    return [os.path.join(path, name) for name in names]


def _rule_text(path: str) -> str:
    with open(path, "rb") as stream:
        return stream.read(_MOST_RULES).decode("utf-8", "replace")


def check_rules(sigma: str | None) -> None:
    """Leave with a usage error when Sigma rules are given and nothing is there to read them."""
    from importlib.util import find_spec

    if sigma is not None and (find_spec("sigma") is None or find_spec("evtx") is None):
        hint = "pip install pysigma pysigma-backend-sqlite evtx orjson brings what reads them"
        fail(Exit.USAGE, "--sigma needs pySigma and the reader of event logs", hint)
