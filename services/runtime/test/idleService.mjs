// A service that does nothing but live; run by service.nats.test.ts. START says how its start goes.
import { readSettings, runService, runtimeSettings } from "@similarfaces/runtime";

await runService(process.env, {
  name: "idle",
  emitters: [],
  readConfig: (env) => readSettings(env, runtimeSettings),
  async start() {
    if (process.env.START === "fails") throw new Error("no such model");
    if (process.env.START === "hangs") await new Promise(() => {});
    if (process.env.START === "throws later") setTimeout(() => Promise.reject(new Error("forgotten")), 200);
    const fault = process.env.START === "has a fault" ? "the store keeps what is deleted" : undefined;
    return {
      unready: () => fault,
      drain: async () => process.env.START === "drains for ever" && new Promise(() => {}),
    };
  },
});
