// @iota/mam.js as a service for tests: NodeProcess(Path("tests/peers/mam.mjs")).

import { requirePeer, serve } from "./rpc.mjs";

const mam = requirePeer("@iota/mam.js");

await serve({
  /** `channel` holds the arguments of createChannel, and any of start, count, nextCount, index to set afterwards. */
  create({ channel: { seed, security, mode, sideKey, ...position }, messages }) {
    const state = Object.assign(mam.createChannel(seed, security, mode, sideKey), position);
    const made = messages.map((trytes) => {
      const { payload, root, address } = mam.createMessage(state, trytes);
      return { payload, root, address, nextRoot: state.nextRoot };
    });
    return { messages: made, state };
  },

  parse: ({ payload, root, sideKey }) => mam.parseMessage(payload, root, sideKey),
});
