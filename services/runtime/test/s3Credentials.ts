import { afterAll, beforeAll } from "vitest";

export const KEYS = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] as const;

/** Credentials of the environment for the tests of a file; those of before come back after them. */
export function useTestCredentials(): void {
  const before = KEYS.map((key) => process.env[key]);
  beforeAll(() => {
    [process.env["AWS_ACCESS_KEY_ID"], process.env["AWS_SECRET_ACCESS_KEY"]] = ["test", "test-secret"];
  });
  afterAll(() => {
    for (const [i, key] of KEYS.entries()) {
      if (before[i] === undefined) delete process.env[key];
      else process.env[key] = before[i];
    }
  });
}
