// @iota/mam.js as a service for tests: NodeProcess(Path("tests/clients/mam.mjs"), url of the node).

import { requirePeer, serve } from "../peers/rpc.mjs";

const mam = requirePeer("@iota/mam.js");

const [, , url] = process.argv;

await serve({
  /** Create messages in a channel and attach each; `channel` holds what createChannel takes. */
  async publish({ channel: { seed, security, mode, sideKey }, messages, tag }) {
    const state = mam.createChannel(seed, security, mode, sideKey ?? undefined);
    const published = [];
    for (const trytes of messages) {
      const message = mam.createMessage(state, trytes);
      const { messageId } = await mam.mamAttach(url, message, tag ?? undefined);
      published.push({ messageId, root: message.root, address: message.address });
    }
    return { messages: published, nextRoot: state.nextRoot };
  },

  fetch: ({ root, mode, sideKey }) => mam.mamFetch(url, root, mode, sideKey ?? undefined),

  fetchAll: ({ root, mode, sideKey, limit }) =>
    mam.mamFetchAll(url, root, mode, sideKey ?? undefined, limit ?? undefined),
});
