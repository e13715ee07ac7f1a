"""Why the marketplace refuses, in its own words.

    DatasoukError
    └── MarketError
        ├── RefusedInput                 what was sent can never be accepted; names the field and the limit
        │   ├── MissingField             a field is absent or empty
        │   ├── InvalidField             a field has another shape, or a value outside its limits
        │   ├── InvalidDevice            the description of a device lacks something
        │   └── InvalidPacket            the packet breaks a rule of D10
        ├── AccessRefused                whoever asks may not do this
        │   ├── UnknownApiKey            no account has this API key
        │   ├── UnknownUserId            no account has this user id
        │   ├── ApiKeyRequired           a user id alone does not do here (D2)
        │   ├── CredentialsDisagree      two credentials in one request belong to different accounts (D2)
        │   ├── AccountDisabled          the operator has switched the account off
        │   ├── AdminOnly                needs the role of an admin (D14)
        │   ├── OwnerMismatch            the owner that is named is not the caller (D1)
        │   ├── NotOwner                 somebody else's device
        │   ├── WrongDeviceSecret        not the device's secret key
        │   └── NotPurchased             the stream is neither the caller's own nor bought
        ├── NotFound                     what was asked for does not exist
        │   ├── DeviceNotFound           no device has this id
        │   └── AccountNotFound          no account has this name
        ├── Conflict                     it cannot be done as things are now
        │   ├── DeviceIdTaken            the id, in this or another spelling, belongs to another device
        │   ├── TooManyDevices           the account's quota is used up
        │   └── TooManyAtOneTime         the device has 1,000 packets of this very time (D11)
        ├── SecretsError                 a server key or a sealed value cannot be used; never shows either
        │   ├── BadServerKey             not 32 bytes, or its file can be read by others
        │   ├── WrongServerKey           the store was made with another server key
        │   └── CannotOpen               a sealed value was damaged, moved to another place, or sealed with another key
        └── StoreError                   the store does not do what it should
            ├── StoreOverloaded          more writes wait than it can take; try again
            ├── StoreFailed              its disk or its database fails; nothing more is written
            ├── UnknownStore             its address is not understood
            └── WrongSchema              it was made by another version of datasouk

Each class has a ``code``, one word that never changes, for machines.  Where the original marketplace has a text for a
refusal (recorded in its transcript), ours begins with the same text, as old clients show it; statuses are no business
of the domain.
"""

from typing import ClassVar

from datasouk.errors import DatasoukError

__all__ = [
    "AccessRefused",
    "AccountDisabled",
    "AccountNotFound",
    "AdminOnly",
    "ApiKeyRequired",
    "BadServerKey",
    "CannotOpen",
    "Conflict",
    "CredentialsDisagree",
    "DeviceIdTaken",
    "DeviceNotFound",
    "InvalidDevice",
    "InvalidField",
    "InvalidPacket",
    "MarketError",
    "MissingField",
    "NotFound",
    "NotOwner",
    "NotPurchased",
    "OwnerMismatch",
    "RefusedInput",
    "SecretsError",
    "StoreError",
    "StoreFailed",
    "StoreOverloaded",
    "TooManyAtOneTime",
    "TooManyDevices",
    "UnknownApiKey",
    "UnknownStore",
    "UnknownUserId",
    "WrongDeviceSecret",
    "WrongSchema",
    "WrongServerKey",
]


class MarketError(DatasoukError):
    """Any refusal of the marketplace."""

    code: ClassVar[str] = "refused"


class RefusedInput(MarketError):
    """What was sent can never be accepted.

    Attributes:
        field: The name of the field, as the caller spells it.
        limit: What it has to be.
    """

    code = "invalid_input"

    def __init__(self, field: str, limit: str, text: str | None = None) -> None:
        super().__init__(text or f"{field} must be {limit}")
        self.field = field
        self.limit = limit


class MissingField(RefusedInput):
    """A field is absent or empty."""

    code = "missing_field"

    def __init__(self, field: str) -> None:
        super().__init__(field, "given", "Ensure all fields are included")


class InvalidField(RefusedInput):
    """A field has another shape, or a value outside its limits."""

    code = "invalid_field"


class InvalidDevice(RefusedInput):
    """The description of a device lacks something; ``recorded`` is what the original says about it.

    Args:
        field: The name of the field.
        limit: What it has to be; left out of the text if the field is absent, so that the text is the recorded one.
        is_missing: Whether it is absent or empty.
    """

    code = "invalid_device"

    def __init__(self, field: str, limit: str, recorded: str, *, is_missing: bool = False) -> None:
        super().__init__(field, limit, recorded if is_missing else f"{recorded}: {field} must be {limit}")


class InvalidPacket(RefusedInput):
    """The packet breaks a rule of D10."""

    code = "invalid_packet"


class AccessRefused(MarketError):
    """Whoever asks may not do this."""

    code = "access_refused"


class UnknownApiKey(AccessRefused):
    """No account has this API key, or it has expired."""

    code = "unknown_api_key"

    def __init__(self) -> None:
        super().__init__("Your API key is incorrect.")


class UnknownUserId(AccessRefused):
    """No account has this user id."""

    code = "unknown_user_id"

    def __init__(self) -> None:
        super().__init__("Access denied: no account has this user id")


class ApiKeyRequired(AccessRefused):
    """A user id alone does not do here (D2)."""

    code = "api_key_required"

    def __init__(self) -> None:
        super().__init__("Access denied: send the API key too, as Authorization: Bearer KEY or X-API-Key: KEY")


class CredentialsDisagree(AccessRefused):
    """Two credentials in one request belong to different accounts (D2)."""

    code = "credentials_disagree"

    def __init__(self) -> None:
        super().__init__("Access denied")


class AccountDisabled(AccessRefused):
    """The operator has switched the account off."""

    code = "account_disabled"

    def __init__(self) -> None:
        super().__init__("Access denied: this account is disabled")


class AdminOnly(AccessRefused):
    """Needs the role of an admin (D14)."""

    code = "admin_only"

    def __init__(self) -> None:
        super().__init__("Access denied")


class OwnerMismatch(AccessRefused):
    """The owner that is named is not the caller (D1)."""

    code = "owner_mismatch"

    def __init__(self) -> None:
        super().__init__("Access denied: owner must be your own user id or handle")


class NotOwner(AccessRefused):
    """Somebody else's device."""

    code = "not_owner"

    def __init__(self, device_id: str) -> None:
        super().__init__("You don't have permission to delete this device")
        self.device_id = device_id


class WrongDeviceSecret(AccessRefused):
    """Not the device's secret key."""

    code = "wrong_device_secret"

    def __init__(self, device_id: str) -> None:
        super().__init__("Oh noes, your key is incorrect.")
        self.device_id = device_id


class NotPurchased(AccessRefused):
    """The stream is neither the caller's own nor bought; whether the device exists is not said."""

    code = "not_purchased"

    def __init__(self, device_id: str) -> None:
        super().__init__("this stream is not yours: buy it first")
        self.device_id = device_id


class NotFound(MarketError):
    """What was asked for does not exist."""

    code = "not_found"


class DeviceNotFound(NotFound):
    """No device has this id."""

    code = "device_not_found"

    def __init__(self, device_id: str, text: str = "Device doesn't exist") -> None:
        super().__init__(text)
        self.device_id = device_id


class AccountNotFound(NotFound):
    """No account has this name."""

    code = "account_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"no account is called {name[:64]}")
        self.name = name


class Conflict(MarketError):
    """It cannot be done as things are now."""

    code = "conflict"


class DeviceIdTaken(Conflict):
    """The id, in this or another spelling, belongs to another device."""

    code = "device_id_taken"

    def __init__(self, device_id: str) -> None:
        super().__init__(f"Device with ID {device_id} already exists. Please specify new unique ID")
        self.device_id = device_id


class TooManyDevices(Conflict):
    """The account's quota is used up."""

    code = "too_many_devices"

    def __init__(self, quota: int) -> None:
        super().__init__("You have too many devices. Please delete one to clear space")
        self.quota = quota


class TooManyAtOneTime(Conflict):
    """The device has as many packets of this very time as a page may hold (D11)."""

    code = "too_many_at_one_time"

    def __init__(self, time_ms: int, limit: int) -> None:
        super().__init__(
            f"packet.time: this device has {limit} packets with the time {time_ms} already, the most there may be"
        )
        self.time_ms = time_ms
        self.limit = limit


class SecretsError(MarketError):
    """A server key or a sealed value cannot be used."""

    code = "secrets"


class BadServerKey(SecretsError):
    """Not 32 bytes, or its file can be read by others."""

    code = "bad_server_key"


class WrongServerKey(SecretsError):
    """The store was made with another server key."""

    code = "wrong_server_key"

    def __init__(self) -> None:
        super().__init__("the server key is not the one with which this store was made: nothing in it could be read")


class CannotOpen(SecretsError):
    """A sealed value was damaged, moved to another place, or sealed with another key."""

    code = "cannot_open"

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"the sealed value at {place} cannot be opened: {reason}")
        self.place = place
        self.reason = reason


class StoreError(MarketError):
    """The store does not do what it should."""

    code = "store"


class StoreOverloaded(StoreError):
    """More writes wait than the store can take; try again."""

    code = "overloaded"


class StoreFailed(StoreError):
    """The store's disk or database fails; nothing more is written."""

    code = "store_failed"


class UnknownStore(StoreError):
    """The store's address is not understood."""

    code = "unknown_store"


class WrongSchema(StoreError):
    """The store was made by another version of datasouk, or somebody has changed a migration."""

    code = "wrong_schema"
