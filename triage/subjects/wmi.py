"""What the report calls WMI objects and subscriptions: identity, title and facts."""

from __future__ import annotations

from triage.model import Content
from triage.model.windows import WmiObject, WmiProvider, WmiRecovery, WmiSubscription, WmiValue
from triage.subjects.cut import cut

Wmi = WmiObject | WmiProvider | WmiRecovery | WmiSubscription
Facts = tuple[tuple[str, str | int | bool | None], ...]
_SHOWN = 400


def identity_of(artifact: Wmi) -> str:
    """What tells it from every other of the same snapshot, and is the same in every run."""
    if isinstance(artifact, WmiSubscription):
        parts = [artifact.filter, artifact.consumer, artifact.binding]
        inner = "\0".join("" if part is None else identity_of(part) for part in parts)
        return f"{artifact.namespace}\0{artifact.state}\0{inner}"
    if isinstance(artifact, WmiRecovery):
        return f"{artifact.location.path}\0{artifact.entry}"
    place = f"{artifact.location.path}\0{artifact.location.inside}"
    key = artifact.name if isinstance(artifact, WmiProvider) else artifact.key
    return f"{place}\0{artifact.namespace}\0{artifact.class_name}\0{key}"


def name_of(artifact: Wmi) -> str:
    """A WMI path where there is one: ``root\\\\cimv2:Win32_Thing``."""
    if isinstance(artifact, WmiSubscription):
        part = artifact.consumer or artifact.filter or artifact.binding
        return "an empty subscription" if part is None else name_of(part)
    if isinstance(artifact, WmiRecovery):
        return artifact.entry
    namespace = "" if artifact.namespace is None else f"{artifact.namespace}:"
    if isinstance(artifact, WmiProvider):
        return f"{namespace}provider {artifact.name}"
    if artifact.part == "file":
        return artifact.location.path
    key = f".{artifact.key}" if artifact.key else ""
    file = f" in {artifact.location.path.rpartition('/')[2]}" if artifact.state == "mof" else ""
    return f"{namespace}{artifact.class_name or 'an unknown class'}{key}{file}"


def content_of(artifact: Wmi) -> Content | None:
    """The most telling content: what was joined, else the value that holds a payload or most."""
    if isinstance(artifact, WmiProvider | WmiRecovery):
        return None
    if isinstance(artifact, WmiSubscription):
        return None if artifact.consumer is None else content_of(artifact.consumer)
    if artifact.joined is not None:
        return artifact.joined
    examined = [v for v in artifact.values if v.content is not None]
    best = max(examined, key=_telling, default=None)
    return None if best is None else best.content


def _telling(value: WmiValue) -> tuple[bool, int]:
    from triage.content.examine import payload  # a heavy module, and seldom needed

    return value.content is not None and payload(value.content) is not None, value.size


def facts_of(artifact: Wmi) -> Facts:
    """The facts an analyst looks for first."""
    if isinstance(artifact, WmiProvider):
        return _provider_facts(artifact)
    if isinstance(artifact, WmiRecovery):
        return (("entry", artifact.entry), ("present", artifact.present))
    if isinstance(artifact, WmiSubscription):
        return _subscription_facts(artifact)
    content = content_of(artifact)
    return (
        ("namespace", artifact.namespace),
        ("class", artifact.class_name),
        ("part", artifact.part),
        ("key", artifact.key),
        ("state", artifact.state),
        ("superclasses", ", ".join(artifact.superclasses)),
        ("modified", artifact.modified),
        ("created", artifact.created),
        ("creator_sid", artifact.creator_sid),
        (
            "values",
            cut(", ".join(f"{v.name} ({v.type}, {v.size})" for v in artifact.values), _SHOWN),
        ),
        ("joined_from", cut(", ".join(artifact.parts), _SHOWN)),
        ("resembles", artifact.resembles or None),
        ("sha256", None if content is None else content.sha256),
        ("content_kind", None if content is None else content.kind),
    )


def _provider_facts(item: WmiProvider) -> Facts:
    servers = None if item.servers is None else ", ".join(one.path for one in item.servers)
    return (
        ("namespace", item.namespace),
        ("name", item.name),
        ("class", item.class_name),
        ("state", item.state),
        ("clsid", item.clsid),
        ("hosting", item.hosting),
        ("serves", ", ".join(item.registered)),
        ("files", None if servers is None else cut(servers, _SHOWN)),
        ("assembly", item.assembly_path or item.assembly),
        ("machine", item.machine),
        ("created", item.created),
        ("modified", item.modified),
    )


def _subscription_facts(item: WmiSubscription) -> Facts:
    consumer, trigger = item.consumer, item.filter
    part = consumer or trigger or item.binding
    content = content_of(item)
    return (
        ("namespace", item.namespace),
        ("state", item.state),
        ("filter", None if trigger is None else trigger.key),
        ("query", None if trigger is None else trigger.text("Query")),
        ("event_namespace", None if trigger is None else trigger.text("EventNamespace")),
        ("consumer_class", None if consumer is None else consumer.class_name),
        ("consumer", None if consumer is None else consumer.key),
        ("runs", None if consumer is None else runs(consumer)),
        ("bound", item.binding is not None),
        ("creator_sid", None if part is None else part.creator_sid),
        ("created", None if part is None else part.created),
        ("modified", None if part is None else part.modified),
        ("sha256", None if content is None else content.sha256),
        ("content_kind", None if content is None else content.kind),
    )


_RUNS = ("CommandLineTemplate", "ExecutablePath", "ScriptText", "ScriptFilename", "Filename")


def runs(consumer: WmiObject) -> str | None:
    """What the consumer runs or writes to, cut."""
    found = next((text for name in _RUNS if (text := consumer.text(name))), None)
    return None if found is None else cut(found, _SHOWN)
