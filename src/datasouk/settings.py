"""What an operator may set, read once: environment variables ``DATASOUK_*`` over a TOML file over defaults.

A setting ``default_price`` is ``DATASOUK_DEFAULT_PRICE`` in the environment and ``default_price`` in the file.  A name
that is not known is refused, as a misspelt setting would silently be none.  ``docs/reference/settings.md`` lists them,
checked by a test.  Only `datasouk.app` and `datasouk.cli` import this file, and nothing else reads the environment.
"""

import dataclasses
import difflib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datasouk.errors import DatasoukError

__all__ = ["CONFIG_VARIABLE", "InvalidSetting", "Settings", "read_settings"]

PREFIX = "DATASOUK_"
CONFIG_VARIABLE = "DATASOUK_CONFIG"
"""Names the TOML file; the one thing in the environment that is no setting."""
_SUPPLY_IOTA = 2_779_530_283_277_761
_MIN_FUNDING_IOTA = 1_000_000
_EMBEDDED = "embedded"
_SWITCHES = {"1": True, "on": True, "true": True, "yes": True, "0": False, "off": False, "false": False, "no": False}


class InvalidSetting(DatasoukError):
    """A setting is unknown, or its value is; the text never shows the value of a secret."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} {why}")
        self.name = name


def _choice(default: str, *others: str) -> Any:
    return field(default=default, metadata={"choices": (default, *others)})


def _number(default: float, least: float, most: float = _SUPPLY_IOTA) -> Any:
    return field(default=default, metadata={"least": least, "most": most})


def _secret() -> Any:
    return field(default="", repr=False, metadata={"secret": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything; ``docs/reference/settings.md`` says what each means."""

    # Where
    host: str = "127.0.0.1"
    port: int = _number(8000, 0, 65_535)
    data_dir: str = "datasouk-data"
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    # Store and secrets
    database: str = ""
    secret_key: str = _secret()
    # Ledger
    node: str = _EMBEDDED
    network: str = "datasouk"
    bech32_hrp: str = "atoi"
    mqtt_port: int = _number(0, 0, 65_535)
    node_faucet: bool = False
    max_index_results: int = _number(10_000, 1, 1_000_000)
    # Marketplace
    default_price: int = _number(1000, 0)
    devices_per_user: int = _number(5, 0, 1_000_000)
    device_approval: bool = True
    consumption_auth: str = _choice("", "capability", "key")
    accept_capability_risk: bool = False
    query_keys: str = _choice("allow", "deny")
    public_settings: Mapping[str, Any] = field(default_factory=dict)
    # Money
    wallet_funding: int = _number(1_000_000, _MIN_FUNDING_IOTA)
    fundings_per_day: int = _number(100, 0, 1_000_000)
    funding_alarm_per_day: int = _number(10_000_000_000, 0)
    operator_low: int = _number(1_000_000_000, 0)
    faucet_amount: int = _number(1_000_000, _MIN_FUNDING_IOTA)
    spending_per_purchase: int = _number(1_000_000, 0)
    spending_per_day: int = _number(10_000_000, 0)
    settlement_timeout: float = _number(30.0, 0.1, 3600)
    # Limits
    rate_limits: bool = True
    rate_requests: int = _number(6000, 1)
    rate_refusals: int = _number(300, 1)
    rate_changes: int = _number(600, 1)
    rate_gifts: int = _number(120, 1)
    connections: int = _number(8192, 16, 1_000_000)
    connections_per_address: int = _number(4096, 1, 1_000_000)
    header_seconds: float = _number(5.0, 0.1, 600)
    body_seconds: float = _number(10.0, 0.1, 600)
    captcha: str = _choice("off", "test", "altcha")
    captcha_difficulty: int = _number(200_000, 1, 100_000_000)
    # Operation
    smtp_url: str = _secret()
    mail_from: str = ""
    mail_to: str = ""
    log_level: str = _choice("info", "debug", "warning", "error")
    log_requests: bool = False
    metrics: bool = True

    def __post_init__(self) -> None:
        """Hold settings against each other.

        Raises:
            InvalidSetting: Two do not go together.
        """
        if not self.is_embedded and not self.node.startswith(("http://", "https://")):
            raise InvalidSetting(f"{PREFIX}NODE", f"must be {_EMBEDDED}, or a URL that begins with http:// or https://")
        if not self.is_embedded and self.consumption_auth == "capability" and not self.accept_capability_risk:
            raise InvalidSetting(
                f"{PREFIX}CONSUMPTION_AUTH",
                "is capability with an external node: whoever learns a user id could spend what its wallet holds. "
                f"Leave it out (key), or set {PREFIX}ACCEPT_CAPABILITY_RISK=1",
            )
        if self.smtp_url and not (self.mail_from and self.mail_to):
            raise InvalidSetting(f"{PREFIX}SMTP_URL", f"needs {PREFIX}MAIL_FROM and {PREFIX}MAIL_TO")

    @property
    def is_embedded(self) -> bool:
        """Whether the node runs in this process."""
        return self.node == _EMBEDDED

    @property
    def folder(self) -> Path:
        """The data folder."""
        return Path(self.data_dir)

    @property
    def needs_key(self) -> bool:
        """Whether buying and reading need the API key (D2): by default where tokens have a value."""
        return self.consumption_auth == "key" or (not self.consumption_auth and not self.is_embedded)


_FIELDS = {each.name: each for each in dataclasses.fields(Settings)}


def read_settings(
    environment: Mapping[str, str] | None = None,
    *,
    config: Path | None = None,
    given: Mapping[str, object] | None = None,
) -> Settings:
    """Read all settings.

    Args:
        environment: None: that of this process.
        config: A TOML file; None: the one that ``DATASOUK_CONFIG`` names, if it does.
        given: What the command line says; it comes before everything else.

    Raises:
        InvalidSetting: A name or a value is not known.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    file = config or (Path(environment[CONFIG_VARIABLE]) if environment.get(CONFIG_VARIABLE) else None)
    if file is not None:
        for name, value in _read_file(file).items():
            known = _known(name, f"{name} in {file}", _FIELDS)
            values[known] = _from_file(known, value)
    variables = {f"{PREFIX}{name.upper()}": name for name in _FIELDS}
    for variable, text in environment.items():
        if variable.startswith(PREFIX) and variable != CONFIG_VARIABLE:
            name = variables[_known(variable, variable, variables)]
            values[name] = _from_text(name, text)
    for name, value in (given or {}).items():
        if value is not None:
            values[name] = _check(_FIELDS[name], value)
    return Settings(**values)


def _known(name: str, shown: str, names: Mapping[str, Any]) -> str:
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise InvalidSetting(shown, f"is no setting{hint}")


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise InvalidSetting(str(file), f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # The text of a broken line may be a secret.
        raise InvalidSetting(str(file), "is no TOML") from None


def _from_file(name: str, value: object) -> object:
    setting = _FIELDS[name]
    kind = _kind_of(setting)
    if isinstance(value, str) and kind is not str:
        return _from_text(name, value)
    if kind is tuple and isinstance(value, list):
        value = tuple(value)
    return _check(setting, value)


def _from_text(name: str, text: str) -> object:
    setting = _FIELDS[name]
    kind = _kind_of(setting)
    value: object = text.strip()
    if kind is bool:
        value = _SWITCHES.get(text.strip().lower(), text)
    elif kind is tuple:
        value = tuple(each.strip() for each in text.split(",") if each.strip())
    elif kind is dict:
        try:
            value = json.loads(text) if text.strip() else {}
        except ValueError:
            value = None
    elif kind in (int, float):
        try:
            value = kind(text.strip().replace("_", ""))
        except ValueError:
            value = None
    return _check(setting, value)


def _kind_of(setting: Any) -> type:
    default = setting.default_factory() if setting.default is dataclasses.MISSING else setting.default
    return type(default)


def _check(setting: Any, value: object) -> object:
    kind, limits, name = _kind_of(setting), setting.metadata, f"{PREFIX}{setting.name.upper()}"
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    shown = "" if limits.get("secret") else f", not {value!r}" if isinstance(value, str) else ""
    if "choices" in limits and value not in limits["choices"]:
        raise InvalidSetting(name, f"must be one of {', '.join(each for each in limits['choices'] if each)}{shown}")
    if "least" in limits and (not isinstance(value, kind) or isinstance(value, bool)):
        raise InvalidSetting(name, f"must be a number from {limits['least']} to {limits['most']}{shown}")
    if "least" in limits and not limits["least"] <= value <= limits["most"]:
        raise InvalidSetting(name, f"must be a number from {limits['least']} to {limits['most']}, not {value}")
    if not isinstance(value, kind):
        what = {bool: "on or off", dict: "a JSON object", tuple: "a list"}.get(kind, "a text")
        raise InvalidSetting(name, f"must be {what}{shown}")
    return value
