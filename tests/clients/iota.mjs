// @iota/iota.js as a service for tests: NodeProcess(Path("tests/clients/iota.mjs"), url of the node).
//
// Bytes travel as {"hex": "..."} both ways, a seed as {"seed": "..."}, which becomes an Ed25519Seed; null stands for undefined.

import { requirePeer, serve } from "../peers/rpc.mjs";

const iota = requirePeer("@iota/iota.js");
const { Blake2b } = requirePeer("@iota/crypto.js");
const { Converter, WriteStream } = requirePeer("@iota/util.js");

const [, , url] = process.argv;
const remoteWork = new iota.SingleNodeClient(url);
const localWork = new iota.SingleNodeClient(url, { powProvider: new iota.LocalPowProvider() });

function fromJson(value) {
  if (value && Object.hasOwn(value, "hex")) {
    return Converter.hexToBytes(value.hex);
  }
  if (value && Object.hasOwn(value, "seed")) {
    return new iota.Ed25519Seed(Converter.hexToBytes(value.seed));
  }
  return value ?? undefined;
}

function toJson(value) {
  if (value instanceof Uint8Array) {
    return { hex: Converter.bytesToHex(value) };
  }
  const isPlain = value && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toJson(each)])) : value;
}

await serve({
  /** A method of SingleNodeClient. */
  client: async ({ name, args, local }) => toJson(await (local ? localWork : remoteWork)[name](...args.map(fromJson))),

  /** A high-level function; the client is its first argument. */
  highLevel: async ({ name, args, local }) =>
    toJson(await iota[name](local ? localWork : remoteWork, ...args.map(fromJson))),

  /** Fields of a failed call that applications read. */
  async failure({ name, args }) {
    try {
      await remoteWork[name](...args.map(fromJson));
    } catch (error) {
      return { kind: error.constructor.name, message: error.message, status: error.httpStatus, code: error.code };
    }
    throw new Error("it did not fail");
  },

  /** Addresses as the package derives them, external ones from index 0 on. */
  addresses({ seed, count, hrp }) {
    return Array.from({ length: count }, (_, index) => {
      const path = iota.generateBip44Path(0, index, false);
      const key = fromJson({ seed }).generateSeedFromPath(path).keyPair();
      const bytes = new iota.Ed25519Address(key.publicKey).toAddress();
      return { hex: Converter.bytesToHex(bytes), bech32: iota.Bech32Helper.toBech32(0, bytes, hrp) };
    });
  },

  /** The bytes and ids of a message as the package writes and computes them. */
  describe({ message }) {
    const [whole, payload] = [new WriteStream(), new WriteStream()];
    iota.serializeMessage(whole, message);
    iota.serializePayload(payload, message.payload ?? undefined);
    const bytes = whole.finalBytes();
    return {
      bytes: Converter.bytesToHex(bytes),
      messageId: Converter.bytesToHex(Blake2b.sum256(bytes)),
      transactionId: Converter.bytesToHex(Blake2b.sum256(payload.finalBytes().slice(4))), // without its length
    };
  },
});
