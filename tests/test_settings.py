import dataclasses
import re
from pathlib import Path

import pytest

from datasouk.settings import InvalidSetting, Settings, read_settings

PAGE = Path(__file__).parents[1] / "docs/reference/settings.md"
SECRET = "5f" * 32
LISTED = dict(re.findall(r"^\| `DATASOUK_(\w+)` \| (`[^`]+`|empty) \| .+ \|$", PAGE.read_text(), re.MULTILINE))


def shown(value: object) -> str:
    if isinstance(value, bool):
        return "`on`" if value else "`off`"
    return f"`{value}`" if value or isinstance(value, int | float) else "empty"


def test_the_page_lists_every_setting_with_its_default_and_no_other() -> None:
    settings = Settings()
    expected = {each.name.upper(): shown(getattr(settings, each.name)) for each in dataclasses.fields(Settings)}
    assert expected == LISTED


def test_the_environment_comes_before_the_file_and_the_command_line_before_both(tmp_path: Path) -> None:
    file = tmp_path / "souk.toml"
    file.write_text(
        'default_price = 7\nport = 1\nnode_faucet = true\ntrusted_proxies = ["10.0.0.1"]\n[public_settings]\na = 1\n'
    )
    environment = {"DATASOUK_CONFIG": str(file), "DATASOUK_PORT": "2", "DATASOUK_HOST": "0.0.0.0", "PATH": "/bin"}
    settings = read_settings(environment, given={"host": "::1", "data_dir": None})
    assert (settings.default_price, settings.port, settings.host) == (7, 2, "::1")
    assert settings.node_faucet is True
    assert settings.trusted_proxies == ("10.0.0.1",)
    assert settings.public_settings == {"a": 1}
    assert settings.folder == Path("datasouk-data")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("RATE_LIMITS", "off", False),
        ("RATE_LIMITS", " ON ", True),
        ("ACCEPT_CAPABILITY_RISK", "1", True),
        ("DEFAULT_PRICE", "1_000", 1000),
        ("HEADER_SECONDS", "2", 2.0),
        ("TRUSTED_PROXIES", "10.0.0.1, 10.0.0.2,", ("10.0.0.1", "10.0.0.2")),
        ("PUBLIC_SETTINGS", '{"tangle": {"depth": 3}}', {"tangle": {"depth": 3}}),
        ("CONSUMPTION_AUTH", "key", "key"),
    ],
)
def test_texts_become_values(name: str, text: str, value: object) -> None:
    assert getattr(read_settings({f"DATASOUK_{name}": text}), name.lower()) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "70000"),
        ("PORT", "x"),
        ("PORT", ""),
        ("DEFAULT_PRICE", "-1"),
        ("DEFAULT_PRICE", "1.5"),
        ("DEFAULT_PRICE", "2779530283277762"),
        ("WALLET_FUNDING", "999999"),
        ("RATE_LIMITS", "maybe"),
        ("CAPTCHA", "recaptcha"),
        ("QUERY_KEYS", ""),
        ("PUBLIC_SETTINGS", "[1]"),
        ("PUBLIC_SETTINGS", "{"),
        ("NODE", "somewhere"),
        ("HEADER_SECONDS", "nan"),
        ("LOG_LEVEL", "INFO!"),
        ("SMTP_URL", "smtp://x"),
    ],
)
def test_other_values_are_refused_by_the_settings_name(name: str, text: str) -> None:
    with pytest.raises(InvalidSetting, match=f"DATASOUK_{name}"):
        read_settings({f"DATASOUK_{name}": text})


def test_an_unknown_name_is_refused_with_the_one_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidSetting, match="DATASOUK_DEFAULT_PRIZE is no setting; did you mean DATASOUK_DEFAULT_PRICE"
    ):
        read_settings({"DATASOUK_DEFAULT_PRIZE": "5"})
    file = tmp_path / "souk.toml"
    file.write_text("default_prize = 5")
    with pytest.raises(InvalidSetting, match="did you mean default_price"):
        read_settings({}, config=file)


@pytest.mark.parametrize(
    "text", ["default_price = {", "port = true", "port = 1.5", "smtp_url = 5", "public_settings = []"]
)
def test_a_file_is_held_to_the_same(text: str, tmp_path: Path) -> None:
    file = tmp_path / "souk.toml"
    file.write_text(text)
    with pytest.raises(InvalidSetting):
        read_settings({}, config=file)


def test_a_file_that_is_not_there_is_not_overlooked(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="cannot be read"):
        read_settings({"DATASOUK_CONFIG": str(tmp_path / "none.toml")})


def test_d2_what_buying_needs_depends_on_the_node() -> None:
    node = {"DATASOUK_NODE": "https://node.example.org"}
    assert not read_settings({}).needs_key
    assert read_settings(node).needs_key
    assert read_settings({"DATASOUK_CONSUMPTION_AUTH": "key"}).needs_key
    with pytest.raises(InvalidSetting, match="ACCEPT_CAPABILITY_RISK"):
        read_settings(node | {"DATASOUK_CONSUMPTION_AUTH": "capability"})
    risky = node | {"DATASOUK_CONSUMPTION_AUTH": "capability", "DATASOUK_ACCEPT_CAPABILITY_RISK": "1"}
    assert not read_settings(risky).needs_key


def test_secrets_are_in_no_repr_and_no_error(tmp_path: Path) -> None:
    environment = {"DATASOUK_SECRET_KEY": SECRET, "DATASOUK_SMTP_URL": f"smtp://u:{SECRET}@h"}
    with pytest.raises(InvalidSetting) as caught:
        read_settings(environment)
    assert SECRET not in str(caught.value)
    settings = read_settings(environment | {"DATASOUK_MAIL_FROM": "a@b", "DATASOUK_MAIL_TO": "c@d"})
    assert SECRET not in repr(settings)
    file = tmp_path / "souk.toml"
    file.write_text(f"secret_key = {SECRET}")
    with pytest.raises(InvalidSetting) as caught:
        read_settings({}, config=file)
    assert SECRET not in str(caught.value)
