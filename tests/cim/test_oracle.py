"""dissect.cim from outside, where it is installed: the same namespaces, classes and values.

Its full walk takes minutes (``python -m tests.bench.bench_cim`` takes it); here a few namespaces
are compared. What is known to differ is said where it is left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.bench.bench_cim import opened
from triage.parsers.cim.instances import Instance
from triage.parsers.cim.names import SYSTEM_NAMESPACE
from triage.parsers.cim.repository import Repository

pytestmark = pytest.mark.corpus

COMPARED = ("root\\subscription", "root\\SECURITY", "root\\Cli", "root\\PEH")


@pytest.fixture(scope="module")
def pair(corpus: Path) -> tuple[Repository, Any]:
    cim = pytest.importorskip("dissect.cim", reason="the oracle extra is not installed")
    folder = corpus / "cim" / "win10"
    return opened(folder), cim.CIM.from_directory(folder)


def test_the_same_namespaces(pair: tuple[Repository, Any]) -> None:
    ours, theirs = pair
    found: set[str] = set()
    pending = [theirs.root]
    while pending:
        namespace = pending.pop()
        if namespace.name.lower() not in found:
            found.add(namespace.name.lower())
            pending += list(namespace.namespaces)
    assert found == {name.lower() for name in ours.namespaces().values()}


@pytest.mark.parametrize("name", COMPARED)
def test_the_same_classes(pair: tuple[Repository, Any], name: str) -> None:
    ours, theirs = pair
    places = {name.lower(), SYSTEM_NAMESPACE.lower()}
    mine = {
        getattr(stored.what, "name", "")
        for stored in ours.classes()
        if str(ours.namespace_name(stored.namespace)).lower() in places
    }
    assert mine == {one.name for one in theirs.namespace(name).classes}


def texts_of(record: Any) -> dict[str, str]:
    """Its properties that are texts, by lower-case name; NULL ones have no value to ask for."""
    known = {key.lower(): prop for key, prop in record.properties.items() if prop.is_initialized}
    return {key: prop.value for key, prop in known.items() if isinstance(prop.value, str)}


def test_the_same_values(pair: tuple[Repository, Any]) -> None:
    """Texts of the filters and consumers, as both decode them."""
    ours, theirs = pair
    namespace = theirs.namespace("root\\subscription")
    compared = 0
    for stored in ours.instances(["__EventFilter", "NTEventLogEventConsumer"]):
        assert isinstance(stored.what, Instance)
        records = [each.ci for each in namespace.class_(stored.what.layout.name).instances]
        assert len(records) == 1
        texts = texts_of(records[0])
        compared += len(texts)
        assert {key: stored.what.value(key) for key in texts} == texts
    assert compared >= 6
