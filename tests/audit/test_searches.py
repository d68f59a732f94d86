"""The longest lists and batches that a search may have fit into an entry."""

from pathlib import Path

import numpy as np

from matcher.among import Among
from matcher.audit.entry import MOST_SUBJECTS
from matcher.audit.searches import refusal_entry
from matcher.errors import BadSetting
from matcher.settings import Settings
from tests.matcher.live_parts import enroll, opened, probe


def test_the_longest_list_is_recorded(tmp_path: Path) -> None:
    longest = next(one.le for one in Settings.model_fields["top"].metadata if hasattr(one, "le"))
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(longest + 5, 128)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with opened(tmp_path / "home") as matcher:
        enroll(matcher, {f"p{number}": [vector] for number, vector in enumerate(vectors)})
        answer = matcher.identify_many([probe(matcher, vectors[0])], top=longest)[0]
    assert len(answer.candidates) == longest


def test_of_a_refused_batch_the_first_photos_are_named_and_all_counted() -> None:
    photos = tuple(f"{number:064x}" for number in range(5_000))
    entry = refusal_entry(BadSetting("no"), Among(gallery="main"), top=20, fpir=None, photos=photos)
    assert len(entry.subjects) == MOST_SUBJECTS
    assert entry.details["photos"] == len(photos)
