"""How PostgreSQL is told to read lists: along the index that has their order, from the first row that is wanted.

Left alone it now and then gathers and sorts a whole window for fifty rows, or plans a page anew each time. The settings
hold for one transaction.
"""

from __future__ import annotations

_ALONG = {
    "enable_sort": ("off", "on"),
    # A plan that was made while a small table was empty would read it whole for each row once it is not.
    "enable_seqscan": ("off", "on"),
    "enable_bitmapscan": ("off", "on"),
    "enable_hashjoin": ("off", "on"),
    "enable_mergejoin": ("off", "on"),
    "plan_cache_mode": ("force_generic_plan", "auto"),
    "jit": ("off", "off"),
}


def _columns(which: int) -> str:
    return ", ".join(f"set_config('{name}', '{values[which]}', true)" for name, values in _ALONG.items())


# Columns of a select.
IN_ORDER = _columns(0)
# For searches, whose own indexes find few rows in any order.
AS_THE_PLANNER_LIKES = _columns(1)
