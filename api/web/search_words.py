"""What the page that searches outside any case says while it is used; its script gets them in the page's language.

A value stands as {name}; where a text depends on a number there is one for 1 and one for the others.
"""

from collections.abc import Callable, Mapping

from api.web.languages import N_
from api.web.quality_words import ADVICE, VERDICTS
from api.web.strength import AGREEMENTS
from matcher.scoring.normaliser import Basis

WORDS: Mapping[str, str] = {
    "another": N_("Choose another photo"),
    "person": N_("1 person"),
    "people": N_("{count} people"),
    "someOf": N_("{some} of {all}"),
    "inGallery": N_("{people} in 1 gallery"),
    "inGalleries": N_("{people} in {count} galleries"),
    "allGalleries": N_("all galleries"),
    "theGallery": N_("the gallery {name}"),
    "searching": N_("Searching"),
    "searchingHow": N_("The face is being found and compared."),
    "candidate": N_("1 candidate, most alike first"),
    "candidates": N_("{count} candidates, most alike first"),
    "candidatesHow": N_("A candidate is a lead, not an identification: compare the photos, then confirm or reject."),
    "several": N_("Several faces of similar size"),
    "severalOne": N_(
        "The search used the face in the solid frame: 1 candidate below. If another person is meant, cut "
        "the photo to that face and search again."
    ),
    "severalMany": N_(
        "The search used the face in the solid frame: {count} candidates below. If another person is meant,"
        " cut the photo to that face and search again."
    ),
    "nobodySearched": N_("Nobody was searched"),
    "nobodySearchedHow": N_("None of the {people} in {where} is among those asked for. Change whom to search."),
    "nobodyAlike": N_("Nobody is alike enough"),
    "nobodyAlikeHow": N_(
        "Among the {people} in {where} nobody reaches a false-alarm probability of at most {fpir}. That "
        "does not prove that the person is not there."
    ),
    "nobodyFound": N_("Nobody was found"),
    "nobodyFoundHow": N_(
        "Among the {people} in {where} there is no candidate for this search. Check whom you search, or "
        "enroll people first."
    ),
    "noFace": N_("No face was found"),
    "noFaceHow": N_(
        "Use a photo that shows the face from the front, sharp, evenly lit and large in the picture; or cut"
        " the photo to the face."
    ),
    "tooPoor": N_("This photo is too poor to search with"),
    "tooPoorHow": N_(
        "An answer to it could not be relied on. Capture a better photo, or search with it anyway where "
        "there is none."
    ),
    "unusable": N_("This photo can't be used"),
    "unusableHow": N_("The file can't be used as a photo."),
    "unknown": N_("The search ended with: {outcome}"),
    "unknownHow": N_("This page does not know this outcome; reload it."),
    "anyway": N_("Search anyway"),
    "again": N_("Try again"),
    "searchedAnyway": N_("Searched anyway: this photo would have been refused"),
    "quality": N_("Photo quality: {verdict}"),
    "qualityOf": N_("{title} ({overall} of 100)."),
    "photoOf": N_("Photo on record of {name}"),
    "noPhoto": N_("No photo to show"),
    "rank": N_("Rank {rank}"),
    "id": N_("Id"),
    "born": N_("Born"),
    "notStated": N_("not stated"),
    "documents": N_("As documented"),
    "gallery": N_("Gallery"),
    "photos": N_("Photos"),
    "compared": N_("{count} compared"),
    "confidence": N_("Confidence"),
    "score": N_("Score"),
    "engines": N_("Engines"),
    "notCalibrated": N_("not calibrated"),
    "chance": N_("Chance"),
    "mostSearches": N_("Most searches of people who are not in this gallery would show a candidate this strong."),
    "aboutOneIn": N_(
        "About 1 in {number} searches of people who are not in this gallery would show a candidate this "
        "strong."
    ),
    "atMostOneIn": N_(
        "At most 1 in {number} searches of people who are not in this gallery would show a candidate this "
        "strong; stronger scores were not calibrated."
    ),
    "under": N_("under {percent}"),
    "over": N_("over {percent}"),
    "absent": N_("Not in this gallery: {share}."),
    Basis.SHIPPED.value: N_(
        "Likeness is measured against statistics that come with the program, because the gallery is still "
        "too small for its own."
    ),
    Basis.BLENDED.value: N_(
        "Likeness is measured against this gallery's people together with statistics that come with the "
        "program."
    ),
    Basis.SMALL.value: N_("Likeness is measured against this gallery's people, who are still few."),
    Basis.OWN.value: N_("Likeness is measured against this gallery's people."),
    "holds": N_(
        "Probabilities hold for a search among {people}; the confidence also for the assumption that "
        "{prior} of all searches are for somebody in it."
    ),
    "calibratedFor": N_(
        "Calibrated for {engine} on {people} ({data}), {date}; largest gallery measured {largest}, larger ones by the "
        "law fitted there."
    ),
    "shippedData": N_("press photos of LFW, official portraits of 2015 and 2024, portraits of four groups"),
    "ownData": N_("this office's own people in {where}, {several} of them with several photos"),
    "ownAndCases": N_(
        "this office's own people in {where}, {several} of them with several photos, and photos of cases that "
        "consulates confirmed: {confirmed}"
    ),
    "orderOnly": N_("The scores of this engine are not calibrated: only their order means something."),
    "facts": N_("Searched {people} with {engine} in {ms} ms."),
    "notes": N_("Photo: {notes}."),
    "firstOnly": N_("Only the first of {count} photos was searched with."),
    "tooLarge": N_("The photo is too large"),
    "tooLargeHow": N_("It has {size}, the limit is {most}. Save it smaller, as JPEG."),
    "noFile": N_("That was not a photo file"),
    "noFileHow": N_("Save the picture first, then drop the file here."),
    "silent": N_("The service does not answer"),
    "silentHow": N_("Check that it is running on this machine, then try again."),
    "answered": N_("The answer was {status}."),
    "signedOut": N_("You are signed out"),
    "signedOutHow": N_("Sign in, then search again."),
    "forbidden": N_("This is not allowed"),
    "tooMany": N_("Too many searches at once"),
    "wrong": N_("The search can't be made like this"),
    "notNow": N_("The service can't answer now"),
    "failed": N_("The search failed"),
}  # fmt: skip


def words_of(say: Callable[..., str]) -> dict[str, object]:
    """All of them in a language; what is said of a photo's quality by its code, with %(size)s and %(percent)s."""
    advice = {measure.value: [say(text), say(what)] for measure, (text, what) in ADVICE.items()}
    verdicts = {verdict.value: say(text) for verdict, text in VERDICTS.items()}
    agreements = {code: say(text) for code, text in AGREEMENTS.items()}
    told = {"advice": advice, "verdicts": verdicts, "agreements": agreements}
    return {name: say(text) for name, text in WORDS.items()} | told
