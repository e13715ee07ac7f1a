"""The tables of the marketplace, as numbered migrations that are only ever added to.

A packet lies in the order of (device, time, arrival), the order in which pages read it.  Two indexes say that a packet
is stored once, and find packets by arrival.  A device's row in ``stream`` is there as long as the device takes packets.

A movement of tokens has no settlement while it waits.  A settlement that was released stays, as it is what tells that
those that spend its outputs are void too.  A coin is what the last settlement has left to an address.

``AUTOINCREMENT`` keeps SQLite from giving a removed device's number to a new one: old purchases would open it.
"""

__all__ = ["MIGRATIONS"]

_FIRST = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter VALUES ('device list', 0);
CREATE TABLE account (
    id TEXT PRIMARY KEY, handle TEXT NOT NULL UNIQUE, user_id_hash BLOB NOT NULL UNIQUE, user_id_sealed BLOB NOT NULL,
    email TEXT, role TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)), needs_key INTEGER NOT NULL CHECK (needs_key IN (0, 1)),
    device_quota INTEGER NOT NULL CHECK (device_quota >= 0), created_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX account_email ON account (email, id) WHERE email IS NOT NULL;
CREATE TABLE api_key (
    id TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account (id), hash BLOB NOT NULL UNIQUE,
    label TEXT NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER) WITHOUT ROWID;
CREATE INDEX api_key_account ON api_key (account, id);
CREATE TABLE device (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, folded_id TEXT NOT NULL UNIQUE,
    row_id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL REFERENCES account (id),
    removing INTEGER NOT NULL DEFAULT 0 CHECK (removing IN (0, 1)),
    secret_hash BLOB NOT NULL, secret_sealed BLOB NOT NULL, data_key BLOB NOT NULL,
    price_iota INTEGER CHECK (price_iota >= 0), inactive INTEGER NOT NULL CHECK (inactive IN (0, 1)),
    created_ms INTEGER NOT NULL, record BLOB NOT NULL);
CREATE INDEX device_owner ON device (owner, number);
CREATE INDEX device_removing ON device (number) WHERE removing;
CREATE TABLE stream (
    device INTEGER PRIMARY KEY REFERENCES device (number), last_arrival INTEGER NOT NULL,
    newest_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL);
CREATE TABLE packet (
    device INTEGER NOT NULL, time_ms INTEGER NOT NULL CHECK (time_ms >= 0),
    arrival INTEGER NOT NULL CHECK (arrival > 0),
    root TEXT NOT NULL, side_key BLOB NOT NULL, message_id TEXT, fingerprint BLOB NOT NULL,
    received_ms INTEGER NOT NULL, PRIMARY KEY (device, time_ms, arrival)) WITHOUT ROWID;
CREATE UNIQUE INDEX packet_once ON packet (device, fingerprint);
CREATE UNIQUE INDEX packet_arrival ON packet (device, arrival);
CREATE TABLE purchase (
    account TEXT NOT NULL REFERENCES account (id), device INTEGER NOT NULL REFERENCES device (number),
    price_iota INTEGER NOT NULL CHECK (price_iota >= 0), bought_ms INTEGER NOT NULL,
    PRIMARY KEY (account, device)) WITHOUT ROWID;
CREATE INDEX purchase_device ON purchase (device);
CREATE TABLE wallet (
    row_id TEXT PRIMARY KEY, account TEXT UNIQUE REFERENCES account (id),
    device INTEGER UNIQUE REFERENCES device (number), address BLOB NOT NULL UNIQUE, seed BLOB NOT NULL,
    created_ms INTEGER NOT NULL, CHECK ((account IS NULL) <> (device IS NULL))) WITHOUT ROWID;
"""

_SETTLEMENTS = """
CREATE TABLE settlement (
    number INTEGER PRIMARY KEY AUTOINCREMENT, transaction_id BLOB NOT NULL UNIQUE, raw BLOB NOT NULL,
    leaves BLOB NOT NULL, made_ms INTEGER NOT NULL, message_id BLOB, settled_ms INTEGER,
    released INTEGER NOT NULL DEFAULT 0 CHECK (released IN (0, 1)));
CREATE INDEX settlement_open ON settlement (number) WHERE settled_ms IS NULL AND released = 0;
CREATE TABLE movement (
    id TEXT PRIMARY KEY, settlement INTEGER REFERENCES settlement (number), position INTEGER NOT NULL,
    kind TEXT NOT NULL, source BLOB NOT NULL, target BLOB NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0),
    made_ms INTEGER NOT NULL, account TEXT, device INTEGER, device_id TEXT,
    by_user_id INTEGER NOT NULL CHECK (by_user_id IN (0, 1)),
    untold INTEGER NOT NULL DEFAULT 0 CHECK (untold IN (0, 1))) WITHOUT ROWID;
CREATE INDEX movement_settlement ON movement (settlement, position);
CREATE INDEX movement_reason ON movement (account, kind, device);
CREATE INDEX movement_time ON movement (account, made_ms);
CREATE INDEX movement_untold ON movement (account, id) WHERE untold = 1;
CREATE INDEX movement_kind ON movement (kind, made_ms, amount);
CREATE TABLE coin (
    address BLOB PRIMARY KEY, output_id BLOB NOT NULL, amount INTEGER NOT NULL,
    settlement INTEGER NOT NULL) WITHOUT ROWID;
"""

_ENDOWMENTS = """
CREATE INDEX movement_of_nobody ON movement (target, kind) WHERE account IS NULL;
"""

MIGRATIONS = (_FIRST, _SETTLEMENTS, _ENDOWMENTS)
"""SQL statements, each ended by a semicolon; a released one is never changed."""
