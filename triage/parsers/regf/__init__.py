"""Registry hives (regf): keys, values, what was deleted, and transaction logs.

Pure: bytes in, values out. :func:`open_hive` is the way in; it raises
:class:`triage.parsers.Malformed` for what is no hive at all, and nothing raises after that: what
is wrong in a hive is told by :attr:`Hive.anomalies`. Every file here holds one idea.

Source of the format: M. Suhanov, "Windows registry file format specification".
"""

from triage.parsers.regf.header import whole_size
from triage.parsers.regf.hive import Hive, open_hive
from triage.parsers.regf.items import Anomaly, Key, Remnant, Value
from triage.parsers.regf.looks import Looks

__all__ = ["Anomaly", "Hive", "Key", "Looks", "Remnant", "Value", "open_hive", "whole_size"]
