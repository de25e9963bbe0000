"""Indicators about the WMI repository: subscriptions, and classes used as storage."""

from __future__ import annotations

from triage.analyzers.indicator import Indicator
from triage.analyzers.wmi import (
    wmi_broken_chain,
    wmi_command_consumer,
    wmi_consumer_payload,
    wmi_creator,
    wmi_deleted_subscription,
    wmi_imitating_class,
    wmi_known_class,
    wmi_known_name,
    wmi_mof_subscription,
    wmi_other_consumer,
    wmi_provider,
    wmi_recovery,
    wmi_script_consumer,
    wmi_split_payload,
    wmi_standalone_class,
    wmi_stored_data,
    wmi_stored_payload,
    wmi_trigger,
    wmi_unusual_namespace,
)

INDICATORS: tuple[Indicator, ...] = (
    wmi_broken_chain.INDICATOR,
    wmi_command_consumer.INDICATOR,
    wmi_consumer_payload.INDICATOR,
    wmi_creator.INDICATOR,
    wmi_deleted_subscription.INDICATOR,
    wmi_imitating_class.INDICATOR,
    wmi_known_class.INDICATOR,
    wmi_known_name.INDICATOR,
    wmi_mof_subscription.INDICATOR,
    wmi_other_consumer.INDICATOR,
    wmi_provider.INDICATOR,
    wmi_recovery.INDICATOR,
    wmi_script_consumer.INDICATOR,
    wmi_split_payload.INDICATOR,
    wmi_standalone_class.INDICATOR,
    wmi_stored_data.INDICATOR,
    wmi_stored_payload.INDICATOR,
    wmi_trigger.INDICATOR,
    wmi_unusual_namespace.INDICATOR,
)
