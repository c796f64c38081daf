"""Access: every credential of the product behind one door."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.refusals import TokenRevoked, Unavailable, WrongLogin
from infrastructure.access.addresses import Addresses
from infrastructure.access.api_keys import ApiKeys
from infrastructure.access.company_login import CompanyLogins
from infrastructure.access.grants import Member, Session, VisitorGrant, WidgetGrant
from infrastructure.access.identity import Identities
from infrastructure.access.invitations import Invitations
from infrastructure.access.issuers import Issuers
from infrastructure.access.jwks import KeySets
from infrastructure.access.login_secrets import LoginSecrets
from infrastructure.access.openid import OpenIdProviders
from infrastructure.access.passwords import Login, Passwords
from infrastructure.access.sessions import Sessions
from infrastructure.access.signing import Signer, open_signer
from infrastructure.access.sites import Sites
from infrastructure.access.throttle import Throttle
from infrastructure.access.visitor_tokens import VisitorTokens
from infrastructure.access.widget_tokens import WidgetTokens
from infrastructure.egress import Egress
from infrastructure.postgres import Database


class Access:
    """Each question takes one kind of credential and no other; revocations hold everywhere within 5 s.

    `api_keys`, `issuers` and `identities` are keys, identity providers, and who visitors prove to be;
    `widget_tokens`, `sites` and `addresses` are who may talk to a widget, who may show it, and from where.
    `company_logins` and `login_secrets` are logins by tenants' own providers; `throttle` counts those that fail.
    """

    def __init__(self, database: Database, secrets: bytes, signer: Signer, egress: Egress) -> None:
        self._database = database
        self._signer = signer
        self._passwords = Passwords(database, secrets)
        self._sessions = Sessions(database, signer)
        self.widget_tokens = WidgetTokens(database)
        self._visitors = VisitorTokens(database)
        self._invitations = Invitations(database, self._passwords)
        self.throttle = Throttle(database, secrets)
        self.api_keys = ApiKeys(database)
        self.sites = Sites(database)
        self.addresses = Addresses(database)
        self.identities = Identities(database, secrets)
        key_sets = KeySets(egress)
        self.issuers = Issuers(database, key_sets)
        self.login_secrets = LoginSecrets(database, secrets)
        self.company_logins = CompanyLogins(database, secrets, OpenIdProviders(egress, key_sets))

    async def member(self, access_jwt: str) -> Member:
        """Ours, or one of an issuer that the tenant trusts.

        A signature is not enough: at most 4 s ago the log said which role the agent has, and that their session
        goes on. Raises TokenMissing, TokenExpired, TokenRevoked, Unauthenticated, Unavailable.
        """
        if self._signer.is_ours(access_jwt):
            return await self._sessions.member(self._signer.read(access_jwt))
        return await self._sessions.foreign_member(await self.issuers.read(access_jwt))

    async def api_key(self, key: str) -> Member:
        """Raises TokenMissing, TokenExpired, TokenRevoked, Unauthenticated."""
        return await self.api_keys.check(key)

    async def widget(self, widget_token: str, origin: str | None) -> WidgetGrant:
        """`origin` as the browser sent it; None where there is none or it is our own.

        Raises TokenMissing, TokenExpired, TokenRevoked, Unauthenticated.
        """
        return await self.widget_tokens.check(widget_token, origin)

    async def visitor(self, visitor_token: str) -> VisitorGrant:
        """Raises TokenMissing, TokenExpired, TokenRevoked, Unauthenticated."""
        return await self._visitors.check(visitor_token)

    async def new_visitor(self, tenant_id: int, contact_id: UUID, widget_id: UUID | None = None) -> str:
        """A `vt_…` token for one more browser of this contact, who came by this widget."""
        return await self._visitors.issue(tenant_id, contact_id, widget_id)

    async def revoke_visitor(self, tenant_id: int, contact_id: UUID) -> None:
        """Every token of one contact, in every process; their open sockets are closed within 5 s."""
        await self._visitors.revoke(tenant_id, contact_id)

    async def issue_widget_token(self, tenant_id: int, widget_id: UUID) -> tuple[UUID, str]:
        """(token id, `wt_…`). The caller gives the bus IssueWidgetToken, so that the log knows of it."""
        return await self.widget_tokens.issue(tenant_id, widget_id)

    async def revoke_widget_token(self, tenant_id: int, token_id: UUID) -> None:
        await self.widget_tokens.revoke(tenant_id, token_id)

    async def set_password(self, tenant_id: int, agent_id: UUID, email: str, password: str) -> None:
        """15 to 128 characters; the agent's sessions end. Raises Invalid, EmailTaken, Unavailable."""
        await self._passwords.set(tenant_id, agent_id, email, password)
        await self._sessions.end_all(tenant_id, agent_id)

    async def invite(self, tenant_id: int, agent_id: UUID, email: str, expires_at: datetime) -> str:
        """`iv_…`: with it the agent chooses a password, once; earlier ones are void. Raises Invalid."""
        return await self._invitations.issue(tenant_id, agent_id, email, expires_at)

    async def accept_invitation(self, token: str, password: str) -> Login:
        """Whose password it is now.

        Raises TokenMissing, TokenExpired, TokenRevoked, Unauthenticated, Invalid, EmailTaken, Unavailable.
        """
        return await self._invitations.accept(token, password)

    async def login(self, email: str, password: str, address: str = "") -> Session:
        """`address`: where the caller is, empty for who comes by no network.

        Raises WrongLogin, also for a deactivated agent, who is not told from an unknown one; RateLimited.
        """
        attempt = await self.throttle.begin(email, address)
        try:
            login = await self._passwords.check(email, password)
            session = await self._sessions.start(login.tenant_id, login.agent_id)
        except TokenRevoked:
            raise WrongLogin from None
        except Unavailable:
            await self.throttle.not_made(attempt)
            raise
        await self.throttle.succeeded(attempt)
        return session

    async def session_for(self, tenant_id: int, agent_id: UUID) -> Session:
        """A session without a password, for the operator's command line. Raises TokenRevoked."""
        return await self._sessions.start(tenant_id, agent_id)

    async def refresh(self, refresh_token: str) -> Session:
        """Raises TokenMissing, TokenExpired, TokenRevoked, Unauthenticated."""
        return await self._sessions.refresh(refresh_token)

    async def logout(self, member: Member) -> None:
        """Ends the session the member came by; its access token with it."""
        await self._sessions.end(member)

    async def end_sessions(self, tenant_id: int, agent_id: UUID) -> None:
        """Every session of one agent."""
        await self._sessions.end_all(tenant_id, agent_id)

    async def sweep(self) -> None:
        """Delete what expired long ago. Call it now and then, from one process."""
        await self.throttle.sweep()
        await self.company_logins.sweep()
        await self._invitations.sweep()
        async with self._database.worker() as connection:
            await connection.execute(
                "DELETE FROM access.refresh_token WHERE expires_at < now() - interval '1 day'"
            )
            await connection.execute(
                "DELETE FROM access.visitor_token WHERE expires_at < now() - interval '1 day'"
            )
            await connection.execute(
                "DELETE FROM access.session s WHERE started_at < now() - interval '15 days' "
                "AND NOT EXISTS (SELECT FROM access.refresh_token t WHERE t.session_id = s.session_id)"
            )


async def open_access(database: Database, secrets: bytes, egress: Egress | None = None) -> Access:
    """`secrets`: the master secret, at least 32 bytes; every key is derived from it.

    `egress` is how identity providers are reached; by default at public addresses only.

    Raises WrongSecret where the database was set up with another one, ValueError for a short one.
    """
    return Access(database, secrets, await open_signer(database, secrets), egress or Egress())
