// A plain express server that does what `POST /newData` and `GET /stream` do, on SQLite: one durable transaction for
// each packet, no cache.  Arguments: port, folder with filled.json.  See bench/market_http.py.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

import { requirePeer } from "../../tests/peers/rpc.mjs";

const express = requirePeer("express");
const [port, folder] = process.argv.slice(2);
const filled = JSON.parse(readFileSync(`${folder}/filled.json`, "utf8"));

const hash = (text) => createHash("sha256").update(text).digest();
const database = new DatabaseSync(`${folder}/peer.db`);
database.exec(`
  PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=16000;
  CREATE TABLE device (id TEXT PRIMARY KEY, secret_hash BLOB NOT NULL);
  CREATE TABLE purchase (user TEXT, device TEXT, PRIMARY KEY (user, device)) WITHOUT ROWID;
  CREATE TABLE packet (device TEXT, time INTEGER, root TEXT, sidekey TEXT, message_id TEXT,
    PRIMARY KEY (device, time, message_id)) WITHOUT ROWID;
  CREATE UNIQUE INDEX packet_once ON packet (device, message_id);
`);
const insert = database.prepare("INSERT INTO packet VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
const findDevice = database.prepare("SELECT secret_hash FROM device WHERE id = ?");
const findPurchase = database.prepare("SELECT 1 FROM purchase WHERE user = ? AND device = ?");
const findPage = database.prepare(
  "SELECT time, root, sidekey, message_id AS messageId FROM packet WHERE device = ? AND time < ? ORDER BY time DESC LIMIT 20",
);

database.exec("BEGIN");
for (const [device, count] of Object.entries(filled.packets)) {
  database.prepare("INSERT INTO device VALUES (?, ?)").run(device, hash(filled.sk));
  database.prepare("INSERT INTO purchase VALUES (?, ?)").run(filled.userId, device);
  for (let number = 0; number < count; number++) {
    const time = Date.now() - (count - number) * 1000;
    insert.run(device, time, "ROOT9".repeat(16) + "9", "SIDEKEY99".repeat(9), randomBytes(32).toString("hex"));
  }
}
database.exec("COMMIT");

const app = express();
app.use(express.json());
app.get("/healthz", (_, response) => response.json({ status: "ok" }));
app.post("/newData", (request, response) => {
  const { id, packet, sk } = request.body;
  const device = findDevice.get(id);
  if (!device || !timingSafeEqual(hash(sk), device.secret_hash)) {
    return response.status(404).json({ error: "wrong device or key" });
  }
  insert.run(id, packet.time, packet.root, packet.sidekey, packet.messageId);
  return response.json({ success: true });
});
app.get("/stream", (request, response) => {
  const { userId, deviceId, time } = request.query;
  if (!findPurchase.get(userId, deviceId)) {
    return response.json({ success: false });
  }
  return response.json(findPage.all(deviceId, time ? Number(time) : Number.MAX_SAFE_INTEGER));
});
process.on("SIGTERM", () => process.exit(0));
app.listen(Number(port), "127.0.0.1");
