"""The service under load: ``python -m benchmarks service``.

A real service process over a gallery of drawn people is sent real photos. In turns: a few clients, whose waiting
counts; many clients, of whom none may see an error but 429 and 503; and one client against the same search called in
this process, photo by photo in turn, whose difference in processor time is what HTTP, accounts and JSON cost. The
clients share the machine's cores with the service.
"""

import argparse
import os
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import photos, test_data
from benchmarks.environment import keep
from benchmarks.service_load import Client, Tally, load
from benchmarks.service_process import Service, prepare_home, serving

_TURN = 10


def main(argv: list[str]) -> int:
    options = _options(argv)
    chosen = _photos(options.photos)
    prepare_home(options.home, options.size)
    results: dict[str, Any] = {"people": options.size, "photos": len(chosen), "cores": len(os.sched_getaffinity(0))}
    results["load_before"] = os.getloadavg()
    with serving(options.home, log=options.home / "serve.log") as service:
        load(service, chosen, clients=4, seconds=min(10, options.seconds))
        results["seconds_until_idle"] = service.wait_until_idle()
        for clients, seconds in ((options.few, options.seconds), (options.many, options.many_seconds)):
            results[f"clients_{clients}"] = _kept(load(service, chosen, clients=clients, seconds=seconds))
        results["against_a_call"] = _against_a_call(service, chosen, options)
    print(_told(results))
    print(f"raw results: {keep('service', results, options.out)}")
    return 0


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks service", description=__doc__)
    parser.add_argument("--size", type=lambda text: int(float(text)), default=1_000_000, help="people in the gallery")
    parser.add_argument("--home", type=Path, default=Path("out") / "service-home", help="made once, and used again")
    parser.add_argument("--photos", type=int, default=400, help="different photos that are sent")
    parser.add_argument("--few", type=int, default=4, help="clients whose waiting counts")
    parser.add_argument("--many", type=int, default=50, help="clients that are too many")
    parser.add_argument("--seconds", type=float, default=60, help="of the few clients")
    parser.add_argument("--many-seconds", type=float, default=120, help="of the many clients")
    parser.add_argument("--turns", type=int, default=30, help=f"turns of {_TURN} photos against the call")
    parser.add_argument("--out", type=Path, default=Path("out") / "benchmarks")
    return parser.parse_args(argv)


def _photos(count: int) -> list[bytes]:
    faces = test_data() / "faces"
    half = count // 2
    found = photos(faces / "lfw", count - half) + photos(faces / "portraits_2015", half)
    return [path.read_bytes() for path in found]


def _kept(tally: Tally) -> dict[str, Any]:
    """What is worth keeping; times as how many answers took so many whole milliseconds."""
    if not tally.ms:
        raise SystemExit(f"benchmarks: no search was answered: {dict(tally.statuses)}; see serve.log in the home")
    p50, p95, p99 = np.percentile(tally.ms, [50, 95, 99])
    return {
        "statuses": {str(status): count for status, count in sorted(tally.statuses.items())},
        "without_retry_after": tally.unasked,
        "outcomes": dict(tally.outcomes),
        "ms": {"p50": p50, "p95": p95, "p99": p99, "max": max(tally.ms)},
        "answers_by_ms": {str(ms): count for ms, count in sorted(Counter(map(round, tally.ms)).items())},
        "answers_a_second": len(tally.ms) / tally.seconds,
        "service_cpu_ms_an_answer": 1e3 * tally.cpu_seconds / max(1, len(tally.ms)),
        "seconds": tally.seconds,
        "own_memory_mib": [round(bytes_ / 2**20, 1) for bytes_ in tally.resident],
    }


def _against_a_call(service: Service, chosen: Sequence[bytes], options: argparse.Namespace) -> dict[str, Any]:
    """Milliseconds of each turn's mean photo, of the service and of `identify` called here, in turns."""
    from matcher.build import open_matcher
    from matcher.settings import load_settings

    taken: dict[str, list[float]] = {f"{who}_{of}": [] for who in ("service", "call") for of in ("cpu_ms", "wall_ms")}
    with open_matcher(load_settings(options.home)) as matcher:
        matcher.warm()
        for turn in range(-2, options.turns):
            batch = [chosen[(turn * _TURN + place) % len(chosen)] for place in range(_TURN)]
            cpu, wall = time.process_time(), time.perf_counter()
            for photo in batch:
                matcher.identify(photo)
            called = time.process_time() - cpu, time.perf_counter() - wall
            # The service has ended the last one meanwhile, if this process was slow.
            client = Client(service)
            cpu, wall = service.cpu_seconds(), time.perf_counter()
            for photo in batch:
                if client.search(photo)[0] != 200:
                    raise SystemExit("benchmarks: one client alone was not answered")
            served = service.cpu_seconds() - cpu, time.perf_counter() - wall
            client.close()
            if turn < 0:
                continue
            for who, both in (("call", called), ("service", served)):
                for of, seconds in zip(("cpu_ms", "wall_ms"), both, strict=True):
                    taken[f"{who}_{of}"].append(1e3 * seconds / _TURN)
    added = {of: statistics.median(np.subtract(taken[f"service_{of}"], taken[f"call_{of}"])) for of in _OF}
    return {**taken, "added": added}


_OF = ("cpu_ms", "wall_ms")


def _told(results: dict[str, Any]) -> str:
    lines = [
        f"{results['people']:,} people, {results['photos']} photos, {results['cores']} cores; "
        f"load of the machine before {results['load_before'][0]:.1f}"
    ]
    for name, found in results.items():
        if not name.startswith("clients_"):
            continue
        ms, memory = found["ms"], found["own_memory_mib"]
        lines.append(
            f"  {name[8:]:>3} clients: p50 {ms['p50']:.0f} ms, p95 {ms['p95']:.0f}, p99 {ms['p99']:.0f}, "
            f"longest {ms['max']:.0f}; {found['answers_a_second']:.1f} answers/s, "
            f"{found['service_cpu_ms_an_answer']:.1f} ms of CPU each; statuses {found['statuses']}, "
            f"{found['without_retry_after']} without Retry-After; own memory {memory[0]:.0f} MiB at first, "
            f"{memory[-1]:.0f} at last, {max(memory):.0f} at most"
        )
    added = results["against_a_call"]["added"]
    lines.append(f"  HTTP adds {added['cpu_ms']:.2f} ms of CPU and {added['wall_ms']:.2f} ms of waiting to identify")
    return "\n".join(lines)
