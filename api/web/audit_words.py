"""What the audit names by codes, in words; marked here, translated where they are shown."""

from collections.abc import Mapping

from api.web.languages import N_
from matcher.audit.entry import Action
from matcher.audit.links import Fault

ACTIONS: Mapping[Action, str] = {
    Action.SEARCH: N_("Search"),
    Action.REFUSAL: N_("Refusal"),
    Action.PHOTO_VIEWED: N_("Photo viewed"),
    Action.GALLERY_AUDITED: N_("Gallery looked through"),
    Action.PERSON_ENROLLED: N_("Person enrolled"),
    Action.PERSON_REPLACED: N_("Person replaced"),
    Action.PERSON_REMOVED: N_("Person removed"),
    Action.PHOTO_REMOVED: N_("Photo removed"),
    Action.GALLERY_CHANGED: N_("Gallery changed"),
    Action.CASE_CHANGED: N_("Case changed"),
    Action.CASE_VIEWED: N_("Case viewed"),
    Action.DECISION: N_("Decision"),
    Action.DOCUMENT: N_("Document"),
    Action.EXPORT: N_("Export"),
    Action.IMPORT: N_("Import"),
    Action.SETTING_CHANGED: N_("Setting changed"),
    Action.THRESHOLD_CHANGED: N_("Threshold changed"),
    Action.MODEL_CHANGED: N_("Model changed"),
    Action.ACCOUNT_CHANGED: N_("Account changed"),
    Action.SIGN_IN: N_("Sign-in"),
    Action.SIGN_IN_FAILED: N_("Failed sign-in"),
    Action.SIGN_OUT: N_("Sign-out"),
    Action.KEY_CHANGED: N_("Key changed"),
    Action.RETENTION_CHANGED: N_("Retention rule changed"),
    Action.PURGE: N_("Purge"),
    Action.LEGAL_HOLD: N_("Legal hold"),
    Action.BACKUP: N_("Backup"),
    Action.RESTORE: N_("Restore"),
    Action.CHECKPOINT: N_("Checkpoint"),
    Action.JOB_CHANGED: N_("Backlog changed"),
    Action.AUDIT_VIEWED: N_("Audit viewed"),
}

FINDINGS: Mapping[Fault, tuple[str, str]] = {
    Fault.ALTERED: (
        N_("An entry was altered"),
        N_("Its text, or what is stored beside it for questions, no longer has the SHA-256 that was recorded. Somebody "
           "changed the records past this program, or the disk is damaged."),
    ),
    Fault.REMOVED: (
        N_("Entries were removed"),
        N_("The numbers have a gap. Entries are never removed by this program: somebody did it in the database."),
    ),
    Fault.OUT_OF_PLACE: (
        N_("An entry was inserted or moved"),
        N_("It does not name the entry before it. It was written past this program, or left after one that was "
           "rewritten."),
    ),
    Fault.TRUNCATED: (
        N_("The end is missing"),
        N_("The head of the chain or a checkpoint knows of later entries than there are: the last ones were removed."),
    ),
    Fault.REWRITTEN: (
        N_("The chain was rewritten"),
        N_("It is sound in itself, but a checkpoint saw another entry here: all from some place on was made anew."),
    ),
    Fault.OTHER_CHAIN: (
        N_("It is another chain"),
        N_("The checkpoint is of another installation, or these records were put in the place of the former ones."),
    ),
    Fault.UNREADABLE: (
        N_("An entry can't be read"),
        N_("The database's own file is damaged at this place."),
    ),
}  # fmt: skip
"""What each finding is, and what it means."""
