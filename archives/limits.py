"""How long a period an archive may have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portal.web.periods import end_of_next_month

# The setting's default, and the most days that two months have: the paper's rule of whole months.
TWO_MONTHS = 62


def largest_end(start: datetime, days: int) -> datetime:
    """The latest end, itself not in the period, for a beginning in its own time zone.

    A client's own limit is in days. The default means the end of the month after that of `start`; fewer days narrow
    that, more take its place.
    """
    try:
        # Days of 24 hours: in a zone's own time one on which the clock is changed would be counted as another.
        in_days = (start.astimezone(UTC) + timedelta(days=days)).astimezone(start.tzinfo)
    except OverflowError:
        in_days = datetime.max.replace(tzinfo=start.tzinfo)
    return in_days if days > TWO_MONTHS else min(in_days, end_of_next_month(start))
