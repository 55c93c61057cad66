"""An order from beginning to end, batch by batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from portal.intake.synthetic.loading import Loaded, load, make_tables
from portal.intake.synthetic.plan import Order, batches
from portal.intake.synthetic.sound import clips
from portal.intake.synthetic.telling import tell
from portal.intake.synthetic.tenants import tenant


def generate(order: Order, progress: Callable[[Loaded], None] = lambda so_far: None) -> Loaded:
    """Load what is ordered; `progress` is told after each batch, which is then durable.

    The same order again is skipped batch by batch, so one that was cut short goes on.
    """
    made = Loaded()
    sounds = clips(order.media, order.seed)
    lengths = np.array([clip.seconds for clip in sounds], np.int64)
    tenants = {number: tenant(number, largest=number == 1) for number in range(1, order.clients + 1)}
    make_tables()
    for batch in batches(order):
        theirs = tenants[batch.tenant]
        random = np.random.default_rng([order.seed, batch.tenant, batch.serial])
        story = tell(batch, theirs, random, lengths, listed=order.listed)
        made += load(batch, theirs, order.name, story, sounds)
        progress(made)
    return made
