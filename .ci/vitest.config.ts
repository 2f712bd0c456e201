import { defineConfig } from "vitest/config";

/** One run over every workspace. Two cores: files side by side would only make time-outs of each other. */
export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: [
      "{contracts,gateway,ui,models,helm,observability}/test/**/*.test.ts",
      "services/*/test/**/*.test.ts",
      "models/evaluate/test/**/*.test.ts",
      "observability/{bench,load}/test/**/*.test.ts",
    ],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    pool: "forks",
  },
});
