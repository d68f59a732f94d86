"""Words for what casework names by codes; marked here, translated where they are shown."""

import re
from collections.abc import Mapping

from api.web.languages import N_
from matcher.casework.answers import AnswerKind, Rejection
from matcher.casework.case import Protection
from matcher.casework.features import Feature, Opinion, Seen
from matcher.casework.statuses import Status

STATUSES: Mapping[Status, str] = {
    Status.OPEN: N_("open"),
    Status.SEARCHING: N_("searching"),
    Status.UNDER_REVIEW: N_("under review"),
    Status.SENT_TO_CONSULATE: N_("sent to consulate"),
    Status.CONFIRMED: N_("confirmed"),
    Status.NOT_CONFIRMED: N_("not confirmed"),
    Status.PENDING_DOCUMENTS: N_("pending for want of documents"),
    Status.ABSCONDED: N_("absconded"),
    Status.APPEALING: N_("appealing"),
    Status.DUPLICATE: N_("duplicate"),
    Status.OUT_OF_JURISDICTION: N_("out of jurisdiction"),
    Status.TRAVEL_DOCUMENT_ISSUED: N_("travel document issued"),
    Status.REMOVED: N_("removed"),
    Status.CLOSED: N_("closed"),
}
STATUS_MANNERS: Mapping[Status, str] = {
    Status.UNDER_REVIEW: "accent",
    Status.SENT_TO_CONSULATE: "accent",
    Status.CONFIRMED: "good",
    Status.TRAVEL_DOCUMENT_ISSUED: "good",
    Status.PENDING_DOCUMENTS: "warn",
    Status.ABSCONDED: "warn",
    Status.APPEALING: "warn",
}
PROTECTIONS: Mapping[Protection, str] = {
    Protection.NONE: N_("protection lifted"),
    Protection.UNKNOWN: N_("protection unknown"),
    Protection.PROTECTED: N_("protected"),
}
PROTECTION_MANNERS: Mapping[Protection, str] = {Protection.UNKNOWN: "warn", Protection.PROTECTED: "fault"}
EVENTS: Mapping[str, str] = {
    "opened": N_("Opened"),
    "status": N_("Status"),
    "corrected": N_("Corrected"),
    "assigned": N_("Assigned"),
    "shared": N_("Shown to somebody else"),
    "photo added": N_("Photo added"),
    "put to gallery": N_("Put to a gallery"),
    "notice": N_("Notice recorded"),
    "searched": N_("Searched"),
    "search settled": N_("Search settled"),
    "identified": N_("Identified by two people"),
    "review begun": N_("Review begun"),
    "review closed": N_("Review handed in"),
    "consent recorded": N_("Consent recorded"),
    "consent withdrawn": N_("Consent withdrawn"),
    "lifting asked for": N_("Lifting of protection asked for"),
    "lifting refused": N_("Lifting of protection refused"),
    "protection": N_("Protection"),
    "answer recorded": N_("Answer recorded"),
    "answer checked": N_("Answer checked"),
    "duplicate decided": N_("Decided on a duplicate"),
    "document made": N_("Document made"),
    "document sent": N_("Document sent"),
}
ANSWERS: Mapping[AnswerKind, str] = {
    AnswerKind.CONFIRMED: N_("confirmed"),
    AnswerKind.REJECTED: N_("rejected"),
    AnswerKind.NO_RECORD: N_("no record"),
    AnswerKind.NEED_MORE: N_("need more"),
}
REJECTIONS: Mapping[Rejection, str] = {
    Rejection.ANOTHER_PERSON: N_("it is another person"),
    Rejection.NOT_A_NATIONAL: N_("not a national"),
    Rejection.DOCUMENT_NOT_GENUINE: N_("a document is not genuine"),
    Rejection.OTHER: N_("another reason"),
}
OPINIONS: Mapping[Opinion, str] = {
    Opinion.SAME_PERSON: N_("Same person"),
    Opinion.DIFFERENT_PERSON: N_("Different person"),
    Opinion.INCONCLUSIVE: N_("Inconclusive"),
    Opinion.PHOTO_UNUSABLE: N_("Photo unusable"),
}
FEATURES: Mapping[Feature, str] = {
    Feature.SKIN: N_("Skin"),
    Feature.FACE_OUTLINE: N_("Outline of the face"),
    Feature.FACE_COMPOSITION: N_("Composition of the face"),
    Feature.HAIRLINE: N_("Hairline"),
    Feature.FOREHEAD: N_("Forehead"),
    Feature.EYEBROWS: N_("Eyebrows"),
    Feature.EYES: N_("Eyes"),
    Feature.CHEEKS: N_("Cheeks"),
    Feature.NOSE: N_("Nose"),
    Feature.EARS: N_("Ears"),
    Feature.MOUTH: N_("Mouth"),
    Feature.CHIN: N_("Chin"),
    Feature.NECK: N_("Neck"),
    Feature.FACIAL_HAIR: N_("Facial hair"),
    Feature.FACIAL_LINES: N_("Facial lines"),
    Feature.SCARS: N_("Scars"),
    Feature.MARKS: N_("Marks and moles"),
    Feature.ALTERATIONS: N_("Alterations"),
}
SEEN: Mapping[Seen, str] = {
    Seen.SIMILAR: N_("similar"),
    Seen.DIFFERENT: N_("different"),
    Seen.EXPLAINED: N_("different, explained"),
    Seen.NOT_COMPARABLE: N_("not comparable"),
}
OUTCOMES: Mapping[str, str] = {
    "candidates": N_("candidates"),
    "nobody": N_("nobody"),
    "no_face": N_("no face"),
    "several_faces": N_("several faces"),
    "photo_unusable": N_("photo unusable"),
}


_ASKED = re.compile(r"asked for by ((?:account:)?[^\s:]+): (.*)", re.DOTALL)


def asked_for(reason: str) -> tuple[str, str] | None:
    """Who asked for what another person agreed to, and why, where a reason of the history says so."""
    found = _ASKED.fullmatch(reason)
    return None if found is None else (who(found[1]), found[2])


def who(account: str) -> str:
    """A person by their account, as colleagues call them."""
    return account.removeprefix("account:")
