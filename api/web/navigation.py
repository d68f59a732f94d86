"""The main places of the pages, each with the right that it takes; a builder of pages adds a line."""

from dataclasses import dataclass

from api.web.languages import N_
from matcher.accounts.actor import Actor
from matcher.accounts.roles import Right


@dataclass(frozen=True, slots=True)
class Entry:
    """A place. right: whoever has it sees the entry."""

    path: str
    label: str
    right: Right

    def is_here(self, path: str) -> bool:
        return path == self.path or path.startswith(f"{self.path}/")


ENTRIES: tuple[Entry, ...] = (
    Entry("/worklist", N_("Worklist"), Right.WORK_CASES),
    Entry("/search", N_("Search"), Right.SEARCH),
    Entry("/training", N_("Training"), Right.WORK_CASES),
    Entry("/supervision", N_("Supervision"), Right.SUPERVISE_CASES),
    Entry("/statistics", N_("Statistics"), Right.OWN_ACCOUNT),
    Entry("/audit", N_("Audit"), Right.READ_AUDIT),
    Entry("/administration", N_("Administration"), Right.MANAGE_ACCOUNTS),
    Entry("/backlogs", N_("Backlogs"), Right.SEARCH),
    Entry("/account", N_("Account"), Right.OWN_ACCOUNT),
)  # fmt: skip


def entries_for(actor: Actor | None) -> tuple[Entry, ...]:
    """What somebody may go to; nothing for nobody."""
    return () if actor is None else tuple(entry for entry in ENTRIES if actor.may(entry.right))
