import { brokerAccess, connectBroker } from "@similarfaces/runtime";
import { readConfig } from "../config.js";
import { runKeysCommand } from "./command.js";
import { openKeyBucket } from "./keyBucket.js";

/** `npm run keys` where there is no npm: in a gateway's container, with its own settings. */
const config = readConfig(process.env);
process.exitCode = await runKeysCommand(process.argv.slice(2), async (work) => {
  const broker = await connectBroker({ ...brokerAccess(config), name: "similarfaces keys" });
  try {
    return await work(await openKeyBucket(broker));
  } finally {
    await broker.close();
  }
});
