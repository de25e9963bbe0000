"""Reading one ``/proc/PID``: the held directory, its memory, the files it names."""
