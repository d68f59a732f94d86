"""``python -m benchmarks backlog``: photos per second end to end, against a loop over face_recognition.

Ours is a job as `matcher work` does it: leased, decoded, found, embedded, appraised, drawn small, searched among the
people of a home, kept with the audit's entries, linked by face. The loop is as its users write it: load, find,
encode (face_locations, face_encodings) and NumPy distances to everybody. Both take the same photos of 480x600 in turns,
so that a noisy machine slows both; ours with each number of workers. `--full` then runs the whole backlog.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks import population
from benchmarks.backlog_processes import Family
from benchmarks.data import photos, test_data
from benchmarks.environment import keep
from benchmarks.service_process import prepare_home
from matcher.build import engine_key, open_matcher, photo_limits
from matcher.engines.networks import Precision
from matcher.engines.opening import FACE_RECOGNITION, open_engine
from matcher.jobs.answering import Answering
from matcher.jobs.job import JobOptions
from matcher.jobs.register import Jobs
from matcher.jobs.worker import Worker
from matcher.manifest import Case
from matcher.photo_work import photo_crew
from matcher.pipeline import Matcher
from matcher.preparing import prepare
from matcher.settings import Settings, load_settings

_WIDTH, _HEIGHT = 480, 600
_STEPS = ("decode", "detect", "embed", "quality")


def main(argv: list[str]) -> int:
    options = _options(argv)
    cv2.setNumThreads(1)
    prepare_home(options.home, options.size)
    chosen = _written(options.work, options.photos)
    results: dict[str, Any] = {"people": options.size, "photos": len(chosen), "cores": len(os.sched_getaffinity(0)),
                               "load_before": os.getloadavg()}  # fmt: skip
    loop = _loop(options.size)
    with _ours(options.home, options.workers) as runs:
        for run in runs.values():
            run(chosen[: options.turn])
        turns: dict[str, list[dict[str, float]]] = {"face_recognition": [], **{str(count): [] for count in runs}}
        for first in range(0, len(chosen), options.turn):
            part = chosen[first : first + options.turn]
            for count, run in runs.items():
                turns[str(count)].append(run(part))
            turns["face_recognition"].append(loop(part[: options.loop]))
        results["turns"] = turns
        if options.full:
            everything = _written(options.work, options.full)
            results["full"] = max(runs.items())[1](everything)
    results["steps_ms"] = _steps(load_settings(options.home), chosen[: options.turn])
    print(_told(results))
    print(f"raw results: {keep('backlog', results, options.out)}")
    return 0


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks backlog", description=__doc__)
    parser.add_argument("--size", type=lambda text: int(float(text)), default=1_000_000, help="people in the gallery")
    parser.add_argument("--home", type=Path, default=Path("out") / "service-home", help="made once, and used again")
    parser.add_argument("--work", type=Path, default=Path("out") / "backlog-photos", help="where photos are written")
    parser.add_argument("--photos", type=int, default=1_000, help="photos in all turns together")
    parser.add_argument("--turn", type=int, default=250, help="photos of ours in a turn")
    parser.add_argument("--loop", type=int, default=20, help="of these, how many the loop does in its turn")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="numbers of processes to measure")
    parser.add_argument("--full", type=int, nargs="?", const=39_000, default=0, help="then a job of so many photos")
    parser.add_argument("--out", type=Path, default=Path("out") / "benchmarks")
    return parser.parse_args(argv)


def _written(folder: Path, count: int) -> list[Path]:
    """So many photos of 480x600; each has bytes of its own, though there are fewer pictures than that."""
    folder.mkdir(parents=True, exist_ok=True)
    faces = test_data() / "faces"
    found = photos(faces / "portraits_2015", 400) + photos(faces / "lfw", 1_600)
    paths = []
    for number in range(count):
        path = folder / f"{number:05}.jpg"
        if not path.exists():
            source = found[number % len(found)]
            data = _at_size(source) if number < len(found) else (folder / f"{number % len(found):05}.jpg").read_bytes()
            # A comment right after the start of the file.
            path.write_bytes(data[:2] + b"\xff\xfe\x00\x07%05d" % number + data[2:])
        paths.append(path)
    return paths


def _at_size(path: Path) -> bytes:
    pixels = np.asarray(cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR))
    height, width = pixels.shape[:2]
    if width * _HEIGHT > height * _WIDTH:
        left = (width - height * _WIDTH // _HEIGHT) // 2
        pixels = pixels[:, left : left + height * _WIDTH // _HEIGHT]
    else:
        pixels = pixels[: width * _HEIGHT // _WIDTH]
    larger = cv2.resize(pixels, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_CUBIC)
    return bytes(cv2.imencode(".jpg", larger, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())


Run = Callable[[Sequence[Path]], dict[str, float]]


@contextmanager
def _ours(home: Path, counts: Sequence[int]) -> Iterator[dict[int, Run]]:
    """For each number of worker processes, a job from its making to its end, with engines that are loaded."""
    settings = load_settings(home)
    with open_matcher(settings) as matcher:
        matcher.warm()
        yield {count: _run(matcher, settings, count) for count in counts}


def _run(matcher: Matcher, settings: Settings, count: int) -> Run:
    def run(paths: Sequence[Path]) -> dict[str, float]:
        jobs = Jobs(matcher.gallery.database, settings.home)
        cases = [Case(place, f"case {place}", path.name, str(path.absolute())) for place, path in enumerate(paths)]
        with photo_crew(settings.model_copy(update={"workers": count}), photos=1_000_000) as crew:
            # The processes start with the first tasks; that is not of the speed that lasts.
            list(crew.run([]))
            warmed = _warmed(crew, paths[: 4 * count])
            made = jobs.create("benchmark", cases, JobOptions(engine_key(settings)), made_by="benchmark", source="")
            worker = Worker(matcher, crew, jobs, Answering(matcher, limits=photo_limits(settings)), only=made.number)
            with Family() as family:
                began = time.perf_counter()
                worker.run()
                seconds = time.perf_counter() - began
        outcomes = jobs.progress(made.number).outcomes
        jobs.remove(made.number)
        found = sum(outcomes.get(name, 0) for name in ("candidates", "several_faces"))
        return {
            "photos": len(paths), "seconds": seconds, "cpu_ms": 1e3 * family.cpu_seconds / len(paths),
            "own_cpu_ms": 1e3 * family.own_cpu_seconds / len(paths), "most_mib": family.most_bytes / 2**20,
            "searched": found, "warmed": warmed,
        }  # fmt: skip

    return run


def _warmed(crew: Any, paths: Sequence[Path]) -> int:
    from matcher.photo_work import FileTask

    return len(list(crew.run([FileTask(str(path)) for path in paths])))


def _loop(people: int) -> Run:
    """As its users write it, with default settings. The gallery is float32, which favours it: theirs is float64."""
    open_engine(FACE_RECOGNITION, cache=None, precision=Precision.FLOAT, threads=1)
    import face_recognition

    gallery = population.load().gallery(people)

    def run(paths: Sequence[Path]) -> dict[str, float]:
        began, cpu, found = time.perf_counter(), time.process_time(), 0
        for path in paths:
            pixels = face_recognition.load_image_file(str(path))
            boxes = face_recognition.face_locations(pixels)
            for vector in face_recognition.face_encodings(pixels, boxes)[:1]:
                distances = np.linalg.norm(gallery - vector.astype(np.float32), axis=1)
                found += len(np.argsort(distances)[:20]) == 20
        seconds = time.perf_counter() - began
        return {"photos": len(paths), "seconds": seconds, "searched": found,
                "cpu_ms": 1e3 * (time.process_time() - cpu) / len(paths)}  # fmt: skip

    return run


def _steps(settings: Settings, paths: Sequence[Path]) -> dict[str, float]:
    """Milliseconds of one core for each step of a photo's own work; what is below them all is the floor."""
    from matcher.photo_work import photo_desk

    desk = photo_desk(settings)
    rows = [
        prepare(desk.engine, path.read_bytes(), appraiser=desk.appraiser, clock=time.process_time).timings
        for path in paths
    ]
    return {step: statistics.fmean(row.get(step, 0.0) for row in rows) for step in _STEPS}


def _told(results: dict[str, Any]) -> str:
    lines = [
        f"{results['people']:,} people, photos of {_WIDTH}x{_HEIGHT}, {results['cores']} cores; load of the machine "
        f"before {results['load_before'][0]:.1f}"
    ]
    speeds = {}
    for who, turns in results["turns"].items():
        done, seconds = sum(turn["photos"] for turn in turns), sum(turn["seconds"] for turn in turns)
        speeds[who] = done / seconds
        cpu = statistics.fmean(turn["cpu_ms"] for turn in turns)
        name = who if who == "face_recognition" else f"a job, {who} processes"
        line = f"  {name:22} {speeds[who]:7.1f} photos/s, {cpu:6.1f} ms of processors a photo"
        if who != "face_recognition":
            line += f", at most {max(turn['most_mib'] for turn in turns):,.0f} MiB of its own"
        lines.append(line)
    base = speeds.pop("face_recognition")
    for who, speed in speeds.items():
        lines.append(
            f"  {who} processes: {speed / base:.1f} times the loop; 39,000 photos in {39_000 / speed / 60:.1f} min"
        )
    steps = results["steps_ms"]
    networks = sum(steps[name] for name in ("decode", "detect", "embed"))
    lines.append("  one photo's own work, ms of a core: " + ", ".join(f"{name} {ms:.1f}" for name, ms in steps.items()))
    lines.append(
        f"  floor: {1e3 * results['cores'] / networks:.0f} photos/s if nothing but decode, detect, embed were done"
    )
    if "full" in results:
        full = results["full"]
        lines.append(
            f"  in full: {full['photos']:,.0f} photos in {full['seconds'] / 60:.1f} min "
            f"({full['photos'] / full['seconds']:.1f} photos/s), at most {full['most_mib']:,.0f} MiB of its own"
        )
    return "\n".join(lines)
