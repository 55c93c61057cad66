"""A reader beside a piece of work: does it wait? It knows no Django, since its process begins from nothing."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.connection import Connection
from typing import Any

import psycopg

PAGE = "select id, init_time from cdrs_leg where client_id = %s order by init_time desc, id desc limit 50"
BIND = "select set_config('portal.client_ids', %s, true)"


class Reader:
    """Somebody who turns the pages of a client's newest CDRs, in a process of its own."""

    def __init__(self, client_id: int) -> None:
        from django.conf import settings

        serving: dict[str, Any] = settings.SERVING_DATABASE
        names = {"dbname": "NAME", "host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
        place = {name: serving[ours] for name, ours in names.items() if serving[ours]}
        context = multiprocessing.get_context("spawn")
        self.line, theirs = context.Pipe()
        self.process = context.Process(target=read_on, args=(place, client_id, theirs), daemon=True)
        self.process.start()
        self.line.recv()  # it is there

    def waits(self) -> list[float]:
        """How long each page took since this was asked last, in ms."""
        self.line.send("tell")
        found: list[float] = self.line.recv()
        return found

    def end(self) -> None:
        self.line.send("end")
        self.process.join()


def read_on(place: dict[str, Any], client_id: int, line: Connection) -> None:
    waits: list[float] = []
    with psycopg.connect(**place) as db:
        line.send("here")
        while True:
            began = time.perf_counter()
            with db.transaction():
                db.execute(BIND, [str(client_id)])
                db.execute(PAGE, [client_id]).fetchall()
            waits.append((time.perf_counter() - began) * 1000)
            if line.poll(0.002):
                if line.recv() == "end":
                    return
                line.send(waits)
                waits = []
