"""Fixtures that many tests share."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
FIXTURES = CHECKOUT / "fixtures"


@pytest.fixture(scope="session")
def fixtures() -> Path:
    return FIXTURES


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked real-world corpus; skips where it is absent, fails there under CI."""
    source = Path(os.environ.get("TRIAGE_CORPUS", CHECKOUT.parent / "shared" / "corpus"))
    unpack = source / "unpack"
    if not unpack.exists():
        message = f"no test corpus at {source} (set TRIAGE_CORPUS)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    # One copy for the whole machine's test runs: unpacking is idempotent and costs seconds.
    destination = Path(os.environ.get("TRIAGE_CORPUS_UNPACKED", tmp_path_factory.getbasetemp()))
    destination = destination / "corpus"
    subprocess.run(["sh", str(unpack), str(destination)], check=True, timeout=600)
    return destination
