"""What galleries are, in words; marked here, translated where it is shown."""

from collections.abc import Mapping

from api.web.languages import N_
from matcher.casework.galleries import GalleryKind

KINDS: Mapping[GalleryKind, tuple[str, str]] = {
    GalleryKind.UNSTATED: (N_("not stated"), N_("Cases can't be searched in it.")),
    GalleryKind.REGISTER: (N_("register"), N_("A population or civil register, with its numbers.")),
    GalleryKind.OWN_RECORDS: (N_("own records"), N_("The operator's own, such as earlier removals.")),
    GalleryKind.WATCH_LIST: (
        N_("watch list"),
        N_("Named wanted people: held until two administrators release it on a written basis."),
    ),
}
STATES: Mapping[str, tuple[str, str]] = {
    "open": (N_("in use"), "good"),
    "held": (N_("held"), "fault"),
    "released": (N_("released by two"), "warn"),
}
"""How a gallery stands, and how that is meant."""
