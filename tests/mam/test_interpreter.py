"""What ``datasouk.mam`` asks of the interpreter it runs in: the standard library, and little memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import datasouk

SOURCES = str(Path(datasouk.__file__).parents[1])

IMPORTS = """
import sys
before = set(sys.modules)
sys.path.insert(0, sys.argv[1])
import datasouk.mam
print(*sorted(set(sys.modules) - before))
"""

MEMORY = """
import json, re, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from datasouk import mam

trytes = mam.ascii_to_trytes("0123456789abcdef" * 1280)
sizes = {}
for security in (1, 2, 3):
    channel = mam.Channel("M" * 81, security=security, side_key="KEY")
    message = channel.create_message(trytes)
    assert mam.parse(message.payload, message.root, side_key="KEY").message == trytes
    assert mam.unpack(mam.pack(message)) == ("", message.payload)
    peak_kib = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())
    sizes[security] = int(peak_kib[1])
print(json.dumps(sizes))
"""


def run(program: str) -> str:
    """What a program prints in an interpreter that sees no packages and no settings of ours."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, SOURCES], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_it_pulls_in_the_standard_library_alone() -> None:
    loaded = run(IMPORTS).split()
    assert "datasouk.mam" in loaded
    roots = {name.partition(".")[0] for name in loaded}
    assert roots - sys.stdlib_module_names == {"datasouk"}


def test_importing_it_pulls_in_no_other_package_of_ours() -> None:
    loaded = [name for name in run(IMPORTS).split() if name.startswith("datasouk.")]
    assert {name.split(".")[1] for name in loaded} == {"errors", "mam", "ternary"}


def test_importing_it_reaches_for_no_network() -> None:
    assert not {"socket", "ssl", "asyncio", "http", "http.client", "subprocess"} & set(run(IMPORTS).split())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_a_message_of_20_kilobytes_stays_below_64_megabytes() -> None:
    peaks_kib = json.loads(run(MEMORY))
    assert set(peaks_kib) == {"1", "2", "3"}
    assert max(peaks_kib.values()) < 64 * 1024
