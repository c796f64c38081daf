"""Every read model there is. The projector folds these."""

from __future__ import annotations

from application.projection import Projection
from projections.automation_runs import AutomationRuns
from projections.automations import AutomationList
from projections.campaigns_fold import Campaigns
from projections.canned_fold import CannedResponses
from projections.contacts_fold import Contacts
from projections.continuity import Continuities
from projections.directory_fold import Directory
from projections.files import Files
from projections.inbox_fold import Inbox
from projections.knowledge_fold import Knowledge
from projections.macros import Macros
from projections.permission_sets import PermissionSets
from projections.search_fold import Search
from projections.sla_fold import Sla
from projections.transcript_fold import Transcript
from projections.usage_fold import Usage
from projections.views import Views
from projections.webhooks import Webhooks
from projections.workload_fold import Workload

PROJECTIONS: tuple[Projection, ...] = (
    Inbox(),
    Workload(),
    Transcript(),
    Directory(),
    PermissionSets(),
    CannedResponses(),
    AutomationList(),
    AutomationRuns(),
    Macros(),
    Knowledge(),
    Search(),
    Files(),
    Usage(),
    Contacts(),
    Sla(),
    Continuities(),
    Campaigns(),
    Views(),
    Webhooks(),
)
