"""A WMI subscription that Windows brings itself, recognised by its whole content.

Attested only when the consumer's class, the filter's query and the consumer's values are exactly
those of the table; the name alone attests nothing, because malware takes the names that white lists
know.

Source: knowledge/wmi.toml.
"""

from __future__ import annotations

from triage.analyzers.indicator import Attestation
from triage.knowledge import table
from triage.model import Benign
from triage.model.windows import WmiObject, WmiSubscription
from triage.scene import Scene

# What a consumer runs or writes, in any of its classes: a row that does not name it forbids it.
_ACTIVE = (
    "CommandLineTemplate", "ExecutablePath", "ScriptText", "ScriptFilename", "Filename", "Text",
    "ToLine", "UNCServerName",
)  # fmt: skip


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _same(one: str | None, other: str) -> bool:
    return one is not None and _plain(one) == _plain(other)


def _is_row(row: dict[str, object], consumer: WmiObject, query: str | None) -> bool:
    values = row["values"]
    assert isinstance(values, dict)
    return (
        consumer.class_name.casefold() == str(row["consumer"]).casefold()
        and _same(query, str(row["query"]))
        and all(_same(consumer.text(name), text) for name, text in values.items())
        and not any(consumer.text(name) for name in _ACTIVE if name not in values)
    )


def attest(item: WmiSubscription, scene: Scene) -> Benign | None:
    if item.consumer is None or item.filter is None or item.binding is None:
        return None
    query = item.filter.text("Query")
    for row in table("wmi")["benign_subscriptions"]:
        if _is_row(row, item.consumer, query):
            return Benign(f"{row['what']}, by its exact content", row["source"])
    return None


ATTESTATION = Attestation(
    id="known-subscription",
    covers=frozenset({"wmi-other-consumer", "wmi-command-consumer"}),
    inspects=WmiSubscription,
    check=attest,
    doc=__doc__,
)
