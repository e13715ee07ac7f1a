// The Node end of NodeProcess: answers calls that arrive on standard input, one JSON text a line.
//
//   {"id": 1, "method": "parse", "params": {...}}  ->  {"id": 1, "result": ...} or {"id": 1, "error": "..."}

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

/** Load one of the pinned packages, such as "@iota/mam.js", whatever folder the calling script lies in. */
export const requirePeer = createRequire(`${process.env.DATASOUK_PEERS}/package.json`);

/** Answer calls until standard input ends. `methods` maps a name to a function of one object, which may be async. */
export async function serve(methods) {
  console.log = console.error; // standard output belongs to the answers
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method, params } = JSON.parse(line);
    let answer;
    try {
      if (!Object.hasOwn(methods, method)) {
        throw new Error("no such method");
      }
      answer = { id, result: (await methods[method](params)) ?? null };
    } catch (error) {
      answer = { id, error: String(error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}
