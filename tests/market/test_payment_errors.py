import inspect

import pytest

from datasouk.market import errors, payment_errors
from datasouk.market.payment_errors import (
    FundingLimitReached,
    NotEnoughFunds,
    OperatorWalletEmpty,
    PaymentError,
    SettlementPending,
)

CLASSES = [
    value for value in vars(payment_errors).values() if inspect.isclass(value) and issubclass(value, PaymentError)
]


@pytest.mark.parametrize("error", CLASSES)
def test_each_error_is_in_the_tree_and_has_a_code_and_a_reason(error: type[PaymentError]) -> None:
    assert payment_errors.__doc__ is not None
    assert f"── {error.__name__} " in payment_errors.__doc__
    assert error.__name__ in payment_errors.__all__
    assert error.__doc__
    assert error.code


def test_no_code_is_given_twice_but_for_overload() -> None:
    codes = [error.code for error in CLASSES]
    assert len(codes) == len(set(codes))
    others = {
        value.code
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, errors.MarketError)
    }
    assert others & set(codes) == {"overloaded"}


def test_texts_begin_as_the_original_s_do() -> None:
    assert str(NotEnoughFunds(5)) == "Not enough funds in your wallet."
    assert str(FundingLimitReached(3)).startswith("Could not fundWallet")
    assert str(OperatorWalletEmpty(3)).startswith("Could not fundWallet")
    assert SettlementPending(30).code == "pending"
