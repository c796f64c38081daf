"""Cases: one test that is asked many times in the same surroundings."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import pytest

AsyncTest = Callable[..., Coroutine[Any, Any, None]]


def cases(names: str | tuple[str, ...], values: Iterable[Any]) -> Callable[[AsyncTest], AsyncTest]:
    """As `pytest.mark.parametrize`, of an async test, but the fixtures are made once: a database, a broker and a
    desk take ten times as long as asking. For what is refused, or only looked at: a case must leave nothing
    behind that the next one would see. Each is a subtest, and all are asked whichever of them fails.
    """
    asked = (names,) if isinstance(names, str) else names

    def decorate(test: AsyncTest) -> AsyncTest:
        signature = inspect.signature(test)
        kept = [one for name, one in signature.parameters.items() if name not in (*asked, "subtests")]
        ours = inspect.Parameter("subtests", inspect.Parameter.KEYWORD_ONLY)

        @functools.wraps(test)
        async def of_each(*, subtests: pytest.Subtests, **fixtures: Any) -> None:
            if "subtests" in signature.parameters:  # itself made of cases
                fixtures["subtests"] = subtests
            for value in values:
                case = dict(zip(asked, _row(value, asked), strict=True))
                with subtests.test(**case):
                    await test(**fixtures, **case)

        setattr(of_each, "__signature__", signature.replace(parameters=[*kept, ours]))  # noqa: B010
        return of_each

    return decorate


def _row(value: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    return (value,) if len(names) == 1 else tuple(value)
