"""What the service tells Prometheus: counts and times, never who was searched for."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from index.base import Stats
from matcher.identification import Identification
from matcher.records import job_tallies
from matcher.records.job_rows import Queue
from matcher.records.job_tallies import Tally
from matcher.records.values import GalleryState

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 1.0, 2.5, 10.0)
_STEP_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
_SHARES = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 1.0)


class Metrics:
    """Counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = CollectorRegistry()
        self._requests = Counter(
            "matcher_requests", "Requests by route and status", ["method", "route", "status"], registry=self._registry
        )
        self._times = Histogram(
            "matcher_request_seconds", "Seconds from the request to the end of its answer", ["method", "route"],
            buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        self._searches = Counter(
            "matcher_searches", "Photos searched for by outcome", ["outcome"], registry=self._registry
        )
        self._steps = Histogram(
            "matcher_step_seconds",
            "Seconds of a step of a search",
            ["step"],
            buckets=_STEP_SECONDS,
            registry=self._registry,
        )
        self._best = Histogram(
            "matcher_best_false_alarm_probability",
            "Of each calibrated search, the false-alarm probability of the first candidate",
            buckets=_SHARES, registry=self._registry,
        )  # fmt: skip
        self._alarms = Counter(
            "matcher_expected_false_alarms",
            "Sum of the FPIR that searches were held to: how many may have listed a stranger, at most",
            registry=self._registry,
        )
        self._waiting = Gauge(
            "matcher_queue_waiting", "Requests that wait for a thread to work on a photo", registry=self._registry
        )
        self._jobs = Gauge(
            "matcher_jobs", "Jobs in the records that are not done: queued, running", ["state"], registry=self._registry
        )
        self._job_photos = Gauge(
            "matcher_job_photos",
            "Photos left of these jobs: waiting, leased (a worker has them)",
            ["state"],
            registry=self._registry,
        )
        self._tallies = _Tallies()
        self._registry.register(self._tallies)
        self._people = Gauge("matcher_gallery_people", "People in a gallery", ["gallery"], registry=self._registry)
        self._photos = Gauge(
            "matcher_gallery_photos", "Reference photos in a gallery", ["gallery"], registry=self._registry
        )
        self._templates = Gauge("matcher_templates", "Templates that searches can find", registry=self._registry)
        self._recall = Gauge(
            "matcher_index_recall",
            "Share of the true 20 nearest that searches find, as the index measured it",
            registry=self._registry,
        )
        self._recall_target = Gauge(
            "matcher_index_recall_target", "The share that was asked for", registry=self._registry
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """An answer has left. route: the template of the address, empty for an address that there is not."""
        self._requests.labels(method, route, str(status)).inc()
        self._times.labels(method, route).observe(seconds)

    def searched(self, answer: Identification) -> None:
        """A photo was searched for."""
        self._searches.labels(answer.outcome.value).inc()
        for step, took in answer.timings.items():
            self._steps.labels(step).observe(took / 1000)
        best = answer.candidates[0].false_alarm_probability if answer.candidates else None
        if best is not None:
            self._best.observe(best)
        if answer.scoring.fpir is not None and answer.scoring.calibrated:
            self._alarms.inc(answer.scoring.fpir)

    def stands(self, state: GalleryState, index: Stats, *, waiting: int) -> None:
        """How large everything is now. waiting: requests for a thread."""
        self._people.clear()
        self._photos.clear()
        for name, size in state.galleries.items():
            self._people.labels(name).set(size.people)
            self._photos.labels(name).set(size.photos)
        self._templates.set(state.templates)
        self._recall.set(index.recall)
        self._recall_target.set(index.recall_target)
        self._waiting.set(waiting)

    def queued(self, queue: Queue) -> None:
        """How much workers have before them, in the records that all processes share."""
        self._jobs.labels("queued").set(queue.queued)
        self._jobs.labels("running").set(queue.running)
        self._job_photos.labels("waiting").set(queue.waiting)
        self._job_photos.labels("leased").set(queue.leased)

    def worked(self, tallies: Sequence[Tally]) -> None:
        """What workers have counted of their searches for jobs, in the records that all processes share."""
        self._tallies.found = tuple(tallies)

    def text(self) -> tuple[bytes, str]:
        """The exposition, and its content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        return generate_latest(self._registry), CONTENT_TYPE_LATEST


class _Tallies:
    """The totals of the records as counters: they were counted elsewhere."""

    def __init__(self) -> None:
        self.found: tuple[Tally, ...] = ()

    def collect(self) -> "Iterable[Metric]":
        from prometheus_client.core import CounterMetricFamily, SummaryMetricFamily

        searches = CounterMetricFamily(
            "matcher_job_searches", "Photos searched for by workers for jobs, by outcome", labels=["outcome"]
        )
        steps = SummaryMetricFamily(
            "matcher_job_step_seconds", "Seconds of a step of a search by workers for jobs", labels=["step"]
        )
        alarms = 0.0
        for one in self.found:
            if one.name == job_tallies.SEARCHES:
                searches.add_metric([one.label], one.count)
            elif one.name == job_tallies.STEPS:
                steps.add_metric([one.label], count_value=one.count, sum_value=one.total)
            else:
                alarms += one.total
        told = "Sum of the FPIR that workers' searches for jobs were held to"
        return searches, steps, CounterMetricFamily("matcher_job_expected_false_alarms", told, value=alarms)
