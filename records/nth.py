"""The n-th recording by its own beginning, without walking there: whole days are stepped over by their counters.

A counter has the day on which a recording's call began. The few recordings that began on another one (put through
after midnight, say) have an index of their own, and are moved to the day they belong to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models.functions import TruncDate

from cdrs.reading import EARLIEST, LATEST
from portal.access.principal import Principal
from records.models import DayTotal
from records.totals import midnight, recordings, sql_of, whole_days

# What the counters can tell apart; for any other filter rows are skipped one by one, in its index.
COUNTED = frozenset({"began_from", "began_before"})
# So many rows are skipped as fast as counters are added up.
SHORT_WAY = 1000


class Start(NamedTuple):
    """Where to begin: at the recordings from `time` on, after so many more."""

    time: datetime
    skip: int


def start_at(principal: Principal, values: Mapping[str, Any], skip: int) -> Start | None:
    """How to reach the row behind the first `skip` ones, earliest first, of those that `values` (canonical filters)
    let through. None where there is no shorter way than to count them.
    """
    if skip < SHORT_WAY or not values.keys() <= COUNTED:
        return None
    start, end = values.get("began_from", EARLIEST), values.get("began_before", LATEST)
    first, last = whole_days(start, end)
    if first == last:
        return None
    at_edge = count(principal, start, midnight(first)) if start < midnight(first) else 0
    return day_of(principal, midnight(first), midnight(last), skip - at_edge) if skip >= at_edge else None


def count(principal: Principal, start: datetime, end: datetime) -> int:
    """From the index alone: it is less than a day."""
    return recordings(principal).filter(began_at__gte=start, began_at__lt=end).count()


def day_of(principal: Principal, first: datetime, last: datetime, skip: int) -> Start | None:
    """The day of [first, last), two midnights, in which the row behind `skip` others lies; None: there is no row."""
    of_kind = DayTotal.objects.visible_to(principal).filter(kind=DayTotal.Kind.RECORD)
    counted = of_kind.filter(day__gte=first.date(), day__lt=last.date())
    own, its_calls = (TruncDate(time, tzinfo=first.tzinfo) for time in ("began_at", "init_time"))
    strays = recordings(principal).filter(overnight=True).annotate(own=own, its_calls=its_calls)
    of_days = sql_of(counted.order_by().values_list("day", "files"))
    of_strays = sql_of(strays.order_by().values_list("own", "its_calls"))
    if of_days is None or of_strays is None:
        return None
    sql = _DAY.format(counted=of_days[0], strays=of_strays[0])
    with connection.cursor() as cursor:
        cursor.execute(sql, [*of_days[1], *of_strays[1], first.date(), last.date(), skip])
        found = cursor.fetchone()
    return None if found is None else Start(midnight(found[0]), skip - int(found[1]))


_DAY = """
with counted (day, files) as ({counted}),
     strays (own, its_calls) as ({strays}),
     moved (day, files) as (select own, 1 from strays union all select its_calls, -1 from strays),
     parts as (select * from counted union all select * from moved where day >= %s and day < %s),
     days as (select day, sum(files) as files from parts group by day),
     reached as (select day, sum(files) over (order by day) - files as before from days)
select day, before from reached where before <= %s order by day desc limit 1
"""
