"""Windows' own notations: command lines, programs, paths, environment and registry references.

Pure and total: nothing here reads a file, and no text makes it fail.
"""
