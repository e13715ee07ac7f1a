// A service for the tests of NodeProcess itself.

import { serve } from "./rpc.mjs";

await serve({
  echo: (params) => params,
  args: () => process.argv.slice(2),
  print: () => console.log("this must not disturb the answers"),
  fail: () => {
    throw new TypeError("on purpose");
  },
  later: async () => "later",
  never: () => new Promise((resolve) => setTimeout(resolve, 60_000)),
  end: () => {
    console.error("last words");
    process.exit(3);
  },
});
