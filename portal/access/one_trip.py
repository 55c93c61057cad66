"""A statement with the BEGIN before it and the COMMIT behind it in one round trip to the server instead of three.

psycopg's own pipeline does the same for any statements, and takes more time than it saves for two.
"""

from __future__ import annotations

from typing import Any

from psycopg import Cursor, pq
from psycopg._preparing import Prepare
from psycopg.adapt import Transformer
from psycopg.generators import fetch, send

IDLE = pq.TransactionStatus.IDLE


class OneTripCursor(Cursor[Any]):
    """Takes BEGIN along where the transaction has not begun yet, COMMIT where `ends` says that nothing else follows.

    Only with statements that the connection has prepared already; any other goes the ordinary way.
    """

    ends = False

    def _execute_gen(self, query: Any, params: Any = None, *, prepare: Any = None, binary: Any = None) -> Any:
        begins = not self._conn.autocommit and self._pgconn.transaction_status == IDLE
        asked, name = self.prepared(query, params, prepare) if begins or self.ends else (None, b"")
        if asked is None:
            yield from super()._execute_gen(query, params, prepare=prepare, binary=binary)
            return
        self._pgconn.enter_pipeline_mode()
        if begins:
            self._pgconn.send_query_params(self._conn._get_tx_start_command(), None)
        self._send_query_prepared(name, asked, binary=binary)
        if self.ends:
            self._pgconn.send_query_params(b"COMMIT", None)
        self._pgconn.pipeline_sync()
        yield from send(self._pgconn)
        results = yield from self.answers(begins + 1 + self.ends)
        self._pgconn.exit_pipeline_mode()
        self._check_results(results)
        self._set_results(results[begins : begins + 1])

    def prepared(self, query: Any, params: Any, prepare: Any) -> tuple[Any, bytes]:
        """The statement with its values, and the name it is prepared by; (None, b"") where it is not prepared yet."""
        self._reset()
        self._tx = Transformer(self)
        asked = self._convert_query(query, params)
        state, name = self._get_prepared(asked, prepare)
        if state is not Prepare.YES:
            return None, b""
        self._conn._prepared.maybe_add_to_cache(asked, state, name)  # it was used last
        return asked, name

    def answers(self, count: int) -> Any:
        """The result of each command: libpq tells the end of each by a None, and of all by one more result."""
        results = []
        for _ in range(count):
            results.append((yield from fetch(self._pgconn)))
            yield from fetch(self._pgconn)
        yield from fetch(self._pgconn)
        return results
