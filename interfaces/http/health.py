"""Is this process alive, may it be sent requests, and what does it count."""

from __future__ import annotations

from litestar import Response, get
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from domain.refusals import NotFound
from interfaces.http.body import JsonRequest
from interfaces.http.parts import HealthReport, Parts

LOOPBACK = ("127.", "::1")


@get("/health/live", opt={"audience": "public"}, summary="Alive", operation_id="getLiveness", tags=["health"])
async def live() -> dict[str, bool]:
    """The process answers; it says nothing of what it depends on."""
    return {"alive": True}


@get("/health/ready", opt={"audience": "public"}, summary="Ready", operation_id="getReadiness", tags=["health"])
async def ready(parts: Parts) -> Response[HealthReport]:
    """Each part by name and how far it is behind; 503 where this process should not be sent requests."""
    report = await parts.health()
    return Response(report, status_code=200 if report.ready else 503)


@get("/metrics", opt={"audience": "public"}, include_in_schema=False, media_type="text/plain")
async def metrics(request: JsonRequest, parts: Parts) -> Response[bytes]:
    """For Prometheus on this machine; to anybody else there is nothing here."""
    if request.client is not None and request.client.host and not request.client.host.startswith(LOOPBACK):
        raise NotFound
    return Response(generate_latest(parts.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


ROUTES = (live, ready, metrics)
