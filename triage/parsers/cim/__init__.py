"""The WMI repository (CIM): mappings, pages, records, index, class definitions, instances.

Pure: bytes in, values out. Every file here holds one idea of the format; ``repository.py`` puts
them together. Only :class:`triage.parsers.Malformed` is raised.
"""
