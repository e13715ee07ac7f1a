"""Numbers about the running marketplace, in the form that Prometheus reads.

Names are bounded: requests are counted by route, never by path, so that a stranger cannot make new series.
"""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["Metrics"]

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters; each application has its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "datasouk_requests", "Requests that were answered", ["route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "datasouk_request_seconds",
            "How long an answer took",
            ["route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._gauges: dict[str, Gauge] = {}
        # Looking a series up by its labels costs more than counting: it is done once.
        self._counters: dict[tuple[str, int], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        counter = self._counters.get((route, status))
        if counter is None:
            counter = self._counters[route, status] = self._requests.labels(route, str(status))
        timer = self._timers.get(route)
        if timer is None:
            timer = self._timers[route] = self._seconds.labels(route)
        counter.inc()
        timer.observe(seconds)

    def show(self, gauges: Mapping[str, float]) -> bytes:
        """The text, with gauges as they are now; their names get ``datasouk_`` in front."""
        for name, value in gauges.items():
            if name not in self._gauges:
                text = name.replace("_", " ")
                self._gauges[name] = Gauge(f"datasouk_{name}", text, registry=self._registry)
            self._gauges[name].set(value)
        return generate_latest(self._registry)
