"""Accounts: their three names, API keys, roles, and who a request comes from (decisions D1, D2, D14).

Two ways to say who one is::

    API key     belongs to one account; does everything the account may do
    user id     a name and a credential at once; buys and reads, unless the server or the account wants the key too

After the server key was rotated, hashes that were made with the old one are made anew when their secret is next used.
"""

import secrets
from dataclasses import dataclass, field

from datasouk.market.errors import (
    AccountDisabled,
    AccountNotFound,
    AdminOnly,
    ApiKeyRequired,
    CredentialsDisagree,
    InvalidField,
    UnknownApiKey,
    UnknownUserId,
)
from datasouk.market.ids import Clock, Randomness, new_api_key, new_handle, new_row_id, new_user_id, now_ms
from datasouk.market.ports import Store
from datasouk.market.records import Account, ApiKey, Role
from datasouk.market.rules import ConsumptionAuth, Rules
from datasouk.market.secrets import Place, Vault

__all__ = ["Caller", "NewAccount", "NewApiKey", "Users", "require_admin"]

_MAX_EMAIL_CHARACTERS = 254
_MAX_LABEL_CHARACTERS = 100
_MAX_QUOTA = 1_000_000


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account, and its credentials, which are shown this once (the user id also later, to its holder)."""

    account: Account
    user_id: str = field(repr=False)
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """An API key, and the key itself, which is shown this once."""

    key: ApiKey
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request comes from.

    Attributes:
        has_key: Whether the API key was shown; what a user id alone may spend is limited (D2).
    """

    account: Account
    has_key: bool


def require_admin(account: Account) -> None:
    """Refuse everybody who has not the role of an admin (D14).

    Raises:
        AdminOnly: As it says.
    """
    if not account.is_admin:
        raise AdminOnly


class Users:
    """The rules of accounts.

    Args:
        store: Where they are kept.
        vault: For their credentials.
        rules: What the operator chose.
        clock: Milliseconds since 1970.
        randomness: For names and keys.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        *,
        rules: Rules,
        clock: Clock = now_ms,
        randomness: Randomness = secrets.token_bytes,
    ) -> None:
        self._users = store.users
        self._vault = vault
        self._rules = rules
        self._clock = clock
        self._randomness = randomness

    async def create(self, *, email: str | None = None, role: Role = Role.USER, device_quota: int = 0) -> NewAccount:
        """Make an account with a first API key.

        Args:
            email: For the operator's eyes; it opens nothing and decides nothing.
            role: What the account may do.
            device_quota: How many devices it may have; 0: as many as the setting says.

        Raises:
            InvalidField: The address has no @ or more than 254 characters, or the quota is out of its limits.
        """
        if email is not None and not _is_email(email):
            raise InvalidField("email", f"an address with an @, of at most {_MAX_EMAIL_CHARACTERS} characters")
        _check_quota(device_quota)
        account_id, user_id = new_row_id(self._clock, self._randomness), new_user_id(self._randomness)
        account = Account(
            account_id=account_id,
            handle=new_handle(self._randomness),
            user_id_hash=self._vault.user_ids.hash(user_id),
            user_id_sealed=self._seal_user_id(account_id, user_id),
            email=email,
            role=role,
            is_disabled=False,
            needs_key=False,
            device_quota=device_quota,
            created_ms=self._clock(),
        )
        first = self._new_key(account_id, "first", None)
        await self._users.add(account, first.key)
        return NewAccount(account, user_id, first.api_key)

    async def by_api_key(self, api_key: str) -> Account:
        """The account that an API key belongs to.

        Raises:
            AccountDisabled: As it says.
            UnknownApiKey: Nobody's, or expired.
        """
        found = await self._users.by_api_key(self._vault.api_keys.candidates(api_key))
        if found is None:
            raise UnknownApiKey
        account, key = found
        if key.expires_ms is not None and key.expires_ms <= self._clock():
            raise UnknownApiKey
        if account.is_disabled:
            raise AccountDisabled
        if not self._vault.api_keys.is_current(key.key_hash):
            await self._users.set_key_hash(key.key_id, self._vault.api_keys.hash(api_key))
        return account

    async def by_user_id(self, user_id: str) -> Account:
        """The account that a user id belongs to.

        Raises:
            AccountDisabled: As it says.
            UnknownUserId: Nobody's.
        """
        account = await self._users.by_user_id(self._vault.user_ids.candidates(user_id))
        if account is None:
            raise UnknownUserId
        if account.is_disabled:
            raise AccountDisabled
        if not self._vault.user_ids.is_current(account.user_id_hash):
            await self._replace_user_id(account, user_id)
        return account

    async def by_both(self, user_id: str, api_key: str) -> Account:
        """The account that has this user id and this API key.

        Raises:
            AccountDisabled: As it says.
            CredentialsDisagree: The user id is not that of the key's account.
            UnknownApiKey: Nobody's key, or expired.
        """
        account = await self.by_api_key(api_key)
        if not self.is_user_id_of(account, user_id):
            raise CredentialsDisagree
        return account

    async def consumer(self, user_id: str, api_key: str | None = None) -> Caller:
        """Who wants to buy or to read (D2).

        Args:
            user_id: Always needed.
            api_key: None if none was sent.

        Raises:
            AccountDisabled: As it says.
            ApiKeyRequired: The server or the account wants the key too.
            CredentialsDisagree: The user id is not that of the key's account.
            UnknownApiKey: Nobody's key, or expired.
            UnknownUserId: Nobody's user id.
        """
        if api_key is not None:
            return Caller(await self.by_both(user_id, api_key), has_key=True)
        if self._rules.consumption_auth is ConsumptionAuth.KEY:
            raise ApiKeyRequired
        account = await self.by_user_id(user_id)
        if account.needs_key:
            raise ApiKeyRequired
        return Caller(account, has_key=False)

    def is_user_id_of(self, account: Account, user_id: str) -> bool:
        """Whether a text is the account's user id; takes as long for a wrong one."""
        return self._vault.user_ids.matches(account.user_id_hash, user_id)

    def is_name_of(self, account: Account, name: str) -> bool:
        """Whether a text is one of the account's names, user id or handle (D1)."""
        return self.is_user_id_of(account, name) or name == account.handle

    def device_quota(self, account: Account) -> int:
        """How many devices an account may have."""
        return account.device_quota or self._rules.devices_per_user

    def show_user_id(self, account: Account) -> str:
        """The account's user id, to be shown to its holder alone.  Secret.

        Raises:
            CannotOpen: The store does not fit the server key.
        """
        return self._vault.credentials.open(account.user_id_sealed, _user_id_place(account.account_id)).decode()

    async def rotate_user_id(self, account: Account) -> str:
        """Give an account a new user id; from now on the old one is nobody's.

        Returns:
            The new one, 28 base-62 characters.  Secret.

        Raises:
            UnknownUserId: It was rotated by somebody else just now.
        """
        user_id = new_user_id(self._randomness)
        if not await self._replace_user_id(account, user_id):
            raise UnknownUserId
        return user_id

    async def add_api_key(self, account: Account, label: str, *, expires_ms: int | None = None) -> NewApiKey:
        """Give an account one more API key.

        Args:
            account: Whose.
            label: What its holder calls it, 1 to 100 characters.
            expires_ms: From then on it is nobody's.

        Raises:
            InvalidField: The label is empty or too long.
        """
        if not label.strip() or len(label) > _MAX_LABEL_CHARACTERS:
            raise InvalidField("label", f"1 to {_MAX_LABEL_CHARACTERS} characters")
        made = self._new_key(account.account_id, label, expires_ms)
        await self._users.add_key(made.key)
        return made

    async def api_keys(self, account: Account) -> list[ApiKey]:
        """An account's keys, oldest first, without the keys themselves."""
        return await self._users.keys(account.account_id)

    async def revoke_api_key(self, account: Account, key_id: str) -> bool:
        """Take one of an account's keys away; False if it has none with this row id."""
        return await self._users.remove_key(account.account_id, key_id)

    async def by_handle(self, handle: str) -> Account:
        """An account, disabled or not, by its handle.

        Raises:
            AccountNotFound: Nobody's.
        """
        account = await self._users.by_handle(handle)
        if account is None:
            raise AccountNotFound(handle)
        return account

    async def by_email(self, email: str) -> list[Account]:
        """The accounts that were made with this address, oldest first; for the operator."""
        return await self._users.by_email(email)

    async def page(self, *, after: str = "", limit: int = 100) -> list[Account]:
        """Accounts in the order in which they were made, those behind a row id; for the operator."""
        return await self._users.page(after, limit)

    async def change(
        self,
        account: Account,
        *,
        role: Role | None = None,
        is_disabled: bool | None = None,
        needs_key: bool | None = None,
        device_quota: int | None = None,
    ) -> Account:
        """Change what is not None; returns the account as it is now.

        Raises:
            AccountNotFound: It is no longer there.
            InvalidField: The quota is out of its limits.
        """
        if device_quota is not None:
            _check_quota(device_quota)
        changed = await self._users.change(
            account.account_id, role=role, is_disabled=is_disabled, needs_key=needs_key, device_quota=device_quota
        )
        if changed is None:
            raise AccountNotFound(account.handle)
        return changed

    async def _replace_user_id(self, account: Account, user_id: str) -> bool:
        return await self._users.set_user_id(
            account.account_id,
            old_hash=account.user_id_hash,
            new_hash=self._vault.user_ids.hash(user_id),
            sealed=self._seal_user_id(account.account_id, user_id),
        )

    def _seal_user_id(self, account_id: str, user_id: str) -> bytes:
        return self._vault.credentials.seal(user_id.encode(), _user_id_place(account_id))

    def _new_key(self, account_id: str, label: str, expires_ms: int | None) -> NewApiKey:
        api_key = new_api_key(self._randomness)
        key = ApiKey(
            key_id=new_row_id(self._clock, self._randomness),
            account_id=account_id,
            key_hash=self._vault.api_keys.hash(api_key),
            label=label,
            created_ms=self._clock(),
            expires_ms=expires_ms,
        )
        return NewApiKey(key, api_key)


def _user_id_place(account_id: str) -> Place:
    return Place("account", account_id, "user_id")


def _is_email(text: str) -> bool:
    name, at, host = text.rpartition("@")
    return bool(name and at and host) and len(text) <= _MAX_EMAIL_CHARACTERS and text.isprintable()


def _check_quota(device_quota: int) -> None:
    if not 0 <= device_quota <= _MAX_QUOTA:
        raise InvalidField("device_quota", f"0 to {_MAX_QUOTA}")
