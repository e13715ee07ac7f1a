"""``datasouk demo``: a marketplace to try, with an account, a device, and five curl lines that work when pasted.

The marketplace is the one of ``datasouk serve``, in a folder of its own.  As soon as it accepts connections, a thread
beside it does what a newcomer would have to do first, over HTTP as any client does: it makes the account (once; the
file ``demo-account.json`` keeps it for the next start), registers a device, and publishes one encrypted reading on the
ledger.  If that fails, the marketplace is stopped and the command fails.
"""

import argparse
import dataclasses
import json
import os
import shlex
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasouk.cli.errors import CannotDo

if TYPE_CHECKING:
    from datasouk.settings import Settings

__all__ = ["ACCOUNT_FILE", "DemoAccount", "configure", "curl_lines", "load_account", "save_account"]

ACCOUNT_FILE = "demo-account.json"
_EMAIL = "demo@example.org"
_TAG = "DEMO"
_TIMEOUT_SECONDS = 60.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is listened on, and where that is found.

_DESCRIPTION = """\
Start a marketplace to try, in the foreground, until SIGTERM or Ctrl-C: with a demo account and a
demo device, and with the approval of devices switched off. It prints the account's user id and
API key, and five curl lines that work as they are.

The account is kept in --data-dir for the next start. Delete that folder to begin anew."""


@dataclasses.dataclass(frozen=True, slots=True)
class DemoAccount:
    """The account's credentials, both secret."""

    user_id: str = dataclasses.field(repr=False)
    api_key: str = dataclasses.field(repr=False)


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = _DESCRIPTION
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on; 0 takes any that is free (default: 8000)")
    parser.add_argument("--data-dir", default="demo-data", help="the folder with all state (default: ./demo-data)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from datasouk.app import serve_market
    from datasouk.serving import run
    from datasouk.settings import read_settings

    given: dict[str, object] = {"host": arguments.host, "port": arguments.port, "data_dir": arguments.data_dir}
    given |= {"device_approval": False, "node": "embedded"}
    if "DATASOUK_LOG_LEVEL" not in os.environ:
        given["log_level"] = "error"  # The lines to paste should not drown.
    demo = _Demo(read_settings(given=given))
    run(lambda: serve_market(demo.settings, ready=demo.begin))
    if demo.failure is not None:
        raise demo.failure


class _Demo:
    """What happens beside the server, in a thread, since the server must answer meanwhile."""

    def __init__(self, settings: "Settings") -> None:
        self.settings = settings
        self.failure: Exception | None = None

    def begin(self, port: int) -> None:
        """Start the thread; it does not keep the process alive."""
        host = _EVERYWHERE.get(self.settings.host, self.settings.host)
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        threading.Thread(target=self._prepare, args=(url,), name="demo", daemon=True).start()

    def _prepare(self, url: str) -> None:
        try:
            _show(url, self.settings.folder)
        except Exception as error:  # noqa: BLE001 - whatever it is, the main thread raises it.
            self.failure = error
            os.kill(os.getpid(), signal.SIGTERM)  # The server ends as it always does.


def _show(url: str, folder: Path) -> None:
    """Prepare everything, then print what a newcomer needs; all at once, so that a reader of a pipe sees it whole."""
    account = load_account(folder)
    if account is None:
        account = _make_account(folder)
        save_account(folder, account)
    # Named after the account: a folder whose account file was deleted still has the former account's device.
    device_id = f"demo-{_handle_of(url, account)[:6].lower()}"
    secret = _register(url, account, device_id)
    lines = curl_lines(url, account, device_id=device_id, secret=secret, packet=_publish(url))
    text = [
        f"datasouk demo ready: {url}",
        "",
        f"user id:  {account.user_id}",
        f"API key:  {account.api_key}",
        f"Both are kept in {folder / ACCOUNT_FILE}. Paste these into another terminal:",
    ]
    for number, (what, line) in enumerate(lines, start=1):
        text += ["", f"# {number}. {what}", line]
    print("\n".join([*text, "", "Ctrl-C ends it."]), flush=True)


def load_account(folder: Path) -> DemoAccount | None:
    """The account of an earlier start; None if there was none.

    Raises:
        CannotDo: The file is there, and is not what `save_account` writes.
    """
    path = folder / ACCOUNT_FILE
    try:
        kept = json.loads(path.read_text("utf-8"))
        user_id, api_key = kept["userId"], kept["apiKey"]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise CannotDo(f"{path} is damaged: delete it, and the next start makes a new account") from None
    return DemoAccount(user_id, api_key)


def save_account(folder: Path, account: DemoAccount) -> None:
    """Keep the account; the file is complete and readable by its owner alone from the first moment on."""
    unfinished = folder / f"{ACCOUNT_FILE}.new"
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps({"userId": account.user_id, "apiKey": account.api_key}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / ACCOUNT_FILE)


def curl_lines(
    url: str, account: DemoAccount, *, device_id: str, secret: str, packet: dict[str, Any]
) -> list[tuple[str, str]]:
    """What each line does, and the line.

    Args:
        url: Of the marketplace.
        account: Who pastes them.
        device_id: A device of the account.
        secret: Of this device, 64 hex digits.
        packet: To hand in: time, root, side key and message id.
    """
    asked = f"{url}/stream?deviceId={device_id}&userId={account.user_id}&time=null"
    return [
        ("All devices", _curl(f"{url}/devices")),
        ("A wallet with free tokens", _curl(f"{url}/wallet", {"userId": account.user_id})),
        (
            "A device of your own; 'sk' is its secret",
            _curl(f"{url}/newDevice", _registration(account, f"my-{device_id}", "My sensor")),
        ),
        (
            "The demo device hands in the keys of a reading that lies encrypted on the ledger",
            _curl(f"{url}/newData", {"id": device_id, "sk": secret, "packet": packet}),
        ),
        ("Its stream: the keys of all its readings", _curl(asked)),
    ]


def _curl(url: str, body: dict[str, Any] | None = None) -> str:
    if body is None:
        return f"curl -sS {shlex.quote(url)}"
    return f"curl -sS {shlex.quote(url)} -H 'Content-Type: application/json' -d {shlex.quote(json.dumps(body))}"


def _registration(account: DemoAccount, device_id: str, kind: str) -> dict[str, Any]:
    device = {
        "owner": account.user_id,
        "sensorId": device_id,
        "type": kind,
        "company": "datasouk demo",
        "price": 1000,
        "dataTypes": [{"id": "temperature", "name": "Temperature", "unit": "C"}],
        "location": {"city": "Berlin", "country": "Germany"},
        "lat": 52.52,
        "lon": 13.4,
    }
    return {"apiKey": account.api_key, "id": device_id, "device": device}


def _make_account(folder: Path) -> DemoAccount:
    from datasouk.admin import ask_server

    answer = ask_server(folder, {"command": "create", "email": _EMAIL, "role": "user"})
    if answer is None or not isinstance(answer[0], dict):
        raise CannotDo("the marketplace does not make an account")
    return DemoAccount(answer[0]["userId"], answer[0]["apiKey"])


def _handle_of(url: str, account: DemoAccount) -> str:
    """The account's public name.

    Raises:
        CannotDo: The marketplace does not know the account.
    """
    user = _ask(f"{url}/user?userId={account.user_id}")
    if not isinstance(user, dict) or not user.get("handle"):
        raise CannotDo(
            f"the marketplace does not know the account in {ACCOUNT_FILE}: "
            "delete this file, and the next start makes a new account"
        )
    return str(user["handle"])


def _register(url: str, account: DemoAccount, device_id: str) -> str:
    """Register the demo's device, unless it is there; returns its secret."""
    own = _ask(f"{url}/devices?userId={account.user_id}", key=account.api_key)
    for device in own:
        if device["sensorId"] == device_id:
            return str(device["sk"])
    answer = _ask(f"{url}/newDevice", _registration(account, device_id, "Demo weather station"))
    if "sk" not in answer:
        raise CannotDo(f"the demo's device cannot be registered: {answer.get('error')}")
    return str(answer["sk"])


def _publish(url: str) -> dict[str, Any]:
    """Publish a reading on the ledger, in a channel of its own; returns the packet for its device's stream."""
    from datasouk import mam
    from datasouk.client.node import NodeClient

    time_ms = time.time_ns() // 1_000_000
    side_key = mam.generate_seed()
    channel = mam.Channel(mam.generate_seed(), mode="restricted", side_key=side_key)
    message = channel.create_message(mam.json_to_trytes({"time": time_ms, "data": {"temperature": 21.5}}))
    with NodeClient(url) as node:
        message_id = node.submit_data(mam.ledger_index(message.address), mam.pack(message, _TAG))
    return {"time": time_ms, "root": message.root, "sidekey": side_key, "messageId": message_id.hex()}


def _ask(url: str, body: dict[str, Any] | None = None, *, key: str | None = None) -> Any:
    """Ask the marketplace, and return its answer, whatever its status."""
    from urllib.error import HTTPError
    from urllib.request import ProxyHandler, Request, build_opener

    request = Request(url, headers={"Content-Type": "application/json"})  # noqa: S310 - our own address.
    if key is not None:
        request.add_header("Authorization", f"Bearer {key}")
    if body is not None:
        request.data = json.dumps(body).encode()
    try:
        # A proxy of the environment is for other addresses than this machine's.
        with build_opener(ProxyHandler({})).open(request, timeout=_TIMEOUT_SECONDS) as answer:
            return json.load(answer)
    except HTTPError as error:
        with error:
            raise CannotDo(
                f"the marketplace answers {error.code}: {error.read(500).decode(errors='replace')}"
            ) from None
