"""The Registry of a Windows image: where its hives lie, what is stored in it, what loads that.

Pure but for :mod:`triage.registry.places`, which looks for the files.
"""
