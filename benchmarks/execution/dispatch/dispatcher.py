"""The dispatcher: which job goes to the engine when, and what becomes of jobs that hang, die or take too long.

It is the same for every engine. A caller submits jobs and listens to their messages; a job ends once, however often it was
tried.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterator

from benchmarks.execution.dispatch import second_copies
from benchmarks.execution.dispatch.entries import Copy, Entry
from benchmarks.execution.dispatch.held import HeldJobs
from benchmarks.execution.dispatch.permission import Alone, Claims, Start
from benchmarks.execution.dispatch.stragglers import Pace
from benchmarks.execution.engine import Engine, Job, Message

TICK_S = 1.0  # the longest time between two looks at running jobs
MOST_WORKERS, MOST_NODES = 2, 5  # that a job may lose before it is given up


class Dispatcher:
    """Runs jobs on an engine, in the order in which they are submitted.

    timeout_s  how long a job may run       claims   whether a job may start here
    on_tick    called about once a second while messages are awaited
    """

    def __init__(
        self,
        engine: Engine,
        timeout_s: float | None = None,
        claims: Claims | None = None,
        on_tick: Callable[[], object] | None = None,
    ) -> None:
        self.engine, self.timeout_s, self.claims, self.on_tick = engine, timeout_s, claims or Alone(), on_tick
        self._submitted = 0
        self._open: set[Entry] = set()  # entries that have not ended
        self._waiting: deque[Entry] = deque()
        self._suspects: deque[Entry] = deque()  # whose worker died; on one machine they are retried alone
        self._copies: dict[int, Copy] = {}  # by the engine's index
        self._undelivered: deque[Message] = deque()
        self._pace = Pace()
        self._ticked_s = time.monotonic()
        self._held = HeldJobs(self._ticked_s)

    def submit(self, job: Job) -> int:
        """Queue a job, also while others run; returns the index that its messages will carry."""
        entry = Entry(self._submitted, job)
        self._submitted += 1
        self._open.add(entry)
        self._waiting.append(entry)
        return entry.index

    def messages(self) -> Iterator[Message]:
        """Messages as they come, until no job is left. A caller may stop the iteration and resume it later; no message
        is lost.
        """
        while True:
            while self._undelivered:
                yield self._undelivered.popleft()
            if not self._open:
                return
            self._fill()
            if self._copies:
                for message in self.engine.receive(0.0 if self._undelivered else TICK_S):
                    self._take(message)
            elif not self._undelivered:
                if self._held:
                    self._wait_for_others()
                if not self._undelivered:
                    time.sleep(TICK_S)
            self._tick()

    def _tick(self) -> None:
        now = time.monotonic()
        if now - self._ticked_s < TICK_S:
            return
        self._ticked_s = now
        if self.on_tick is not None:
            self.on_tick()
        self._end_what_hangs(now)
        self._copy_slow_jobs(now)

    def _room(self) -> int:
        """How many jobs the engine can be given."""
        return self.engine.window - len(self._copies)

    def _fill(self) -> None:
        """Give the engine jobs while it has room: on a cluster suspects first, on one machine alone and after all others."""
        if self.engine.one_machine:
            if any(copy.entry.lost for copy in self._copies.values()):
                return
        else:
            while self._suspects and self._room() > 0:
                self._start(self._suspects.popleft())
        while self._waiting and self._room() > 0:
            self._start_if_free(self._waiting.popleft())
        if not self._waiting:
            for entry in self._held.due(time.monotonic(), self._room()):
                self._start_if_free(entry)
        if self._suspects and not self._waiting and not self._copies:
            self._start(self._suspects.popleft())

    def _start_if_free(self, entry: Entry) -> None:
        answer = self.claims.may_start(entry.job)
        match answer.start:
            case Start.NOW:
                self._start(entry)
            case Start.LATER:
                self._held.add(entry, answer.text)
            case Start.DONE:
                self._close(entry, Message(entry.index, ended=True))
            case Start.FAILED:
                self._close(entry, Message(entry.index, ended=True, error=answer.text))

    def _wait_for_others(self) -> None:
        """Nothing is left to start here, and other drivers have jobs: wait for them, or leave them."""
        if not self.claims.waits:
            for entry, message in self._held.leave():
                self._close(entry, message)
        elif (note := self._held.note()) is not None:
            self._undelivered.append(note)

    def _start(self, entry: Entry, second: Job | None = None, not_on: Collection[str] = ()) -> None:
        copy = Copy(entry, second or entry.job, second is not None)
        self._copies[self.engine.submit(copy.job, not_on)] = copy
        entry.copies.append(copy)

    def _take(self, message: Message) -> None:
        """A message of the engine's."""
        copy = self._copies.get(message.index)
        if copy is None:
            return
        now = time.monotonic()
        if message.note is not None:
            self._undelivered.append(Message(copy.entry.index, note=message.note))
            return
        if message.ended:
            del self._copies[message.index]
            copy.entry.copies.remove(copy)
            self._end_copy(copy, message, now)
            return
        copy.note(message, now)
        copy.machine = copy.machine or self.engine.machine(message.index)
        if copy.second:
            copy.records.extend(message.records)
        else:
            self._undelivered.append(copy.entry.forward(message, message.records))

    def _end_copy(self, copy: Copy, message: Message, now: float) -> None:
        """The first copy that does its work ends the job. One that fails or dies does so only where no other runs."""
        entry = copy.entry
        if message.lost is None and message.error is None:
            self._pace.add(copy, now)
            note = self._settle(entry)
            if note is not None:
                self._undelivered.append(Message(entry.index, note=note))
            self._end(entry, entry.forward(message, (*copy.records, *message.records)))
        elif entry.copies:
            return
        elif message.lost is None:
            self._end(entry, entry.forward(message, message.records))
        else:
            self._lose(entry, message)

    def _settle(self, entry: Entry) -> str | None:
        """End the other copies of a job that is done; returns what there is to say of their results."""
        for index, other in [(i, c) for i, c in self._copies.items() if c.entry is entry]:
            self.engine.cancel(index)
            del self._copies[index]
            entry.copies.remove(other)
        if not entry.twice or (second := entry.job.second()) is None:
            return None
        return second_copies.settle(entry.job, second)

    def _lose(self, entry: Entry, message: Message) -> None:
        """A job's last worker has died: it is tried again, or has failed."""
        assert message.lost is not None
        if message.node:
            entry.nodes_lost += 1
            if entry.nodes_lost < MOST_NODES:
                self._suspects.append(entry)
                self._undelivered.append(Message(entry.index, lost=message.lost, node=True))
                return
        entry.lost.append(message.lost)
        if len(entry.lost) < MOST_WORKERS and not message.node:
            self._suspects.append(entry)
            self._undelivered.append(Message(entry.index, lost=message.lost))
            return
        self._end(entry, Message(entry.index, ended=True, error=self._given_up(entry, message)))

    def _given_up(self, entry: Entry, message: Message) -> str:
        if message.node:
            return f"it lost {MOST_NODES} nodes, the last of which {message.lost}"
        first, last = entry.lost
        before = f"the same as before, {last}" if first == last else f"{last}; before, it {first}"
        alone = ", the second time alone" if self.engine.one_machine else ""
        return f"its worker died twice{alone}: {before}"

    def _end(self, entry: Entry, message: Message) -> None:
        if entry.twice and (second := entry.job.second()) is not None:
            second_copies.discard(second.path)
        self.claims.release(entry.job, message.error)
        self._close(entry, message)

    def _close(self, entry: Entry, message: Message) -> None:
        self._open.remove(entry)
        self._undelivered.append(message)

    def _end_what_hangs(self, now: float) -> None:
        """Cancel copies that run longer than a job may; where none is left the job has failed."""
        if self.timeout_s is None:
            return
        for index, copy in list(self._copies.items()):
            if copy.started_s is not None and now - copy.started_s > self.timeout_s:
                self.engine.cancel(index)
                error = f"it ran longer than the {self.timeout_s:g} s of --cell-timeout, and was ended"
                self._take(Message(index, ended=True, error=error))

    def _copy_slow_jobs(self, now: float) -> None:
        """Start second copies of slow jobs on other machines, where slots are free and nothing waits."""
        free = self.engine.slots - len(self._copies)
        if self._waiting or self._suspects or free <= 0:
            return
        stragglers, slow = self._pace.stragglers(self._copies.values(), now)
        movable = [
            (s, s.copy.machine) for s in stragglers if s.copy.machine and self.engine.elsewhere({s.copy.machine})
        ]
        for straggler, machine in movable[:free]:
            entry = straggler.copy.entry
            entry.twice = True
            if (second := second_copies.prepare(entry.job)) is None:
                continue
            self._start(entry, second, {machine, *slow} if self.engine.elsewhere({machine, *slow}) else {machine})
            self._undelivered.append(Message(entry.index, note=f"{straggler.why}; a second copy begins"))
