"""``triage watch``: every execution looked at while it runs, judged like a live box.

A small process (``catcher``) hears of each execution from the kernel, takes hold of what runs and
passes what is no ordinary program on; the command judges that at its own pace.
"""
