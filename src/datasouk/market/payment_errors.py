"""Why the marketplace does not move tokens: the part of `datasouk.market.errors` that is about money.

MarketError
└── PaymentError                 tokens were not moved, or not yet
├── NotEnoughFunds           the wallet holds less than the price and what it has to keep
├── DearerThanAllowed        the price is above the most that the buyer named
├── SpendingLimitReached     a user id alone may not spend so much (D2)
├── FundingLimitReached      the account was funded often enough within a day (D18)
├── OperatorWalletEmpty      the operator has nothing left to give
├── SettlementPending        it takes longer than the caller waits; it goes on, ask again to learn how it ended
├── SettlementOverloaded     more movements wait than the queue takes; try again
└── ReceiptRefused           a receipt does not prove what it says
"""

from datasouk.market.errors import MarketError

__all__ = [
    "DearerThanAllowed",
    "FundingLimitReached",
    "NotEnoughFunds",
    "OperatorWalletEmpty",
    "PaymentError",
    "ReceiptRefused",
    "SettlementOverloaded",
    "SettlementPending",
    "SpendingLimitReached",
]


class PaymentError(MarketError):
    """Tokens were not moved, or not yet."""

    code = "payment"


class NotEnoughFunds(PaymentError):
    """The wallet holds less than the price and what it has to keep."""

    code = "not_enough_funds"

    def __init__(self, price_iota: int) -> None:
        super().__init__("Not enough funds in your wallet.")
        self.price_iota = price_iota


class DearerThanAllowed(PaymentError):
    """The price is above the most that the buyer named."""

    code = "dearer_than_allowed"

    def __init__(self, price_iota: int, most_iota: int) -> None:
        super().__init__(f"the price is {price_iota}, you allowed at most {most_iota}")
        self.price_iota = price_iota
        self.most_iota = most_iota


class SpendingLimitReached(PaymentError):
    """A user id alone may not spend so much (D2)."""

    code = "spending_limit"

    def __init__(self, limit_iota: int, *, what: str) -> None:
        super().__init__(
            f"by user id alone at most {limit_iota} tokens {what} may be spent: "
            "send the API key too, as Authorization: Bearer KEY or X-API-Key: KEY"
        )
        self.limit_iota = limit_iota


class FundingLimitReached(PaymentError):
    """The account was funded often enough within a day (D18)."""

    code = "funding_limit"

    def __init__(self, limit: int) -> None:
        super().__init__(f"Could not fundWallet: a wallet is funded at most {limit} times a day")
        self.limit = limit


class OperatorWalletEmpty(PaymentError):
    """The operator has nothing left to give."""

    code = "operator_wallet_empty"

    def __init__(self, amount_iota: int) -> None:
        super().__init__(f"Could not fundWallet: the operator's wallet has no {amount_iota} tokens left to give")
        self.amount_iota = amount_iota


class SettlementPending(PaymentError):
    """It takes longer than the caller waits; it goes on, and asking again tells how it ended."""

    code = "pending"

    def __init__(self, waited_seconds: float) -> None:
        super().__init__(f"not settled within {waited_seconds:g} s: it goes on, ask again to learn how it ended")
        self.waited_seconds = waited_seconds


class SettlementOverloaded(PaymentError):
    """More movements wait than the queue takes; try again."""

    code = "overloaded"

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} movements of tokens wait to be settled, the most there may be: try again later")
        self.limit = limit


class ReceiptRefused(PaymentError):
    """A receipt does not prove what it says."""

    code = "receipt_refused"
