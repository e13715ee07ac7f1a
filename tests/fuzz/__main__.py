"""Run fuzz targets with atheris: ``python -m tests.fuzz SECONDS [TARGET ...]``.

Each target runs in a process of its own, for so many seconds, and keeps the inputs that taught it something in
``.fuzz/<target>/corpus`` for the next time.  Exit codes: 0 nothing found; 1 a finding, whose input is kept beside the
corpus; 2 called wrongly, or atheris is not installed.
"""

import argparse
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.fuzz import Target, find_targets

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".fuzz"

LONGEST_INPUT_BYTES = 8192
SLOWEST_INPUT_SECONDS = 20
MOST_MEMORY_MB = 1024
START_AND_END_SECONDS = 120  # instrumenting and a last slow input take their time; behind that it hangs
OUTPUT_SHOWN_CHARACTERS = 4000


def main() -> int:
    """Run the targets asked for, all of them unless some are named."""
    targets = find_targets()
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Feed hostile input to every parser.")
    parser.add_argument("seconds", type=int, help="how long to run each target")
    parser.add_argument("target", nargs="*", help=f"of {', '.join(targets)}; all if none is named")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.seconds < 1:
        parser.error(f"seconds must be 1 or more, it is {arguments.seconds}")
    if unknown := [name for name in arguments.target if name not in targets]:
        parser.error(f"there is no target {unknown[0]}, there are {', '.join(targets)}")
    if importlib.util.find_spec("atheris") is None:
        sys.stderr.write("Fuzzing needs atheris, which is not installed here: it exists for Linux on x86-64 alone.\n")
        return 2
    chosen = [targets[name] for name in arguments.target or targets]
    if arguments.here:
        return _run_here(chosen[0], arguments.seconds)
    # A list, not a generator: all of them run, whatever the first finds.
    return max([_run_apart(target, arguments.seconds) for target in chosen])


def _run_apart(target: Target, seconds: int) -> int:
    """Run a target in its own process and say in a line how it went."""
    corpus = FOLDER / target.name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        (corpus / hashlib.sha256(seed).hexdigest()[:40]).write_bytes(seed[:LONGEST_INPUT_BYTES])
    command = [sys.executable, "-m", "tests.fuzz", str(seconds), target.name, "--here"]
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds + START_AND_END_SECONDS,
        )
    except subprocess.TimeoutExpired:
        _say(f"{target.name}: FOUND an input that does not come to an end within {START_AND_END_SECONDS} s")
        return 1
    output = done.stdout + done.stderr
    if done.returncode:
        _say(f"{target.name}: FOUND something (exit code {done.returncode}), its input is in {FOLDER / target.name}")
        _say(output[-OUTPUT_SHOWN_CHARACTERS:])
        return 1
    runs = re.search(r"Done (\d+) runs in (\d+) second", output)
    covered = re.findall(r"cov: (\d+)", output)
    _say(
        f"{target.name}: nothing found in {runs[1] if runs else '?'} inputs and {runs[2] if runs else seconds} s, "
        f"{covered[-1] if covered else '?'} branches seen, {len(list(corpus.iterdir()))} inputs kept"
    )
    return 0


def _run_here(target: Target, seconds: int) -> int:
    """Hand the target to atheris; returns only in so far as libFuzzer ends the process."""
    import atheris

    # The target's module is loaded already, and so is what it tests: instrument what is there.
    for name, module in sorted(sys.modules.items()):
        if name.startswith("datasouk.") and module.__spec__ is not None:
            for function in _functions_of(module):
                atheris.instrument_func(function)
    folder = FOLDER / target.name
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST_INPUT_BYTES}",
        f"-timeout={SLOWEST_INPUT_SECONDS}",
        f"-rss_limit_mb={MOST_MEMORY_MB}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(folder / "corpus")], target.run)
    atheris.Fuzz()
    return 0


def _functions_of(module: object) -> list[object]:
    """Functions and methods that a module defines itself."""
    found: list[object] = []
    for value in vars(module).values():
        if getattr(value, "__module__", None) != getattr(module, "__name__", None):
            continue
        members = vars(value).values() if isinstance(value, type) else [value]
        found += [member for member in members if hasattr(member, "__code__")]
    return found


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
