"""Words for what training names by codes; marked here, translated where they are shown."""

from collections.abc import Mapping

from api.web.languages import N_
from matcher.casework.answers import AnswerKind
from matcher.training.colleague import Agreement
from matcher.training.exercise import Note, Sending
from matcher.training.grades import Grade
from matcher.training.known import PORTRAITS, PRESS
from matcher.training.looks import MARKS
from matcher.training.practice import Step

GRADES: Mapping[Grade, tuple[str, str]] = {
    Grade.FIRST: (N_("First steps"), N_("Four records, good photos, strangers who hardly resemble the person.")),
    Grade.EVERYDAY: (N_("Everyday"), N_("Six records, photos as they usually come, some resemblance.")),
    Grade.HARD: (N_("Hard"), N_("Six records, old photos, the head turned, blur and poor light.")),
    Grade.LOOK_ALIKES: (N_("Look-alikes"), N_("Six records of people who look very much like the person.")),
}
STEPS: Mapping[Step, str] = {
    Step.CASE: N_("The case"),
    Step.PHOTO: N_("The photo"),
    Step.BLIND: N_("Compare, blind"),
    Step.SCORED: N_("Compare, with scores"),
    Step.SECOND: N_("The second review"),
    Step.DOCUMENT: N_("The document"),
    Step.ANSWER: N_("The answer"),
    Step.DONE: N_("What was true"),
}
NOTES: Mapping[Note, str] = {
    Note.CLEARED: N_("Two colleagues have checked: there is no matter of asylum or of another protection."),
    Note.SILENT: N_("The file says nothing about asylum or another protection. Nobody has asked yet."),
    Note.ASYLUM: N_("A lawyer's letter is on file: the person has asked for asylum, and the matter is open."),
}
AGREEMENTS: Mapping[Agreement, str] = {
    Agreement.SAME: N_("The colleague found the same record. Two people agree: the record counts as identified."),
    Agreement.NOBODY: N_("The colleague found nobody either. Nobody is identified, and nothing goes to a consulate."),
    Agreement.SETTLED_FOR: N_(
        "The colleague found something else. A supervisor reviewed the list too and found what one of you had found: "
        "that record counts as identified."
    ),
    Agreement.SETTLED_AGAINST: N_(
        "The colleague found something else. A supervisor reviewed the list too and found nobody: nobody is identified."
    ),
}
SENDINGS: Mapping[Sending, tuple[str, str]] = {
    Sending.SEND: (N_("Send it"), N_("Everything is in order, and nothing forbids it.")),
    Sending.HOLD_PROTECTED: (
        N_("Hold it: the protection is not lifted"),
        N_("Nothing about the person may reach the country that is asked."),
    ),
    Sending.HOLD_WRONG: (
        N_("Hold it: it names another record"),
        N_("It must be drawn up anew with the record that was found."),
    ),
}
LETTERS: Mapping[AnswerKind, tuple[str, str, str]] = {
    AnswerKind.CONFIRMED: (
        N_("We have compared your request with our register. The person is our national; the data in your request are "
           "correct."),
        N_("The identity of the person that you name is confirmed. A travel document can be applied for."),
        N_("With reference to your request: the record is that of the person. Please send the flight details."),
    ),
    AnswerKind.REJECTED: (
        N_("The holder of this record was interviewed by our authorities last month and lives at the registered "
           "address. The person in your custody is somebody else."),
        N_("The fingerprints on your form are not those of the holder of this record. It is another person."),
        N_("The family was shown the photo. This is not their relative, who was present."),
    ),
    AnswerKind.NEED_MORE: (
        N_("The photo is not sufficient for us. Please send fingerprints and the names of the parents."),
        N_("We can't decide on this basis. Please arrange an interview by telephone."),
        N_("Before we can answer we need a copy of any document that the person carries."),
    ),
}  # fmt: skip
MEASURES: Mapping[str, str] = {
    "skull.cheeks": N_("Width of the face"),
    "skull.jaw": N_("Width of the jaw"),
    "skull.hairline": N_("Height of the hairline"),
    "skull.chin": N_("Distance from the eyes to the chin"),
    "skull.chin_width": N_("Width of the chin"),
    "skull.ear_length": N_("Length of the ears"),
    "eyes.apart": N_("Distance between the eyes"),
    "eyes.width": N_("Width of the eyes"),
    "eyes.opening": N_("Opening of the eyes"),
    "brows.height": N_("Height of the eyebrows"),
    "brows.thickness": N_("Thickness of the eyebrows"),
    "brows.gap": N_("Gap between the eyebrows"),
    "nose.length": N_("Length of the nose"),
    "nose.width": N_("Width of the nose"),
    "mouth.drop": N_("Distance from nose to mouth"),
    "mouth.width": N_("Width of the mouth"),
    "mouth.upper": N_("Height of the upper lip"),
    "mouth.lower": N_("Height of the lower lip"),
    MARKS: N_("Moles"),
}
PHOTO_SETS: Mapping[str, str] = {
    PRESS: N_("press photos"),
    PORTRAITS: N_("portraits nine years apart"),
}
