import pytest
from tests.market.market_of import KEY, Market, market_of
from tests.market_fakes import START_MS, MemoryStore

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
from datasouk.market.ids import has_api_key_checksum
from datasouk.market.records import Role
from datasouk.market.rules import ConsumptionAuth, Rules
from datasouk.market.users import require_admin

pytestmark = pytest.mark.anyio
NEW_KEY = b"\x02" * 32


@pytest.fixture
def market() -> Market:
    return market_of()


class TestCreate:
    async def test_d1_a_person_has_three_names_of_which_none_tells_another(self, market: Market) -> None:
        made = await market.users.create(email="a@example.org")
        names = {made.account.account_id, made.user_id, made.account.handle}
        assert len(names) == 3
        assert (len(made.user_id), len(made.account.handle)) == (28, 28)
        assert has_api_key_checksum(made.api_key)
        assert made.account.created_ms == START_MS

    async def test_d4_what_is_kept_and_shown_contains_no_secret(self, market: Market) -> None:
        made = await market.users.create()
        kept = await market.users.by_handle(made.account.handle)
        shown = repr(made) + repr(kept) + repr(await market.users.api_keys(kept)) + repr(market.users)
        for secret in (made.user_id, made.api_key):
            assert secret not in shown
            assert secret.encode() not in kept.user_id_hash + kept.user_id_sealed

    @pytest.mark.parametrize("email", ["", "a", "@", "a@", "@b", "a@b\n", "a" * 250 + "@b.de"])
    async def test_an_address_that_is_none_is_refused(self, market: Market, email: str) -> None:
        with pytest.raises(InvalidField, match="254"):
            await market.users.create(email=email)

    async def test_d14_admin_is_a_role_and_never_an_address(self, market: Market) -> None:
        for email in ("root@iota.org", "admin@localhost", "iota.org-x@evil.example"):
            account = (await market.users.create(email=email)).account
            assert not account.is_admin
            with pytest.raises(AdminOnly):
                require_admin(account)
        admin = (await market.users.create(email="nobody@example.org", role=Role.ADMIN)).account
        require_admin(admin)

    async def test_two_accounts_may_have_one_address(self, market: Market) -> None:
        made = [(await market.users.create(email="a@example.org")).account for _ in range(2)]
        assert {each.account_id for each in await market.users.by_email("a@example.org")} == {
            each.account_id for each in made
        }


class TestAuthenticate:
    async def test_by_api_key_and_by_user_id(self, market: Market) -> None:
        made, other = await market.users.create(), await market.users.create()
        assert await market.users.by_api_key(made.api_key) == made.account
        assert await market.users.by_user_id(made.user_id) == made.account
        assert await market.users.by_both(made.user_id, made.api_key) == made.account
        with pytest.raises(CredentialsDisagree):
            await market.users.by_both(other.user_id, made.api_key)

    @pytest.mark.parametrize("text", ["", "nope", "dsk_" + "0" * 36, "\ud800", "x" * 100_000, "' OR 1=1 --"])
    async def test_other_texts_are_nobodys(self, market: Market, text: str) -> None:
        await market.users.create()
        with pytest.raises(UnknownApiKey, match=r"^Your API key is incorrect\.$"):
            await market.users.by_api_key(text)
        with pytest.raises(UnknownUserId) as refused:
            await market.users.by_user_id(text)
        assert not text or text not in str(refused.value)

    async def test_d1_a_handle_opens_nothing(self, market: Market) -> None:
        made = await market.users.create()
        with pytest.raises(UnknownUserId):
            await market.users.by_user_id(made.account.handle)
        with pytest.raises(UnknownApiKey):
            await market.users.by_api_key(made.account.handle)
        with pytest.raises(UnknownUserId):
            await market.users.by_user_id(made.account.account_id)

    async def test_a_user_id_is_no_api_key_and_the_reverse(self, market: Market) -> None:
        made = await market.users.create()
        with pytest.raises(UnknownApiKey):
            await market.users.by_api_key(made.user_id)
        with pytest.raises(UnknownUserId):
            await market.users.by_user_id(made.api_key)

    async def test_a_disabled_account_is_refused_every_way_and_comes_back(self, market: Market) -> None:
        made = await market.users.create()
        disabled = await market.users.change(made.account, is_disabled=True)
        for call in (
            market.users.by_api_key(made.api_key),
            market.users.by_user_id(made.user_id),
            market.users.by_both(made.user_id, made.api_key),
            market.users.consumer(made.user_id),
        ):
            with pytest.raises(AccountDisabled):
                await call
        await market.users.change(disabled, is_disabled=False)
        assert await market.users.by_api_key(made.api_key) == made.account


class TestConsumer:
    async def test_d2_capability_the_user_id_alone_does(self, market: Market) -> None:
        made = await market.users.create()
        assert not (await market.users.consumer(made.user_id)).has_key
        assert (await market.users.consumer(made.user_id, made.api_key)).has_key

    async def test_d2_key_the_server_may_want_the_key_from_everybody(self) -> None:
        market = market_of(rules=Rules(consumption_auth=ConsumptionAuth.KEY))
        made = await market.users.create()
        for user_id in (made.user_id, "nobody"):
            with pytest.raises(ApiKeyRequired):
                await market.users.consumer(user_id)
        assert (await market.users.consumer(made.user_id, made.api_key)).account == made.account

    async def test_d2_an_account_may_want_the_key(self, market: Market) -> None:
        made = await market.users.create()
        await market.users.change(made.account, needs_key=True)
        with pytest.raises(ApiKeyRequired):
            await market.users.consumer(made.user_id)
        assert (await market.users.consumer(made.user_id, made.api_key)).has_key

    async def test_d2_credentials_that_disagree_are_refused(self, market: Market) -> None:
        made, other = await market.users.create(), await market.users.create()
        for user_id in (other.user_id, "nobody", ""):
            with pytest.raises(CredentialsDisagree):
                await market.users.consumer(user_id, made.api_key)
        with pytest.raises(UnknownApiKey):
            await market.users.consumer(made.user_id, "nope")


class TestUserId:
    async def test_its_holder_is_shown_it_again(self, market: Market) -> None:
        made = await market.users.create()
        assert market.users.show_user_id(made.account) == made.user_id

    async def test_d1_rotated_the_old_one_is_nobodys_and_all_else_stays(self, market: Market) -> None:
        made = await market.users.create()
        user_id = await market.users.rotate_user_id(made.account)
        with pytest.raises(UnknownUserId):
            await market.users.by_user_id(made.user_id)
        account = await market.users.by_user_id(user_id)
        assert (account.account_id, account.handle) == (made.account.account_id, made.account.handle)
        assert market.users.show_user_id(account) == user_id
        assert await market.users.by_api_key(made.api_key) == account

    async def test_of_two_rotations_at_once_one_counts(self, market: Market) -> None:
        made = await market.users.create()
        user_id = await market.users.rotate_user_id(made.account)
        with pytest.raises(UnknownUserId):
            await market.users.rotate_user_id(made.account)
        assert (await market.users.by_user_id(user_id)).handle == made.account.handle

    async def test_names(self, market: Market) -> None:
        made, other = await market.users.create(), await market.users.create()
        assert market.users.is_name_of(made.account, made.user_id)
        assert market.users.is_name_of(made.account, made.account.handle)
        for name in (other.user_id, other.account.handle, made.account.account_id, ""):
            assert not market.users.is_name_of(made.account, name)


class TestApiKeys:
    async def test_one_more_key_does_the_same(self, market: Market) -> None:
        made = await market.users.create()
        market.clock.now += 1
        more = await market.users.add_api_key(made.account, "greenhouse")
        assert await market.users.by_api_key(more.api_key) == made.account
        assert [each.label for each in await market.users.api_keys(made.account)] == ["first", "greenhouse"]
        assert more.api_key not in repr(more)

    async def test_a_revoked_key_is_nobodys(self, market: Market) -> None:
        made, other = await market.users.create(), await market.users.create()
        (key,) = await market.users.api_keys(made.account)
        assert not await market.users.revoke_api_key(other.account, key.key_id)
        assert await market.users.revoke_api_key(made.account, key.key_id)
        with pytest.raises(UnknownApiKey):
            await market.users.by_api_key(made.api_key)

    async def test_an_expired_key_is_nobodys(self, market: Market) -> None:
        made = await market.users.create()
        more = await market.users.add_api_key(made.account, "a minute", expires_ms=START_MS + 60_000)
        market.clock.now += 59_999
        assert await market.users.by_api_key(more.api_key) == made.account
        market.clock.now += 1
        with pytest.raises(UnknownApiKey):
            await market.users.by_api_key(more.api_key)

    @pytest.mark.parametrize("label", ["", " ", "x" * 101])
    async def test_a_label_has_limits(self, market: Market, label: str) -> None:
        made = await market.users.create()
        with pytest.raises(InvalidField, match="100"):
            await market.users.add_api_key(made.account, label)


class TestRotationOfTheServerKey:
    async def test_d4_hashes_are_made_anew_when_their_secret_is_next_used(self) -> None:
        store = MemoryStore()
        made = await market_of(store).users.create()
        between = market_of(store, keys=(NEW_KEY, KEY))
        await between.users.by_api_key(made.api_key)
        await between.users.by_user_id(made.user_id)
        after = market_of(store, keys=(NEW_KEY,))
        account = await after.users.by_both(made.user_id, made.api_key)
        assert after.users.show_user_id(account) == made.user_id

    async def test_d4_what_was_not_used_needs_the_old_key(self) -> None:
        store = MemoryStore()
        made = await market_of(store).users.create()
        with pytest.raises(UnknownApiKey):
            await market_of(store, keys=(NEW_KEY,)).users.by_api_key(made.api_key)


class TestChange:
    async def test_d14_promoted_and_back(self, market: Market) -> None:
        account = (await market.users.create()).account
        admin = await market.users.change(account, role=Role.ADMIN)
        require_admin(admin)
        assert not (await market.users.change(admin, role=Role.USER)).is_admin

    async def test_quotas(self, market: Market) -> None:
        account = (await market.users.create()).account
        assert market.users.device_quota(account) == 5
        assert market.users.device_quota(await market.users.change(account, device_quota=9)) == 9
        assert market.users.device_quota(await market.users.change(account, device_quota=0)) == 5
        for quota in (-1, 1_000_001):
            with pytest.raises(InvalidField, match="1000000"):
                await market.users.change(account, device_quota=quota)

    async def test_nobody_is_not_found(self, market: Market) -> None:
        account = (await market_of().users.create()).account
        with pytest.raises(AccountNotFound):
            await market.users.change(account, is_disabled=True)
        with pytest.raises(AccountNotFound):
            await market.users.by_handle(account.handle)

    async def test_pages_of_all_accounts(self, market: Market) -> None:
        made = []
        for _ in range(3):
            made.append((await market.users.create()).account)
            market.clock.now += 1
        assert await market.users.page(limit=2) == made[:2]
        assert await market.users.page(after=made[1].account_id, limit=2) == made[2:]
