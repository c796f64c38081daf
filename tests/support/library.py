"""What an operator sets to open Verbatim's log with the `eventsourcing` library."""

from __future__ import annotations

from psycopg.conninfo import conninfo_to_dict


def environment(url: str, tenant_id: int, **given: str) -> dict[str, str]:
    """What an operator gives the library: its own variables and ours."""
    parts = conninfo_to_dict(url)
    return {
        "PERSISTENCE_MODULE": "infrastructure.eventstore.recorder:VerbatimFactory",
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_PORT": str(parts.get("port", "5432")),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": str(parts.get("password", "")),
        "POSTGRES_SCHEMA": "es",
        "CREATE_TABLE": "n",
        "VERBATIM_TENANT": str(tenant_id),
        **given,
    }
