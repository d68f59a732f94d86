"""``python -m benchmarks scores``: what scores cost a search, in a gallery of a million people.

With scores a search retrieves 200 people and their templates instead of the 20 it shows, and normalises, ranks and
calibrates them. Both ways are taken in turns, probe by probe, in one process over one home; times are of the process.
Each probe is searched with twice: the first time nearly everybody it retrieves is met for the first time, as by a
command; the second time they are known, as in a service, which meets everybody beforehand.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import population
from benchmarks.environment import keep
from benchmarks.service_process import prepare_home
from matcher.among import EVERYBODY
from matcher.build import open_matcher
from matcher.pipeline import DEPTH, Matcher
from matcher.scoring.rating import Asked
from matcher.settings import load_settings

SHOWN = 20
ASKED = Asked(SHOWN)
WAYS = ("without", "scored, met first", "scored")


def main(argv: list[str]) -> int:
    options = _options(argv)
    prepare_home(options.home, options.size)
    with open_matcher(load_settings(options.home)) as matcher:
        matcher.warm()
        times = _in_turns(matcher, _probes(options))
    medians = {way: statistics.median(spent) for way, spent in times.items()}
    plain = medians["without"]
    print(f"{options.size:,} people, {options.searches} searches, milliseconds of processor time, medians")
    for way, spent in medians.items():
        print(f"  {way:18} {spent:6.2f}" + ("" if way == "without" else f"   scores cost {spent - plain:.2f}"))
    print(f"raw results: {keep('scores', {'people': options.size, 'ms': times}, options.out)}")
    return 0


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks scores", description=__doc__)
    parser.add_argument("--size", type=lambda text: int(float(text)), default=1_000_000, help="people in the gallery")
    parser.add_argument("--home", type=Path, default=Path("out") / "service-home", help="made once, and used again")
    parser.add_argument("--searches", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path("out") / "benchmarks")
    return parser.parse_args(argv)


def _probes(options: argparse.Namespace) -> np.ndarray:
    """Other photos of people in the gallery's first chunk, float32 (searches, dimension)."""
    people = population.load()
    chosen = np.random.default_rng(3).choice(min(options.size, population.CHUNK), options.searches, replace=False)
    return people.probes(people.chunk(0)[chosen], 3)


def _in_turns(matcher: Matcher, probes: np.ndarray) -> dict[str, list[float]]:
    gallery, scorer = matcher.gallery, matcher.scorer

    def without(probe: np.ndarray) -> Any:
        return gallery.search_many(probe[np.newaxis], SHOWN)

    def scored(probe: np.ndarray) -> Any:
        (hits,), known = gallery.search_people(probe[np.newaxis], DEPTH)
        people = list(dict.fromkeys((hit.gallery, hit.person_id) for hit in hits))
        scale = scorer.scale(EVERYBODY, gallery.state())
        return scorer.rate(probe[np.newaxis], [people], known, scale, ASKED)

    times: dict[str, list[float]] = {way: [] for way in WAYS}
    for probe in probes:
        # The first search pays for the pages that both read; it is not counted.
        without(probe)
        for way, run in zip(WAYS, (without, scored, scored), strict=True):
            times[way].append(_milliseconds(run, probe))
    return times


def _milliseconds(run: Callable[[np.ndarray], Any], probe: np.ndarray) -> float:
    began = time.process_time()
    run(probe)
    return 1e3 * (time.process_time() - began)
