import { ANALYZERS, type AnalyzerName } from "@similarfaces/contracts";
import type { Setting } from "@similarfaces/runtime";

const analyzer: Setting<AnalyzerName> = {
  key: "ANALYZER",
  read: (value) => {
    const found = ANALYZERS.find((name) => name === value);
    if (!found) throw new Error(`is required: one of ${ANALYZERS.join(", ")}`);
    return found;
  },
};

/** Which of the four a process is. */
export const analyzerSettings = { analyzer };
