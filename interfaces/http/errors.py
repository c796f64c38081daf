"""The one map from an error to the wire."""

from __future__ import annotations

import logging
from typing import Any, Literal

import msgspec
import psycopg
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap
from psycopg_pool import PoolTimeout

from domain.refusals import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    OverLimit,
    ProjectionBehind,
    Refusal,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedFile,
)
from interfaces.http.body import NotJson
from interfaces.http.headers import REPLAYED, request_id

_log = logging.getLogger("verbatim.http")


class RangeNotSatisfiable(Refusal):
    """Details: `size` of the whole, in bytes."""

    code = "range_not_satisfiable"
    sentence = "There are no such bytes."


STATUS: dict[type[Refusal], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    NotJson: 415,
    UnsupportedFile: 415,
    RangeNotSatisfiable: 416,
    OverLimit: 429,
    Unavailable: 503,
}
"""Kind of refusal -> status; a named refusal has the status of its kind."""


class MethodNotAllowed(Refusal):
    code = "method_not_allowed"
    sentence = "This address does not take this method."


class Internal(Refusal):
    code = "internal"
    sentence = "Something went wrong on our side. The request id helps us to find it."


class ErrorBody(msgspec.Struct, frozen=True, rename="camel"):
    """`code` never changes; `message` is for people; `request_id` finds the log line."""

    code: str
    message: str
    request_id: str
    details: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class ErrorAnswer(msgspec.Struct, frozen=True):
    """`success` is there in family A only."""

    error: ErrorBody
    success: Literal[False] | msgspec.UnsetType = msgspec.UNSET


def handlers() -> ExceptionHandlersMap:
    """For Litestar: every error there can be ends in one of these."""
    return {
        Refusal: _on_refusal,
        HTTPException: _on_framework_error,
        PoolTimeout: _on_lost_database,
        psycopg.OperationalError: _on_lost_database,
        psycopg.errors.UndefinedTable: _on_unbuilt_read_model,
        psycopg.errors.UndefinedColumn: _on_unbuilt_read_model,
        Exception: _on_bug,
    }


def status_of(refusal: Refusal) -> int:
    return next((STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS), 400)


def error_answer(request: Request[Any, Any, Any], refusal: Refusal, status: int) -> Response[ErrorAnswer]:
    """The one error body."""
    body = ErrorBody(
        code=refusal.code,
        message=refusal.message,
        request_id=request_id(request.scope),
        details=refusal.details or msgspec.UNSET,
    )
    is_family_a = request.scope["path"].startswith("/api/widgets/")
    is_for_later = isinstance(refusal, Unavailable | OverLimit)
    headers = {"Retry-After": str(refusal.retry_after)} if is_for_later else {}
    if isinstance(refusal, OverLimit) and refusal.policy is not None:
        name, count, seconds = refusal.policy
        headers["RateLimit-Policy"] = f'"{name}";q={count};w={seconds}'
        headers["RateLimit"] = f'"{name}";r=0;t={refusal.retry_after}'
    if isinstance(refusal, OverLimit) and refusal.replayed:
        headers[REPLAYED] = "true"
    if request.scope.get("state", {}).get("is_unread"):
        headers["Connection"] = "close"
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(
        ErrorAnswer(body, False if is_family_a else msgspec.UNSET),
        status_code=status,
        headers=headers,
        media_type="application/json",
    )


def _on_refusal(request: Request[Any, Any, Any], refusal: Refusal) -> Response[ErrorAnswer]:
    return error_answer(request, refusal, status_of(refusal))


def _on_framework_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[ErrorAnswer]:
    if error.status_code >= 500:
        return _on_bug(request, error)
    if isinstance(error, ValidationException):
        return error_answer(request, Invalid(fields=_fields(error)), 400)
    named: dict[int, Refusal] = {
        401: Unauthenticated(),
        403: Forbidden(),
        404: NotFound(),
        405: MethodNotAllowed(),
        413: TooLarge(),
        415: NotJson(),
    }
    refusal = named.get(error.status_code, Invalid())
    response = error_answer(request, refusal, error.status_code)
    if request.scope.get("state", {}).get("is_unread"):
        response.headers["Connection"] = "close"
    return response


def _on_lost_database(request: Request[Any, Any, Any], error: Exception) -> Response[ErrorAnswer]:
    _log.warning("request %s found no database: %s", request_id(request.scope), type(error).__name__)
    return error_answer(request, Unavailable(), 503)


def _on_unbuilt_read_model(request: Request[Any, Any, Any], _: Exception) -> Response[ErrorAnswer]:
    """A new installation, before its first projector has made the tables; or a new release, while it folds a read
    model anew that got more columns, beside the old one."""
    return error_answer(request, ProjectionBehind(at=0), 503)


def _on_bug(request: Request[Any, Any, Any], error: Exception) -> Response[ErrorAnswer]:
    _log.error("request %s failed", request_id(request.scope), exc_info=error)
    return error_answer(request, Internal(), 500)


def _fields(error: ValidationException) -> list[dict[str, str]]:
    found = error.extra if isinstance(error.extra, list) else []
    return [{"name": str(one.get("key", "")), "reason": str(one.get("message", ""))} for one in found]
