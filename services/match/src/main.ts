import { runService } from "@similarfaces/runtime";
import { readConfig } from "./config.js";
import { startMatch } from "./startMatch.js";

await runService(process.env, {
  name: "match",
  emitters: ["stage", "match"],
  readConfig,
  start: (context) => startMatch(context),
});
