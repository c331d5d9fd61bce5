"""Where the time of a run goes, by step of the month."""

import time


class Stopwatch:
    """Seconds spent by step; costs about a microsecond a month."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def start(self) -> None:
        """Begin a month: what passed since the last mark is nobody's."""
        self._last = time.perf_counter()

    def mark(self, step: str) -> None:
        """Count the time since the last mark for a step that has just ended."""
        now = time.perf_counter()
        self.seconds[step] = self.seconds.get(step, 0.0) + now - self._last
        self._last = now
