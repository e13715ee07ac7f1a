import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.running import TIMEOUT_SECONDS, run

from datasouk import __version__, cli
from datasouk.cli.errors import CannotDo, WrongCall
from datasouk.mam import RootMismatch

PROGRAM = [sys.executable, "-m", "datasouk"]


def test_version_is_printed() -> None:
    ended = run("--version")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"datasouk {__version__}\n", "")


def test_installed_command_is_the_same_as_the_module() -> None:
    command = Path(sys.executable).with_name("datasouk")
    assert subprocess.run([command, "--version"], capture_output=True).stdout == f"datasouk {__version__}\n".encode()


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_version_and_help_import_no_command_and_no_library(argument: str) -> None:
    code = f"import sys; from datasouk.cli import main; main([{argument!r}]); print(*sys.modules, file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    ours = {name for name in ended.stderr.split() if name.startswith("datasouk")}
    assert ours == {"datasouk", "datasouk.cli", "datasouk.cli.main", "datasouk.errors"}


@pytest.mark.parametrize(
    "arguments", [(), ("nonsense",), ("--nonsense",), ("--vers",), ("mam",), ("mam", "nonsense"), ("demo", "nonsense")]
)
def test_wrong_arguments_end_with_code_2_and_a_usage_line(arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("usage: datasouk")


@pytest.mark.parametrize("arguments", [("--help",), ("mam", "--help"), ("mam", "create", "--help"), ("demo", "--help")])
def test_help_is_an_answer_not_an_error(arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"usage: {' '.join(('datasouk', *arguments[:-1]))}")


def test_missing_file_ends_with_code_1_and_one_line(tmp_path: Path) -> None:
    ended = run("mam", "root", "--file", str(tmp_path / "missing.json"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert re.fullmatch(r"datasouk: cannot read \S+missing.json: No such file or directory\n", ended.stderr)


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (RootMismatch("no such\nroot"), 1, "datasouk: RootMismatch: no such root\n"),
        (CannotDo("the disk is full"), 1, "datasouk: the disk is full\n"),
        (WrongCall("the field 'x' is missing"), 2, "datasouk: the field 'x' is missing\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_each_error_has_its_code_and_its_line(
    error: BaseException,
    code: int,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr("datasouk.cli.tour._run", fail)
    assert cli.main(["mam", "tour"]) == code
    assert capsys.readouterr() == ("", line)


def test_a_mistake_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("datasouk.cli.tour._run", fail)
    with pytest.raises(ZeroDivisionError):
        cli.main(["mam", "tour"])


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes of this kind")
@pytest.mark.parametrize("arguments", [["mam", "tour"], ["--help"], ["mam", "--help"]])
def test_a_reader_that_goes_away_ends_the_command_quietly(arguments: list[str]) -> None:
    with subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == b""
        assert process.wait(TIMEOUT_SECONDS) in (0, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_ends_with_code_1_and_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run([*PROGRAM, "mam", "tour"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert ended.returncode == 1
    assert re.fullmatch(r"datasouk: .*No space left on device\n", ended.stderr)


@pytest.mark.skipif(sys.platform == "win32", reason="no signals of this kind")
def test_interrupt_ends_with_code_130_and_no_traceback() -> None:
    with subprocess.Popen(
        [*PROGRAM, "mam", "root"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        # More than a pipe holds: once all of it is written the process has begun to read, so it is past its imports.
        process.stdin.write(b" " * 1_000_000)
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    assert (process.returncode, output, errors) == (130, b"", b"")
