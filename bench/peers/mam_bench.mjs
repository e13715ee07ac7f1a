// @iota/mam.js measured in its own process; bench/mam.py calls this through tests/peers/rpc.mjs.
//
// Times are nanoseconds of process.hrtime around the one call that is measured. With the argument "memory" it makes
// and reads one message, given as JSON on standard input, and prints its peak memory instead.

import { readFileSync } from "node:fs";
import { requirePeer, serve } from "../../tests/peers/rpc.mjs";

const mam = requirePeer("@iota/mam.js");

/** Create one message; the time includes making the channel unless `channelIsOpen` (a message of a running channel). */
function create({ seed, security, sideKey, start, trytes, channelIsOpen }) {
  let before = process.hrtime.bigint();
  const state = mam.createChannel(seed, security, "restricted", sideKey);
  state.start = start; // mam.js keeps nothing but this from message to message
  if (channelIsOpen) {
    before = process.hrtime.bigint();
  }
  const { payload, root } = mam.createMessage(state, trytes);
  const ns = Number(process.hrtime.bigint() - before);
  return { ns, payload, root, nextRoot: state.nextRoot };
}

function parse({ payload, root, sideKey }) {
  const before = process.hrtime.bigint();
  const { message, nextRoot } = mam.parseMessage(payload, root, sideKey);
  const ns = Number(process.hrtime.bigint() - before);
  return { ns, message, nextRoot };
}

/** In KiB. Linux counts the parent's memory into maxRSS, as it was when Node was started, so ask for VmHWM there. */
function peakMemory() {
  try {
    return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))[1]);
  } catch {
    return process.resourceUsage().maxRSS;
  }
}

if (process.argv[2] === "memory") {
  const request = JSON.parse(readFileSync(0, "utf8"));
  const made = create(request);
  const { message } = parse({ ...made, sideKey: request.sideKey });
  console.log(JSON.stringify({ peak_kib: peakMemory(), is_correct: message === request.trytes }));
} else {
  await serve({ create, parse });
}
