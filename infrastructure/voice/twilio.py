"""TwilioLine: the tenant's numbers at Twilio. Before one is given out, Twilio knows whom to tell of its calls.

Twilio's public REST shape (IncomingPhoneNumbers, 2010-04-01); no audio and no call passes here: Twilio asks
`…/incoming` what to do with a call, rings the team's number, and reports to `…/events`.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

import msgspec

from application.ports import Line, LineWish
from domain.ids import tenant_wire
from domain.voice import LineUnavailable
from infrastructure.breaker import Breaker, Breakers
from infrastructure.voice.number_pool import NumberPool
from infrastructure.voice.secrets import VoiceSecrets

if TYPE_CHECKING:
    from uuid import UUID

    import httpx

DEADLINE = 5.0
"""Seconds for all that is asked of Twilio before one number is given out."""
LARGEST = 256 * 1024
"""Bytes of an answer."""
CALLBACKS = "/api/v1/voice/providers/twilio"

_log = logging.getLogger("verbatim.voice")


class OwnedNumber(msgspec.Struct, frozen=True):
    """An IncomingPhoneNumber, as far as it is ours to know."""

    sid: str
    phone_number: str
    voice_url: str | None = None
    status_callback: str | None = None


class NumberList(msgspec.Struct, frozen=True):
    incoming_phone_numbers: tuple[OwnedNumber, ...]


class TwilioFailed(Exception):
    """`is_sick`: the provider's fault, or nobody's; else the tenant's account, number or token is wrong."""

    def __init__(self, reason: str, *, is_sick: bool) -> None:
        super().__init__(reason)
        self.is_sick = is_sick


class TwilioLine:
    """A `VoiceLine`. Which number is whose is the pool's to say; an account that keeps failing rests."""

    def __init__(
        self,
        pool: NumberPool,
        secrets: VoiceSecrets,
        api_url: str,
        public_url: str,
        deadline: float = DEADLINE,
        breakers: Breakers | None = None,
    ) -> None:
        """`api_url` is Twilio's, by the operator's setting; `public_url` is where Twilio reaches us."""
        self._pool = pool
        self._secrets = secrets
        self._api_url = api_url.rstrip("/")
        self._public_url = public_url
        self._deadline = deadline
        self._breakers = breakers or Breakers()
        self._client: httpx.AsyncClient | None = None

    async def allocate(self, wish: LineWish) -> Line:
        breaker = self._breakers.of(wish.tenant_id, wish.settings.account)
        line = await self._pool.allocate(wish)
        if line.conversation_id != wish.conversation_id:
            return line  # the visitor's other call has it, and Twilio knows
        if not breaker.permits():
            await self._give_up(wish, line, "the breaker is open")
        try:
            await self._prepare(wish, line.number)
        except TwilioFailed as failed:
            _report(breaker, failed)
            await self._give_up(wish, line, str(failed))
        except BaseException:
            breaker.abandoned()
            await self._let_go(wish, line)
            raise
        breaker.succeeded()
        return line

    async def release(self, tenant_id: int, conversation_id: UUID) -> None:
        """Twilio ends calls at their cap by itself: there is nobody to tell."""
        await self._pool.release(tenant_id, conversation_id)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def _prepare(self, wish: LineWish, number: str) -> None:
        """Twilio asks us about calls to this number, and reports on them. Raises TwilioFailed."""
        httpx = await asyncio.to_thread(importlib.import_module, "httpx")
        try:
            async with asyncio.timeout(self._deadline):
                await self._point_here(wish, number)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise TwilioFailed(type(error).__name__, is_sick=True) from error

    async def _point_here(self, wish: LineWish, number: str) -> None:
        token = None if wish.secret_id is None else await self._secrets.of(wish.tenant_id, wish.secret_id)
        account = wish.settings.account
        if token is None or account is None:
            raise TwilioFailed("no account", is_sick=False)
        numbers = f"/2010-04-01/Accounts/{account}/IncomingPhoneNumbers"
        listed = await self._ask("GET", f"{numbers}.json?PhoneNumber={quote(number)}", (account, token), {})
        owned = next((one for one in _decoded(listed, NumberList).incoming_phone_numbers), None)
        if owned is None or owned.phone_number != number:
            raise TwilioFailed("the account has no such number", is_sick=False)
        wanted = callbacks(self._public_url, wish.tenant_id)
        if (owned.voice_url, owned.status_callback) == (wanted["VoiceUrl"], wanted["StatusCallback"]):
            return
        changed = await self._ask("POST", f"{numbers}/{quote(owned.sid, '')}.json", (account, token), wanted)
        if _decoded(changed, OwnedNumber).voice_url != wanted["VoiceUrl"]:
            raise TwilioFailed("the number did not take our address", is_sick=True)

    async def _ask(self, method: str, path: str, account: tuple[str, str], form: dict[str, str]) -> bytes:
        """The body of a success. Raises TwilioFailed, httpx.HTTPError."""
        client = self._opened()
        async with client.stream(method, self._api_url + path, auth=account, data=form or None) as response:
            if response.status_code >= 300:
                sick = response.status_code >= 500 or response.status_code in (408, 429)
                raise TwilioFailed(f"HTTP {response.status_code}", is_sick=sick)
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LARGEST:
                    raise TwilioFailed("the answer is too large", is_sick=True)
            return body

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            import httpx

            limits = httpx.Limits(max_connections=50, max_keepalive_connections=10)
            # The deadline bounds each use; a redirect would carry the token elsewhere.
            self._client = httpx.AsyncClient(
                trust_env=False, follow_redirects=False, timeout=self._deadline, limits=limits
            )
        return self._client

    async def _give_up(self, wish: LineWish, line: Line, reason: str) -> NoReturn:
        _log.warning("no line of tenant %s at Twilio: %s", wish.tenant_id, reason)
        await self._let_go(wish, line)
        raise LineUnavailable

    async def _let_go(self, wish: LineWish, line: Line) -> None:
        """A line that was there before may be another request's by now."""
        if line.is_new:
            await self._pool.release(wish.tenant_id, wish.conversation_id)


def callbacks(public_url: str, tenant_id: int) -> dict[str, str]:
    """Where Twilio asks and reports. The tenant is in the address, which Twilio signs with its token."""
    tenant, public_url = tenant_wire(tenant_id), public_url.rstrip("/")
    return {
        "VoiceUrl": f"{public_url}{CALLBACKS}/incoming?tenant={tenant}",
        "VoiceMethod": "POST",
        "StatusCallback": f"{public_url}{CALLBACKS}/events?tenant={tenant}",
        "StatusCallbackMethod": "POST",
    }


def _decoded(body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TwilioFailed("an answer that is none of Twilio's", is_sick=True) from error


def _report(breaker: Breaker, failed: TwilioFailed) -> None:
    """Who refuses us is well."""
    if failed.is_sick:
        breaker.failed()
    else:
        breaker.succeeded()
