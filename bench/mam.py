"""``datasouk.mam`` against the original ``@iota/mam.js``: ``python -m bench.mam [--rounds 7] [--json]``.

Creates and parses restricted messages of 200 ASCII characters (400 trytes, count 1) at security 1 to 3, the two sides
taking turns on the same inputs, one at a time. Four operations:

create, cold            new seed and side key: both trees of the message have to be computed
create, next message    a running channel, whose current leaf was the previous message's next leaf
create, same seed       a new channel with a new side key over the same seed, from start 0: the marketplace's pattern
parse                   a message never seen before

mam.js keeps no leaves, so that its three creates are one and the same work. Each side takes its own time (ns) inside
its own process. What one side makes the other has to read, and the payloads have to be equal; if not, the exit code
is 1.

Then the time that an import takes, and the peak memory of a process that makes and reads a message of 20 KB.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import string
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from tests.peers import NodeProcess, PeerError, find_node, install, run_node

from bench import PEER_SCRIPTS, describe_environment, format_ratio, format_table
from datasouk import mam

if TYPE_CHECKING:
    from collections.abc import Sequence

PEER_PACKAGE = "@iota/mam.js"
PEER_SCRIPT = PEER_SCRIPTS / "mam_bench.mjs"

SECURITIES = (1, 2, 3)
TEXT_LENGTH = 200  # characters; two trytes each
LARGE_TEXT_LENGTH = 20 * 1024
OURS_PER_PEER = 3  # messages we make for each that mam.js makes, which takes it half a second
WARM_UP_ROUNDS = 2  # after that V8 has compiled mam.js
PROCESS_STARTS = 15
PEER_TIMEOUT_SECONDS = 120.0

COLD, NEXT, SAME_SEED, PARSE = "create, cold", "create, next message", "create, same seed", "parse"
OPERATIONS = (COLD, NEXT, SAME_SEED, PARSE)

# Not ru_maxrss on Linux: there it starts with the memory that the parent had when it started the process.
MEMORY_PROGRAM = """
import json, pathlib, re, resource, sys
from datasouk import mam

request = json.load(sys.stdin)
channel = mam.Channel(request["seed"], security=request["security"], side_key=request["sideKey"])
made = channel.create_message(request["trytes"])
parsed = mam.parse(made.payload, made.root, side_key=request["sideKey"])
if sys.platform == "linux":
    peak_kib = int(re.search(r"VmHWM:\\s*(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1])
else:
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
print(json.dumps({"peak_kib": peak_kib, "is_correct": parsed.message == request["trytes"]}))
"""


@dataclass(frozen=True)
class Request:
    """A message to create; ``start`` is the number of its leaf."""

    seed: str
    security: int
    side_key: str
    start: int
    trytes: str
    channel_is_open: bool = False  # then making the channel does not belong to the measured time

    def to_json(self) -> dict[str, Any]:
        """In the spelling of mam.js."""
        return {
            "seed": self.seed,
            "security": self.security,
            "sideKey": self.side_key,
            "start": self.start,
            "trytes": self.trytes,
            "channelIsOpen": self.channel_is_open,
        }


@dataclass(frozen=True)
class Made:
    """What creating a message gave; all in trytes."""

    payload: str
    root: str
    next_root: str


@dataclass
class Samples:
    """Times of one operation at one security, in nanoseconds."""

    ours_ns: list[int] = field(default_factory=list)
    peer_ns: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Row:
    """One line of the result; ``ratio`` says how many times less datasouk needs than mam.js."""

    name: str
    ratio: float
    peer: float
    ours: float
    unit: str
    samples: str


class Comparison:
    """Both sides at work; collects their times and every difference between them."""

    def __init__(self, node: NodeProcess) -> None:
        """Open one running channel and choose one seed to be used again, for each security."""
        self._node = node
        self._is_measuring = False
        self._reused_seed = {security: mam.generate_seed() for security in SECURITIES}
        self._running_seed = {security: mam.generate_seed() for security in SECURITIES}
        self._running_key = {security: mam.generate_seed() for security in SECURITIES}
        self._running_start = dict.fromkeys(SECURITIES, 0)
        self._running = {
            security: mam.Channel(self._running_seed[security], security=security, side_key=self._running_key[security])
            for security in SECURITIES
        }
        self.samples = {(operation, security): Samples() for operation in OPERATIONS for security in SECURITIES}
        self.checks = 0
        self.differences: list[str] = []

    def run(self, rounds: int) -> None:
        """Let both sides warm up, then measure."""
        for number in range(-WARM_UP_ROUNDS, rounds):
            self._is_measuring = number >= 0
            for security in SECURITIES:
                for operation in (COLD, NEXT, SAME_SEED):
                    self._run_operation(operation, security)

    def _run_operation(self, operation: str, security: int) -> None:
        if operation in (NEXT, SAME_SEED):
            # Other seeds were at work since the last round: bring the leaf back to where it is between two packets.
            self._create_ours(self._request(operation, security))
        requests = [self._request(operation, security) for _ in range(OURS_PER_PEER)]
        for number, request in enumerate(requests):
            ours, ours_ns = self._create_ours(request)
            if self._is_measuring:
                self.samples[operation, security].ours_ns.append(ours_ns)
            if number == 0:
                answer = self._node.call("create", **request.to_json())
                peer = Made(answer["payload"], answer["root"], answer["nextRoot"])
                self._check(ours == peer, f"{operation}, security {security}: the messages made differ: {request}")
                if self._is_measuring:
                    self.samples[operation, security].peer_ns.append(answer["ns"])
                self._parse(request, peer)
            elif self._is_measuring or number == 1:
                self._parse(request, ours)

    def _request(self, operation: str, security: int) -> Request:
        trytes = mam.text_to_trytes(_random_text(TEXT_LENGTH))
        if operation == COLD:
            return Request(mam.generate_seed(), security, mam.generate_seed(), 0, trytes)
        if operation == SAME_SEED:
            return Request(self._reused_seed[security], security, mam.generate_seed(), 0, trytes)
        start = self._running_start[security]
        self._running_start[security] += 1
        seed, key = self._running_seed[security], self._running_key[security]
        return Request(seed, security, key, start, trytes, channel_is_open=True)

    def _create_ours(self, request: Request) -> tuple[Made, int]:
        before = time.perf_counter_ns()
        if request.channel_is_open:
            channel = self._running[request.security]
        else:
            channel = mam.Channel(request.seed, security=request.security, side_key=request.side_key)
        message = channel.create_message(request.trytes)
        ns = time.perf_counter_ns() - before
        return Made(message.payload, message.root, message.next_root), ns

    def _parse(self, request: Request, made: Made) -> None:
        """Let both sides read a message: one of mam.js, or one of ours."""
        expected = (request.trytes, made.next_root)
        samples = self.samples[PARSE, request.security]
        try:
            before = time.perf_counter_ns()
            parsed = mam.parse(made.payload, made.root, side_key=request.side_key)
            ours_ns = time.perf_counter_ns() - before
        except mam.MamError as error:
            self._check(False, f"datasouk refuses to parse: {error}: {request}")
        else:
            self._check((parsed.message, parsed.next_root) == expected, f"datasouk parses something else: {request}")
            if self._is_measuring:
                samples.ours_ns.append(ours_ns)
        try:
            answer = self._node.call("parse", payload=made.payload, root=made.root, sideKey=request.side_key)
        except PeerError as error:
            self._check(False, f"mam.js refuses to parse: {error}: {request}")
        else:
            self._check((answer["message"], answer["nextRoot"]) == expected, f"mam.js parses something else: {request}")
            if self._is_measuring:
                samples.peer_ns.append(answer["ns"])

    def _check(self, is_right: bool, difference: str) -> None:
        self.checks += 1
        if not is_right:
            self.differences.append(difference)

    def rows(self) -> list[Row]:
        """Medians and their ratios; an operation that always failed has no row."""
        rows = []
        for (operation, security), samples in self.samples.items():
            if samples.ours_ns and samples.peer_ns:
                ours, peer = statistics.median(samples.ours_ns) / 1e6, statistics.median(samples.peer_ns) / 1e6
                counts = f"{len(samples.peer_ns)}/{len(samples.ours_ns)}"
                rows.append(Row(f"{operation}, security {security}", peer / ours, peer, ours, "ms", counts))
        return rows


def measure_import() -> Row:
    """Time to import the library: a process that does, minus one that does nothing, in turns."""
    tools, peers = find_node(), install()
    node, python = str(tools.node), [sys.executable, "-I", "-c"]
    commands = {
        "peer": [node, "-e", f"require('{PEER_PACKAGE}')"],
        "bare peer": [node, "-e", "0"],
        "ours": [*python, "import datasouk.mam"],
        "bare ours": [*python, "pass"],
    }
    times_ns: dict[str, list[int]] = {name: [] for name in commands}
    for number in range(PROCESS_STARTS + 1):
        for name, command in commands.items():
            before = time.perf_counter_ns()
            subprocess.run(command, check=True, cwd=peers, env=tools.environment())
            if number > 0:  # the first one reads files from the disk and compiles them
                times_ns[name].append(time.perf_counter_ns() - before)
    medians = {name: statistics.median(times) / 1e6 for name, times in times_ns.items()}
    peer, ours = (medians[name] - medians[f"bare {name}"] for name in ("peer", "ours"))
    ours = max(ours, 0.001)
    return Row("import", peer / ours, peer, ours, "ms", f"{PROCESS_STARTS}/{PROCESS_STARTS}")


def measure_memory() -> tuple[Row, bool]:
    """Peak memory of a process that creates and parses a large message, and whether both read it back rightly."""
    trytes = mam.text_to_trytes(_random_text(LARGE_TEXT_LENGTH))
    request = json.dumps(Request(mam.generate_seed(), 2, mam.generate_seed(), 0, trytes).to_json())
    command = [sys.executable, "-I", "-c", MEMORY_PROGRAM]
    done = subprocess.run(command, input=request, capture_output=True, text=True, check=True)
    ours = json.loads(done.stdout)
    peer = json.loads(run_node(PEER_SCRIPT, "memory", input=request, timeout_seconds=PEER_TIMEOUT_SECONDS))
    ours_mb, peer_mb = (side["peak_kib"] * 1024 / 1e6 for side in (ours, peer))
    row = Row("peak memory, message of 20 KB", peer_mb / ours_mb, peer_mb, ours_mb, "MB", "1/1")
    return row, ours["is_correct"] and peer["is_correct"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit code: 1 if the two sides disagreed anywhere."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.mam", description=f"Measure datasouk.mam and {PEER_PACKAGE}."
    )
    parser.add_argument("--rounds", type=int, default=7, help="how many times to measure everything (default: 7)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    environment = describe_environment(PEER_PACKAGE)
    memory, memory_is_correct = measure_memory()
    with NodeProcess(PEER_SCRIPT, timeout_seconds=PEER_TIMEOUT_SECONDS) as node:
        comparison = Comparison(node)
        comparison.run(options.rounds)
    rows = [*comparison.rows(), measure_import(), memory]
    differences = comparison.differences + ([] if memory_is_correct else ["the message of 20 KB is not read back"])
    checks = comparison.checks + 1
    if options.json:
        result = {"benchmark": "mam", "environment": environment, "rows": [asdict(row) for row in rows]}
        print(json.dumps(result | {"checks": checks, "differences": differences}, indent=2))
    else:
        _print_report(environment, rows, checks, differences)
    return 1 if differences else 0


def _print_report(environment: dict[str, str], rows: list[Row], checks: int, differences: list[str]) -> None:
    for name, value in environment.items():
        print(f"{name:<14}{value}")
    print("\nRatio: how many times less datasouk needs than mam.js. Medians; samples are mam.js/datasouk.\n")
    cells = [
        (row.name, format_ratio(row.ratio), f"{row.peer:.2f} {row.unit}", f"{row.ours:.2f} {row.unit}", row.samples)
        for row in rows
    ]
    print(format_table(("operation", "ratio", "mam.js", "datasouk", "samples"), cells))
    print(f"\n{checks} cross-checks, {len(differences)} differences")
    for difference in differences:
        print(f"DIFFERENT: {difference}")


def _random_text(length: int) -> str:
    return "".join(random.choices(string.printable[:95], k=length))


if __name__ == "__main__":
    sys.exit(main())
