import { defineConfig } from "vitest/config";

/** One run over every workspace. Two files at a time: half of what a file does is to wait for a lease, a deadline or a process. */
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
    maxWorkers: 2,
    pool: "forks",
  },
});
