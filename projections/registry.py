"""Every read model there is. The projector folds these."""

from __future__ import annotations

from application.projection import Projection
from projections.canned import CannedResponses
from projections.directory_fold import Directory
from projections.inbox_fold import Inbox
from projections.knowledge import Knowledge
from projections.transcript_fold import Transcript

PROJECTIONS: tuple[Projection, ...] = (Inbox(), Transcript(), Directory(), CannedResponses(), Knowledge())
