"""WebhookMetrics: how many deliveries were tried, with what outcome, how long they took; no id becomes a label."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from infrastructure.webhooks.delivery import Attempt

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)


class WebhookMetrics:
    """Counted in `registry`, which belongs to whoever serves /metrics."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._attempts = Counter(
            "verbatim_webhook_attempts",
            "Attempts to deliver, by the class of the answer's status; none: no answer came.",
            ["answer"],
            registry=registry,
        )
        self._seconds = Histogram(
            "verbatim_webhook_seconds",
            "Seconds until an answer, or until there was none.",
            buckets=BUCKETS,
            registry=registry,
        )

    def attempted(self, attempt: Attempt) -> None:
        self._attempts.labels("none" if attempt.code is None else f"{attempt.code // 100}xx").inc()
        self._seconds.observe(attempt.seconds)
