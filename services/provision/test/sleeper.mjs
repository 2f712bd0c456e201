// An analyzer that can be stopped and goes on: `node sleeper.mjs <url> <user, and its password> <name> <lease in ms> <renewal in ms>`.
import { AnnouncementSchema, create } from "@similarfaces/contracts";
import { announce, connectBroker, createLog } from "@similarfaces/runtime";

const [url, user, name, leaseMs, renewMs] = process.argv.slice(2);
const broker = await connectBroker({ url, name, user, password: user });
await announce(broker, create(AnnouncementSchema, { name }), {
  log: createLog({ service: name, level: "silent" }),
  leaseMs: Number(leaseMs),
  renewMs: Number(renewMs),
});
