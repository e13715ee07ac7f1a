// @iota/mqtt.js as a service for tests: NodeProcess(Path("tests/clients/mqtt.mjs")).

import { requirePeer, serve } from "../peers/rpc.mjs";

const { MqttClient } = requirePeer("@iota/mqtt.js");
const { Converter } = requirePeer("@iota/util.js");

const clients = [];

const toJson = (value) => (value instanceof Uint8Array ? { hex: Converter.bytesToHex(value) } : value);
const fromJson = (value) => (value && Object.hasOwn(value, "hex") ? Converter.hexToBytes(value.hex) : value);

await serve({
  /** Make a client for an address such as mqtt://... or ws://.../mqtt; returns its number. */
  open({ url }) {
    const opened = { client: new MqttClient(url), statuses: [], subscriptions: {} };
    opened.client.statusChanged(({ type, state, error }) => opened.statuses.push({ type, state, error: `${error}` }));
    return clients.push(opened) - 1;
  },

  /** Call a method that subscribes; returns the id of the subscription. */
  subscribe({ client, method, args }) {
    const events = [];
    const subscription = { events, wake: () => {} };
    const id = clients[client].client[method](...args.map(fromJson), (topic, ...data) => {
      events.push({ topic, data: data.map(toJson) });
      subscription.wake();
    });
    clients[client].subscriptions[id] = subscription;
    return id;
  },

  /** The next event of a subscription. */
  async next({ client, id }) {
    const subscription = clients[client].subscriptions[id];
    while (subscription.events.length === 0) {
      await new Promise((resolve) => {
        subscription.wake = resolve;
      });
    }
    return subscription.events.shift();
  },

  /** How many events wait to be asked for. */
  waiting: ({ client, id }) => clients[client].subscriptions[id].events.length,

  unsubscribe: ({ client, id }) => clients[client].client.unsubscribe(id),

  /** What the client has said about itself so far. */
  statuses: ({ client }) => clients[client].statuses,

  /** End the connection; the package does that by itself only when nothing has come for a while. */
  close: ({ client }) => clients[client].client.mqttDisconnect(),
});

process.exit(0); // its timers would go on
