"""Who took part in a recorded call, and the way it came: which columns a recording is found by, and what they hold.

They are decided with the rest of a row (settling), so that no search has to read calls and legs.
"""

from __future__ import annotations

# Whether somebody called from outside: cdrs.queries.INWARD.
_INWARD = "w.direction in ('in', 'webcall')"
# Column -> SQL over a recording `r`, its whole call `w` and its extension `x`.
PARTIES = {
    "route": f"case when {_INWARD} then case when coalesce(w.queue_id, w.queue_name) is null then 'direct'"
    " else 'queue' end when w.id is not null then 'out' end",
    "agent": "coalesce(r.agent_id, x.number)",
    "outside": f"case when {_INWARD} then w.caller_number else w.called_number end",
    "line": f"case when {_INWARD} then coalesce(w.did, w.called_number) end",
    "queue_id": f"case when {_INWARD} then w.queue_id end",
    "queue_name": f"case when {_INWARD} then w.queue_name end",
}
AS_IT_STANDS = f"array[{', '.join(f'r.{name}' for name in PARTIES)}]::text[]"
AS_IT_SHOULD = f"array[{', '.join(PARTIES.values())}]::text[]"
