"""What a gallery's own photos say of it: look-alikes, one person under two ids, photos unlike their person's others."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from matcher.among import Among
from matcher.errors import OutsideCalibration
from matcher.gallery import Gallery
from matcher.records.bulk import in_parts
from matcher.records.values import PersonKey
from matcher.scoring.audit import Bar
from matcher.scoring.crowd import Crowd, code_of, templates_of
from matcher.scoring.falsematch import FalseMatchLaw, Reach
from matcher.scoring.fusion import Agreement, agreement
from matcher.scoring.likeness import likeness_to
from matcher.scoring.live import Scorer
from matcher.scoring.strays import stray_scores

NEIGHBOURS = 5
_AT_ONCE = 256
# The nearest photos are compared first, then the templates over all photos, which may lie a little nearer.
_MARGIN = 1.0
_MOST_PHOTOS = 20

Photos = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people more alike than chance allows. expected: how many such pairs chance would bring in this gallery, by
    a law that is measured, modelled or far beyond, as `reach` says."""

    one: PersonKey
    other: PersonKey
    score: float
    expected: float
    reach: Reach


@dataclass(frozen=True, slots=True)
class Stray:
    """A person of whom one photo does not look like the others. agreement: doubtful or disagree. photos: how many."""

    person: PersonKey
    agreement: Agreement
    score: float
    photos: int


@dataclass(frozen=True, slots=True)
class Audit:
    """pairs, strays: the most striking first. people: how many were compared."""

    people: int
    pairs: tuple[Pair, ...]
    strays: tuple[Stray, ...]


@dataclass(slots=True)
class AuditTally:
    """What an audit has found so far. last: the number of the last person who was compared; a later audit goes on
    after it."""

    people: int = 0
    last: int = -1
    pairs: dict[tuple[PersonKey, PersonKey], Pair] = field(default_factory=dict)
    strays: list[Stray] = field(default_factory=list)

    def audit(self) -> Audit:
        pairs = sorted(self.pairs.values(), key=lambda pair: (-pair.score, pair.one, pair.other))
        strays = sorted(self.strays, key=lambda stray: (stray.score, stray.person))
        return Audit(self.people, tuple(pairs), tuple(strays))


def audit(
    gallery: Gallery,
    scorer: Scorer,
    name: str | None,
    *,
    expected: float = 1.0,
    tally: AuditTally | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Audit:
    """Look through one gallery, or all, person by person: each is searched for in the index.

    expected: pairs are listed of which chance would bring at most so many. tally: filled on the way, so that what was
    found is there after an interruption too; with `last` set it goes on from there. Raises NotFound for a gallery that
    is not there, OutsideCalibration where the engine's scores are not calibrated.
    """
    found = AuditTally() if tally is None else tally
    if name is not None:
        gallery.must_have(name)
    scale = scorer.scale(Among(gallery=name), gallery.state())
    if scale.crowd is None or scale.calibration is None:
        raise OutsideCalibration(
            f"scores of {gallery.engine} are not calibrated here; run calibrate, with people of whom there are several "
            "photos"
        )
    law = scale.calibration.false_matches
    bar = Bar.of(law, scale.people, expected=expected)
    while numbers := gallery.crowd.numbers(name, after=found.last, count=_AT_ONCE):
        people = dict(gallery.crowd.vectors(numbers).values())
        if people:
            for pair in _pairs(gallery, name, people, scale.crowd, bar):
                found.pairs[pair.one, pair.other] = pair
            found.strays += _strays(people, scale.crowd, law)
        found.people, found.last = found.people + len(people), numbers[-1]
        progress(found.people, scale.people)
    return found.audit()


def strays_among(gallery: Gallery, scorer: Scorer, name: str, keys: Iterable[PersonKey]) -> tuple[Stray, ...]:
    """Of these people of one gallery, those of whom a photo is unlike the others, the most striking first.

    Empty where the engine's scores are not calibrated.
    """
    several: dict[PersonKey, Photos] = {}
    for part in in_parts(keys):
        several.update((key, rows) for key, rows in gallery.vectors_by_person(part).items() if len(rows) > 1)
    # Where everybody has one photo nothing need be learned of the gallery.
    scale = scorer.scale(Among(gallery=name), gallery.state()) if several else None
    if scale is None or scale.crowd is None or scale.calibration is None:
        return ()
    found = _strays(several, scale.crowd, scale.calibration.false_matches)
    return tuple(sorted(found, key=lambda stray: (stray.score, stray.person)))


def unlike_photos(
    scorer: Scorer, gallery: Gallery, key: PersonKey, photos: Sequence[Photos]
) -> tuple[Agreement | None, ...]:
    """For each of a person's photos that were just added, whether it looks like all their others together.

    photos: float32 (d,) each, as the engine made them. None where there is no other photo, or nothing is calibrated.
    """
    scale = scorer.scale(Among(gallery=key[0]), gallery.state())
    known = gallery.vectors_by_person([key]).get(key)
    if known is None or len(known) < 2 or scale.crowd is None or scale.calibration is None:
        return (None,) * len(photos)
    (scores,) = stray_scores([known], [code_of(key)], scale.crowd)
    verdicts = agreement(scores, scale.calibration.false_matches)
    rows = [np.flatnonzero((known == photo).all(axis=1)) for photo in photos]
    return tuple(verdicts[row[0]] if row.size else None for row in rows)


def _pairs(
    gallery: Gallery, name: str | None, people: Mapping[PersonKey, Photos], crowd: Crowd, bar: Bar
) -> Iterator[Pair]:
    """The pairs of these people with anyone. A pair that passes passes from the side that it stands out from more, so
    a look from either side at one's own tail is enough to know whom to compare."""
    keys, templates = list(people), templates_of(list(people.values()))
    tails = crowd.tails_among_templates([code_of(key) for key in keys], templates)
    count = NEIGHBOURS + min(max(len(photos) for photos in people.values()), _MOST_PHOTOS)
    near: list[set[PersonKey]] = []
    for place, hits in enumerate(gallery.search_many(templates, count, gallery=name)):
        least = tails.level[place] + (bar.score - _MARGIN - 2) * tails.spread[place]
        near.append({(hit.gallery, hit.person_id) for hit in hits if -hit.distance >= least} - {keys[place]})
    others = gallery.vectors_by_person(set().union(*near))
    known = {key: row for row, key in enumerate(others)}
    if not others:
        return
    names, theirs = list(others), templates_of(list(others.values()))
    their_tails = crowd.tails_among_templates([code_of(key) for key in others], theirs)
    for place, found in enumerate(near):
        rows = np.array([known[key] for key in sorted(found) if key in known], dtype=np.int64)
        likeness = likeness_to(templates[place], theirs[rows])
        scores = 0.5 * (tails.take(slice(place, place + 1)).z(likeness) + their_tails.take(rows).z(likeness))
        for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
            if score >= bar.score:
                one, other = sorted((keys[place], names[row]))
                yield Pair(one, other, score, bar.chance(score), bar.reach(score))


def _strays(people: Mapping[PersonKey, Photos], crowd: Crowd, law: FalseMatchLaw) -> list[Stray]:
    several = {key: photos for key, photos in people.items() if len(photos) > 1}
    scored = stray_scores(list(several.values()), [code_of(key) for key in several], crowd)
    found = []
    for (key, photos), scores in zip(several.items(), scored, strict=True):
        (verdict,) = agreement(scores.min(keepdims=True), law)
        if verdict is not Agreement.AGREE:
            found.append(Stray(key, verdict, float(scores.min()), len(photos)))
    return found
