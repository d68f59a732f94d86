"""What was learned of a crowd, kept in the home between processes: numbers alone, no template and no person's id.

::

    ENGINE.GALLERY.crowd.npz            the cohort's numbers in the records, and what the normaliser learned of it
    ENGINE.GALLERY.DIGEST.tails.npy     tails of people who were met, two numbers each; DIGEST says of which crowd
    ENGINE.GALLERY.DIGEST.ahead.npz     the same by template, see outlook

All of it can be derived again from the records, so a file that is damaged, or does not belong to the records as they
are now, is made anew. The cohort's templates are read from the records each time.
"""

import logging
import zipfile
from dataclasses import astuple
from hashlib import blake2b
from pathlib import Path

import numpy as np

from matcher.faces import EngineKey
from matcher.scoring.cohort import Codes
from matcher.scoring.crowd import Ahead, Crowd, People, photos_of, templates_of
from matcher.scoring.learning import DRAWN
from matcher.scoring.likeness import Vectors
from matcher.scoring.normaliser import Normaliser
from matcher.scoring.outlook import Outlook
from matcher.scoring.population import Population
from matcher.scoring.remembered import TailStore
from matcher.scoring.spread import SpreadLaw

_FORMAT = "crowd/2"
_log = logging.getLogger(__name__)


class Shelf:
    """The folder of one home and engine. Nothing is raised: what can't be kept is learned again."""

    def __init__(self, folder: Path, engine: EngineKey, population: Population | None) -> None:
        self._folder = folder
        self._engine = engine
        self._population = population

    def load(self, people: People, gallery: str | None) -> Crowd | None:
        """The crowd that was kept, if its cohort is still as it was; None to learn it anew."""
        try:
            with np.load(self._crowd_file(gallery), allow_pickle=False) as stored:
                content = {name: stored[name] for name in stored.files}
            found = people.vectors(content["numbers"].tolist())
            crowd = self._crowd(content, [found[number][1] for number in content["numbers"].tolist()])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            # No file, a damaged one, or somebody of the cohort is no longer there.
            return None
        digest = self._digest(crowd)
        if str(content["digest"]) != digest:
            return None
        return self._with_tails(crowd, gallery, digest)

    def save(self, gallery: str | None, crowd: Crowd) -> None:
        """Keep a crowd; the tails of an earlier one of the gallery are removed."""
        digest = self._digest(crowd)
        place = self._crowd_file(gallery)
        made = crowd.normaliser
        both = np.array([_learned(made), _learned(crowd.of_photos)])
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = place.with_suffix(".part")
            with part.open("wb") as file:
                np.savez(
                    file,
                    format=np.array(_FORMAT),
                    digest=np.array(digest),
                    codes=made.codes,
                    numbers=crowd.numbers,
                    highest=crowd.highest,
                    counts=np.array([made.people, crowd.version, crowd.templates]),
                    learned=both,
                )
            part.replace(place)
            kept = {self._tails_file(gallery, digest), self._ahead_file(gallery, digest)}
            for kind in ("tails.npy", "ahead.npz"):
                for old in self._folder.glob(f"{self._stem(gallery)}.*.{kind}"):
                    if old not in kept:
                        old.unlink(missing_ok=True)
        except OSError as exc:
            _log.warning("what was learned of the gallery is not kept in %s: %s", self._folder, exc)

    def save_tails(self, gallery: str | None, crowd: Crowd) -> None:
        """Keep the tails that a crowd has drawn so far."""
        try:
            digest = self._digest(crowd)
            crowd.store.save(self._tails_file(gallery, digest))
            if crowd.ahead.outlook is not None:
                crowd.ahead.outlook.save(self._ahead_file(gallery, digest))
        except OSError as exc:
            _log.warning("people's statistics are not kept in %s: %s", self._folder, exc)

    def _with_tails(self, crowd: Crowd, gallery: str | None, digest: str) -> Crowd:
        return Crowd(
            crowd.normaliser,
            crowd.of_photos,
            crowd.numbers,
            crowd.highest,
            crowd.version,
            crowd.templates,
            TailStore.load(self._tails_file(gallery, digest)),
            Ahead(Outlook.load(self._ahead_file(gallery, digest))),
        )

    def _crowd(self, content: dict[str, np.ndarray], vectors: list[np.ndarray]) -> Crowd:
        if str(content["format"]) != _FORMAT or content["counts"].shape != (3,) or content["learned"].shape != (2, 9):
            raise ValueError("written by another version of the program")
        people, version, templates = (int(count) for count in content["counts"])
        normaliser = self._normaliser(templates_of(vectors), content["codes"], people, content["learned"][0])
        several = any(len(each) > 1 for each in vectors)
        of_photos = (
            self._normaliser(photos_of(vectors), content["codes"], people, content["learned"][1])
            if several
            else normaliser
        )
        return Crowd(normaliser, of_photos, content["numbers"], content["highest"], version, templates)

    def _normaliser(self, own: Vectors, codes: Codes, people: int, learned: np.ndarray) -> Normaliser:
        share, level, spread, level_depth, spread_depth, *law = (float(number) for number in learned)
        drawn = np.zeros((0, own.shape[1]), np.float32)
        if share > 0:
            if self._population is None:
                raise ValueError("learned with a population that is no longer there")
            drawn = self._population.draw(DRAWN)
        return Normaliser(own, codes, drawn, people, share, level, spread, level_depth, spread_depth, SpreadLaw(*law))

    def _digest(self, crowd: Crowd) -> str:
        """Changes with everything that tails depend on."""
        digest = blake2b(digest_size=8)
        for made in (crowd.normaliser, crowd.of_photos):
            for part in (made.own, made.codes, np.array(_learned(made))):
                digest.update(part.tobytes())
            if made.share > 0:
                digest.update(made.drawn.tobytes())
        return digest.hexdigest()

    def _stem(self, gallery: str | None) -> str:
        name = b"" if gallery is None else b"=" + gallery.encode("utf-8", "surrogatepass")
        return f"{self._engine}.{blake2b(name, digest_size=6).hexdigest()}"

    def _crowd_file(self, gallery: str | None) -> Path:
        return self._folder / f"{self._stem(gallery)}.crowd.npz"

    def _ahead_file(self, gallery: str | None, digest: str) -> Path:
        return self._folder / f"{self._stem(gallery)}.{digest}.ahead.npz"

    def _tails_file(self, gallery: str | None, digest: str) -> Path:
        return self._folder / f"{self._stem(gallery)}.{digest}.tails.npy"


def _learned(made: Normaliser) -> tuple[float, ...]:
    offsets = (made.level_offset, made.spread_offset, made.level_depth, made.spread_depth)
    return (made.share, *offsets, *astuple(made.law))
