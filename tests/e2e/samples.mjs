// What the marketplace's published JavaScript samples do, as a service for tests: NodeProcess(Path("samples.mjs"), url).
// Each function makes one sample's call in the sample's own way, and answers with what its last line would print.

import { randomBytes } from "node:crypto";
import { requirePeer, serve } from "../peers/rpc.mjs";

const fetch = requirePeer("node-fetch");
const { createChannel, createMessage, mamAttach, mamFetch, TrytesHelper } = requirePeer("@iota/mam.js");

const [, , url] = process.argv;

const TRYTES = "9ABCDEFGHIJKLMNOPQRSTUVWXYZ";

const randomTrytes = (count) => [...randomBytes(count)].map((byte) => TRYTES[byte % TRYTES.length]).join("");

const get = async (path) => (await fetch(`${url}${path}`)).json();

const send = async (method, path, body) => {
  const headers = { "Content-Type": "application/json" };
  return (await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) })).json();
};

// The publishing sample makes one seed for a run, and starts a channel from it for every packet.
const seed = randomTrytes(81);

await serve({
  devices: () => get("/devices"),

  ownDevices: ({ userId, apiKey }) => get(`/devices?userId=${userId}&apiKey=${apiKey}`),

  wallet: ({ userId }) => send("POST", "/wallet", { userId }),

  user: ({ userId }) => get(`/user?userId=${userId}`),

  stream: ({ deviceId, userId, time }) => get(`/stream?deviceId=${deviceId}&userId=${userId}&time=${time}`),

  purchase: ({ userId, deviceId }) => send("POST", "/purchaseStream", { userId, deviceId }),

  newDevice: ({ apiKey, id, device }) => send("POST", "/newDevice", { apiKey, id, device }),

  remove: ({ apiKey, deviceId }) => send("DELETE", "/delete", { apiKey, deviceId }),

  /** Publish a reading on the ledger, then hand its keys to the marketplace. */
  async publish({ id, sk, reading, tag }) {
    const time = Date.now();
    const sidekey = randomTrytes(81);
    const channel = createChannel(seed, 2, "restricted", sidekey);
    const trytes = TrytesHelper.fromAscii(encodeURI(JSON.stringify({ time, data: { ...reading } })));
    const message = createMessage(channel, trytes);
    const { messageId } = await mamAttach(url, message, tag);
    const packet = { time, root: message.root, sidekey, messageId };
    return { packet, answer: await send("POST", "/newData", { id, sk, packet }) };
  },

  /** Read a packet as its buyer does. */
  async read({ root, sidekey }) {
    const fetched = await mamFetch(url, root, "restricted", sidekey);
    return fetched && JSON.parse(decodeURI(TrytesHelper.toAscii(fetched.message)));
  },
});
