"""How far an import is: a bar on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import time
from typing import TextIO

TERMINAL_SECONDS, PLAIN_SECONDS = 0.2, 5.0
BAR = 24


class Progress:
    """Writes to `stream`. `size` is the bytes there are to read, None where nobody knows."""

    def __init__(self, stream: TextIO, size: int | None, start: int = 0) -> None:
        self._stream, self._size, self._start = stream, size, start
        self._terminal = stream.isatty()
        self._began = self._shown = time.monotonic()
        self._drawn = 0

    def show(self, position: int, lines: int, sounds: int, *, last: bool = False) -> None:
        """`position` in bytes, `lines` read and `sounds` stored so far. Says nothing more often than is useful."""
        now = time.monotonic()
        pause = TERMINAL_SECONDS if self._terminal else PLAIN_SECONDS
        if now - self._shown < pause and not (last and self._drawn):
            return
        self._shown = now
        text = self._text(position, lines, sounds, now - self._began)
        if not self._terminal:
            self._stream.write(f"{text}\n")
        else:
            self._stream.write("\r" + text.ljust(self._drawn) + ("\n" if last else ""))
        self._drawn = len(text)
        self._stream.flush()

    def clear(self) -> None:
        """End the bar's line, so that another message begins on its own."""
        if self._terminal and self._drawn:
            self._stream.write("\n")
            self._stream.flush()
            self._drawn = 0

    def _text(self, position: int, lines: int, sounds: int, seconds: float) -> str:
        counts = f"{lines:,} lines, {sounds:,} files of sound"
        if not self._size:
            return f"{counts}, {clock(seconds)}"
        share = min(1.0, position / self._size)
        done = f"[{'#' * int(BAR * share):-<{BAR}}] " if self._terminal else ""
        return f"{done}{share:4.0%}  {counts}, {clock(seconds)}{self._left(position, seconds)}"

    def _left(self, position: int, seconds: float) -> str:
        done, left = position - self._start, (self._size or 0) - position
        return f", {clock(seconds * left / done)} left" if done > 0 and left > 0 and seconds > 2 else ""


def clock(seconds: float) -> str:
    """`1:02:03` or `2:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
