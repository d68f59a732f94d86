"""What a genuine document says, in a few lines, to be compared with what was printed."""

from collections.abc import Iterator, Mapping
from typing import Any


def summary(request: Mapping[str, Any]) -> Iterator[str]:
    """The figures and names of a request, a line each; none for a short form, which has no request."""
    if not request:
        return
    office, to = request["from"]["office"] or "an office that is not named", request["to"]
    yield f"made {request['made_at']} by {office} for the authorities of {to['country']}, on {to['basis']}"
    yield f"claimed: {_identity(request['claimed'])}"
    proposed = request["proposed"]
    yield f"proposed: {_identity(proposed)}, register number {proposed['register_number']}, identity number " + (
        proposed["national_id"] or "not stated"
    )
    found = request["comparison"]
    yield f"examined by {found['examined']['name']}, confirmed by {found['confirmed']['name']}"
    strength = request["strength"]
    yield f"false alarms {_figure(strength['false_alarm_probability'])}: {strength['false_alarms_in_words']['en']}"
    yield f"log10 of the likelihood ratio {_figure(strength['log10_likelihood_ratio'])}: {strength['verbal']['en']}"
    yield str(request["statement"]["en"])


def _identity(fields: Mapping[str, str]) -> str:
    names = ("name", "native_name", "date_of_birth", "household_registration")
    return ", ".join(fields[name] for name in names if fields[name]) or "nothing stated"


def _figure(value: float | None) -> str:
    return "not calibrated" if value is None else str(value)
