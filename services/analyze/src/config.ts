import { refusalOfAnalyzer } from "@similarfaces/contracts";
import type { Setting } from "@similarfaces/runtime";

const analyzer: Setting<string> = {
  key: "ANALYZER",
  read: (value = "") => {
    const refusal = value === "" ? "is required: the name of an analyzer's folder" : refusalOfAnalyzer(value);
    if (refusal !== undefined) throw new Error(refusal);
    return value;
  },
};

/** Which analyzer of the packs in use a process is. */
export const analyzerSettings = { analyzer };
