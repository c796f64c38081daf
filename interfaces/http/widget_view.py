"""A widget out of its events, as the read model would show it."""

from __future__ import annotations

from domain.widget import Widget
from projections.directory import WidgetView


def widget_view(widget: Widget) -> WidgetView:
    return WidgetView(
        widget.id,
        widget.look,
        widget.assistant_id,
        widget.settings,
        widget.config_version,
        widget.is_archived,
    )
