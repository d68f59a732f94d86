"""What the forms of a case's page do: each reads its fields, calls casework, and says what was done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from api.web.languages import N_
from matcher.casework.answers import AnswerKind, Rejection
from matcher.casework.case import Claim
from matcher.casework.office import Office
from matcher.casework.officer import Officer
from matcher.casework.statuses import Status
from matcher.errors import BadField

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A step that somebody asks for in a case. fields: of the form, as typed."""

    office: Office
    officer: Officer
    case: int
    fields: Fields

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def version(self) -> int:
        """The version of the case that the page showed."""
        text = self["version"]
        if not text.isdecimal() or len(text) > 12:
            raise BadField("version", "the form does not say which version of the case it was made for; load it again")
        return int(text)


def move(asked: Asked) -> str:
    status = asked["status"]
    if status not in set(Status):
        raise BadField("status", "no status was chosen; choose one of those that are offered")
    asked.office.cases.move(asked.officer, asked.case, Status(status), reason=asked["reason"], version=asked.version)
    return N_("The status was changed.")


def take(asked: Asked) -> str:
    asked.office.cases.assign(asked.officer, asked.case, asked.officer.account, version=asked.version)
    return N_("The case is yours.")


def give(asked: Asked) -> str:
    account = asked["account"]
    named = f"account:{account.removeprefix('account:')}" if account else ""
    asked.office.cases.assign(asked.officer, asked.case, named, version=asked.version)
    return N_("The case was given.")


def share(asked: Asked) -> str:
    account = asked["account"]
    if not account:
        raise BadField("account", "no account is named; write the name with which the colleague signs in")
    named = f"account:{account.removeprefix('account:')}"
    asked.office.cases.share(asked.officer, asked.case, named, reason=asked["reason"])
    return N_("The colleague can see the case now.")


def correct(asked: Asked) -> str:
    claim = Claim(asked["name"], asked["native_name"], asked["date_of_birth"], asked["household_registration"])
    asked.office.cases.correct(
        asked.officer, asked.case, version=asked.version, reason=asked["reason"], claim=claim,
        country=asked["country"], custody_date=asked["custody_date"],
    )  # fmt: skip
    return N_("The case was corrected.")


def put_to(asked: Asked) -> str:
    if not asked["gallery"]:
        raise BadField("gallery", "no gallery is chosen; choose the one that the case is put to")
    asked.office.cases.put_to(
        asked.officer, asked.case, asked["gallery"], country=asked["country"], basis=asked["basis"]
    )
    return N_("The case may be searched in this gallery now.")


def note_notice(asked: Asked) -> str:
    asked.office.cases.note_notice(
        asked.officer, asked.case, country=asked["country"], kind=asked["kind"], reference=asked["reference"],
        sent_on=asked["sent_on"],
    )  # fmt: skip
    return N_("The notice was recorded.")


def protect(asked: Asked) -> str:
    asked.office.confidentiality.protect(asked.officer, asked.case, reason=asked["reason"], version=asked.version)
    return N_("The case is protected.")


def ask_to_lift(asked: Asked) -> str:
    asked.office.confidentiality.ask_to_lift(
        asked.officer, asked.case, reason=asked["reason"], version=asked.version, consent=asked["consent"]
    )
    return N_("Somebody else, a supervisor, has to agree now.")


def agree_to_lift(asked: Asked) -> str:
    asked.office.confidentiality.agree_to_lift(asked.officer, asked.case, version=asked.version)
    return N_("The protection is lifted.")


def refuse_to_lift(asked: Asked) -> str:
    asked.office.confidentiality.refuse_to_lift(
        asked.officer, asked.case, reason=asked["reason"], version=asked.version
    )
    return N_("The protection stays, and the case is protected.")


def withdraw_consent(asked: Asked) -> str:
    asked.office.confidentiality.withdraw_consent(asked.officer, asked.case, asked["consent"], reason=asked["reason"])
    return N_("The consent is no longer in force, and the case is protected.")


def record_answer(asked: Asked) -> str:
    kind, reason = asked["kind"], asked["reason"]
    if kind not in set(AnswerKind):
        raise BadField("kind", "it is not said what the consulate answered; choose one of the answers")
    if reason and reason not in set(Rejection):
        raise BadField("reason", "this is no reason that can be chosen; choose one of those that are offered")
    asked.office.answers.record(
        asked.officer, asked.case, kind=AnswerKind(kind), country=asked["country"],
        received_on=asked["received_on"], reference=asked["reference"],
        reason=Rejection(reason) if reason else None,
    )  # fmt: skip
    return N_("The answer was recorded. Another person has to check it.")


def check_answer(asked: Asked) -> str:
    asked.office.answers.check(asked.officer, asked.case, asked["answer"])
    return N_("The answer is checked.")


STEPS: Mapping[str, Callable[[Asked], str]] = {
    "status": move,
    "take": take,
    "give": give,
    "share": share,
    "correct": correct,
    "put-to": put_to,
    "notice": note_notice,
    "protect": protect,
    "ask-to-lift": ask_to_lift,
    "agree-to-lift": agree_to_lift,
    "refuse-to-lift": refuse_to_lift,
    "withdraw-consent": withdraw_consent,
    "answer": record_answer,
    "check-answer": check_answer,
}
