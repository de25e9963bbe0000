"""Find fileless malware after the fact: what a machine holds now, without kernel hooks.

Collectors look, the snapshot remembers, analyzers judge, reports tell.
"""

__version__ = "0.1.0"
