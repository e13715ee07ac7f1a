"""Formats of the ledger (IOTA 1.5, "Chrysalis"): bytes in, objects out, and back.

An object that breaks a rule of the protocol cannot be made, from whatever side it comes: constructor, bytes or JSON.
Nothing here does input or output, reads a clock or a setting. What is not public below is in the modules:

- `datasouk.ledger.json`: the REST form of messages and their parts;
- `datasouk.ledger.keys`, `.signatures`, `.inclusion`: what needs a cryptographic library (extra ``server``), therefore
  not imported by the package itself: keys and derivation, who signed what, proof that a message is in the ledger.
"""

from datasouk.ledger.address import HRP_MAINNET, HRP_TESTNET, Address
from datasouk.ledger.errors import FormatError, LedgerError, SignatureRefused
from datasouk.ledger.indexation import Indexation
from datasouk.ledger.merkle import inclusion_merkle_root
from datasouk.ledger.message import (
    GENESIS_MESSAGE_ID,
    MAX_MESSAGE_BYTES,
    MIN_MESSAGE_BYTES,
    Message,
    MessageDraft,
    Payload,
    compute_message_id,
    compute_network_id,
)
from datasouk.ledger.milestone import Milestone, MilestoneEssence
from datasouk.ledger.outputs import (
    DUST_THRESHOLD_IOTA,
    TOKEN_SUPPLY_IOTA,
    Output,
    OutputType,
    UtxoInput,
    make_output_id,
    split_output_id,
)
from datasouk.ledger.parents import MAX_PARENTS
from datasouk.ledger.receipt import MigratedFunds, Receipt, TreasuryTransaction
from datasouk.ledger.transaction import Essence, ReferenceUnlock, SignatureUnlock, Transaction, Unlock

__all__ = [
    "DUST_THRESHOLD_IOTA",
    "GENESIS_MESSAGE_ID",
    "HRP_MAINNET",
    "HRP_TESTNET",
    "MAX_MESSAGE_BYTES",
    "MAX_PARENTS",
    "MIN_MESSAGE_BYTES",
    "TOKEN_SUPPLY_IOTA",
    "Address",
    "Essence",
    "FormatError",
    "Indexation",
    "LedgerError",
    "Message",
    "MessageDraft",
    "MigratedFunds",
    "Milestone",
    "MilestoneEssence",
    "Output",
    "OutputType",
    "Payload",
    "Receipt",
    "ReferenceUnlock",
    "SignatureRefused",
    "SignatureUnlock",
    "Transaction",
    "TreasuryTransaction",
    "Unlock",
    "UtxoInput",
    "compute_message_id",
    "compute_network_id",
    "inclusion_merkle_root",
    "make_output_id",
    "split_output_id",
]
