import { openKeyBucket, runKeysCommand } from "@similarfaces/gateway";
import { brokerAccess, connectBroker, type BrokerAccess } from "@similarfaces/runtime";
import { readConfigOrExplain } from "./readConfigOrExplain.js";
import { SetupError } from "../setupError.js";
import { readRunState } from "../supervisor/runState.js";

const PATIENCE_MS = 15_000;

/**
 * `npm run keys`: by the broker, so that the first key needs none. Who may read the data folder may do it.
 * @returns the exit code
 */
export async function keys(args: string[]): Promise<number> {
  return runKeysCommand(args, async (work) => {
    const where = brokerHere();
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const broker = await connectBroker({ ...where, name: "similarfaces keys", signal }).catch((cause) => {
      throw new SetupError(`The broker does not let us in: ${reasonOf(cause)}`, { cause });
    });
    try {
      return await work(await openKeyBucket(broker));
    } finally {
      await broker.close();
    }
  });
}

/** The broker that the environment names, else that of the mesh which runs on the data folder. @throws SetupError */
function brokerHere(): BrokerAccess {
  const config = readConfigOrExplain(process.env);
  if (!config) throw new SetupError("Nothing was changed.");
  const { natsUrl } = config;
  if (natsUrl) return brokerAccess({ ...config, natsUrl });
  const state = readRunState(config.dataDir);
  if (!state) throw new SetupError(`No mesh runs on ${config.dataDir}: start it first, or set NATS_URL.`);
  return { url: state.natsUrl, user: state.natsUser, password: state.natsPassword };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
