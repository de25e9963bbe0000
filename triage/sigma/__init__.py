"""Sigma rules of the user's over the events of Windows event logs (extra ``sigma``).

Rules are turned into SQL by pySigma and its SQLite backend, and run over tables in memory, one for
each log source. Compiling happens in a child process: rules come from anywhere, too.
"""
