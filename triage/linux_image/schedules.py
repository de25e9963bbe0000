"""cron, anacron and at: crontabs, spools, and the directories whose scripts run by the clock."""

from __future__ import annotations

from collections.abc import Iterator

from triage.linux_image.items import Items
from triage.linux_image.tree import Text, Tree
from triage.model.linux_image import PersistenceItem
from triage.parsers.crontab import parse_crontab

_SYSTEM = ("etc/crontab",)
_SYSTEM_DIRECTORIES = ("etc/cron.d", "usr/lib/cron.d", "etc/cron.d/yearly")
_SPOOLS = ("var/spool/cron", "var/spool/cron/crontabs", "var/spool/cron/tabs", "etc/crontabs",
           "var/cron/tabs", "var/spool/fcron")  # fmt: skip
_AT = ("var/spool/cron/atjobs", "var/spool/at", "var/spool/atjobs", "var/spool/at/spool",
       "var/spool/cron/atspool")  # fmt: skip
_SCRIPTS = {
    "etc/cron.hourly": "hourly", "etc/cron.daily": "daily", "etc/cron.weekly": "weekly",
    "etc/cron.monthly": "monthly", "etc/cron.yearly": "yearly", "etc/periodic/15min": "15min",
    "etc/periodic/hourly": "hourly", "etc/periodic/daily": "daily", "etc/periodic/weekly": "weekly",
    "etc/periodic/monthly": "monthly",
}  # fmt: skip


def read(tree: Tree, items: Items) -> Iterator[PersistenceItem]:
    for path in _SYSTEM:
        text = tree.text(path)
        if text is not None:
            yield from _jobs(tree, text, "cron", None, users=True)
    for directory in _SYSTEM_DIRECTORIES:
        for text in tree.texts(directory):
            yield from _jobs(tree, text, "cron", None, users=True)
    for directory in _SPOOLS:
        for text in tree.texts(directory):
            yield from _jobs(tree, text, "cron", text.path.rpartition("/")[2], users=False)
    text = tree.text("etc/anacrontab")
    if text is not None:
        yield from _jobs(tree, text, "anacron", "root", users=False)
    for directory in _AT:
        for text in tree.texts(directory):
            yield items.script_file(text, "at", "once", None)
    for directory, when in _SCRIPTS.items():
        for text in tree.texts(directory):
            yield items.script_file(text, "cron", when, "root")


def _jobs(
    tree: Tree, text: Text, mechanism: str, owner: str | None, *, users: bool
) -> Iterator[PersistenceItem]:
    for job in parse_crontab(text.text, users=users, anacron=mechanism == "anacron"):
        yield PersistenceItem(
            location=tree.locate(text.path, f"line {job.line}"),
            mechanism=mechanism,
            name=text.path.rpartition("/")[2],
            command=job.command,
            trigger=job.when,
            user=job.user or owner,
            settings=job.variables,
            file=text.file,
        )
