"""``python -m benchmarks scores``: what scores cost a search, in a gallery of a million people.

With scores a search retrieves 200 templates instead of the 20 that it shows, reads those people who can come into its
list, normalises, ranks and calibrates them. Both ways are taken in turns, probe by probe, in one process over one home;
times are of the process. First as by a command in a home that was only just made, where everybody is met for the first
time and read; then, after a look at everybody, as in a service.
"""

import argparse
import statistics
import threading
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
from matcher.pipeline import Matcher
from matcher.scoring.rating import Asked
from matcher.settings import load_settings

SHOWN = 20
ASKED = Asked(SHOWN)
WAYS = ("without, nobody met", "scored, nobody met", "without", "scored")


def main(argv: list[str]) -> int:
    options = _options(argv)
    prepare_home(options.home, options.size)
    with open_matcher(load_settings(options.home)) as matcher:
        matcher.warm()
        probes = _probes(options)
        first = _in_turns(matcher, probes[: options.searches])
        matcher.scorer.warm(threading.Event())
        times = dict(zip(WAYS, (*first, *_in_turns(matcher, probes[options.searches :])), strict=True))
    medians = {way: statistics.median(spent) for way, spent in times.items()}
    print(f"{options.size:,} people, {options.searches} searches, milliseconds of processor time, medians")
    for plain, scored in zip(WAYS[::2], WAYS[1::2], strict=True):
        cost = medians[scored] - medians[plain]
        print(f"  {plain:20} {medians[plain]:6.2f}\n  {scored:20} {medians[scored]:6.2f}   scores cost {cost:.2f}")
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
    """Other photos of people in the gallery's first chunk, float32 (2 * searches, dimension)."""
    people = population.load()
    chosen = np.random.default_rng(3).choice(min(options.size, population.CHUNK), 2 * options.searches, replace=False)
    return people.probes(people.chunk(0)[chosen], 3)


def _in_turns(matcher: Matcher, probes: np.ndarray) -> tuple[list[float], list[float]]:
    """Milliseconds of each probe without scores and with them."""
    gallery, scorer = matcher.gallery, matcher.scorer

    def without(probe: np.ndarray) -> Any:
        return gallery.search_many(probe[np.newaxis], SHOWN)

    def scored(probe: np.ndarray) -> Any:
        state = gallery.state()
        return matcher.ranked([(probe, None)], scorer.scale(EVERYBODY, state), state, ASKED, EVERYBODY)

    times: tuple[list[float], list[float]] = [], []
    for probe in probes:
        # The first search pays for the pages that both read; it is not counted.
        without(probe)
        for spent, run in zip(times, (without, scored), strict=True):
            spent.append(_milliseconds(run, probe))
    return times


def _milliseconds(run: Callable[[np.ndarray], Any], probe: np.ndarray) -> float:
    began = time.process_time()
    run(probe)
    return 1e3 * (time.process_time() - began)
