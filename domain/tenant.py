"""Tenant: one customer of the house; every other stream belongs to exactly one."""

from __future__ import annotations

from uuid import UUID

from domain.file import FileRules, valid_rules
from domain.kernel import Aggregate, Event, Stamp
from domain.values import required


class TenantOpened(Event, frozen=True, kw_only=True):
    TYPE = "tenant.opened.1"

    tenant_id: int
    name: str

    def create(self) -> Aggregate:
        return Tenant(self.originator_id)

    def apply(self, aggregate: Tenant) -> None:
        aggregate.name = self.name


class TenantRenamed(Event, frozen=True, kw_only=True):
    TYPE = "tenant.renamed.1"

    name: str

    def apply(self, aggregate: Tenant) -> None:
        aggregate.name = self.name


class FileRulesSet(Event, frozen=True, kw_only=True):
    TYPE = "tenant.file_rules_set.1"

    rules: FileRules

    def apply(self, aggregate: Tenant) -> None:
        aggregate.file_rules = self.rules


class MaskingSet(Event, frozen=True, kw_only=True):
    """Whether card numbers and secrets are taken out of what people write, from now on."""

    TYPE = "tenant.masking_set.1"

    enabled: bool

    def apply(self, aggregate: Tenant) -> None:
        aggregate.masks = self.enabled


class DefaultAssistantChosen(Event, frozen=True, kw_only=True):
    """Who answers where neither the widget nor the request names an assistant."""

    TYPE = "tenant.default_assistant_chosen.1"

    assistant_id: UUID

    def apply(self, aggregate: Tenant) -> None:
        aggregate.default_assistant_id = self.assistant_id


class Tenant(Aggregate):
    KIND = "tenant"

    name = ""
    file_rules = FileRules()
    masks = True
    default_assistant_id: UUID | None = None

    def open(self, stamp: Stamp, tenant_id: int, name: str) -> None:
        """Opening twice changes nothing. Raises Invalid."""
        if not self.exists:
            self.record(TenantOpened, stamp, tenant_id=tenant_id, name=required("name", name))

    def rename(self, stamp: Stamp, name: str) -> None:
        """The name it has already changes nothing. Raises Invalid."""
        if required("name", name) != self.name:
            self.record(TenantRenamed, stamp, name=name.strip())

    def set_file_rules(self, stamp: Stamp, rules: FileRules) -> None:
        """What people may upload from now on; the same rules again change nothing. Raises Invalid."""
        if valid_rules(rules) != self.file_rules:
            self.record(FileRulesSet, stamp, rules=rules)

    def set_masking(self, stamp: Stamp, enabled: bool) -> None:
        """As it is already changes nothing. What was masked stays so: nobody has the other text."""
        if enabled != self.masks:
            self.record(MaskingSet, stamp, enabled=enabled)

    def choose_default_assistant(self, stamp: Stamp, assistant_id: UUID) -> None:
        """The one it is already changes nothing."""
        if assistant_id != self.default_assistant_id:
            self.record(DefaultAssistantChosen, stamp, assistant_id=assistant_id)


EVENTS: tuple[type[Event], ...] = (TenantOpened, TenantRenamed, FileRulesSet, MaskingSet, DefaultAssistantChosen)
