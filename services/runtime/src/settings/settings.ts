/** One environment variable: its name and how its text becomes a value. */
export interface Setting<T> {
  readonly key: string;
  /** Gets undefined where the variable is unset or empty. @throws Error saying what is expected, never the value */
  read(text: string | undefined): T;
}

export type Settings<S extends Record<string, Setting<unknown>>> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

/** What must be configured differently: every bad key at once. Values are never printed: one of them may be a secret. */
export class ConfigError extends Error {
  override readonly name: string = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join("; "), options);
    this.problems = problems;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a configuration from environment variables, once, at the edge; the result is frozen.
 * @throws ConfigError with every bad key
 */
export function readSettings<S extends Record<string, Setting<unknown>>>(
  env: Environment,
  spec: S,
): Settings<S> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(spec)) {
    const text = env[setting.key]?.trim();
    try {
      values[name] = setting.read(text === "" ? undefined : text);
    } catch (error) {
      problems.push(`${setting.key} ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(values) as Settings<S>;
}

export function text(key: string, options: { default: string }): Setting<string> {
  return { key, read: (value) => value ?? options.default };
}

export function optional(key: string): Setting<string | undefined> {
  return { key, read: (value) => value };
}

export function integer(
  key: string,
  options: { min: number; max: number; default: number },
): Setting<number> {
  return {
    key,
    read: (value) => {
      if (value === undefined) return options.default;
      const number = Number(value);
      if (!Number.isInteger(number) || number < options.min || number > options.max) {
        throw new Error(`must be a whole number from ${options.min} to ${options.max}`);
      }
      return number;
    },
  };
}

/** A port to listen on; 0 is any free one, and undefined leaves the choice to whoever listens. */
export function optionalPort(key: string): Setting<number | undefined> {
  const setting = integer(key, { min: 0, max: 65535, default: 0 });
  return { key, read: (value) => (value === undefined ? undefined : setting.read(value)) };
}

/** A share, 0 to 1. */
export function ratio(key: string, options: { default: number }): Setting<number> {
  return {
    key,
    read: (value) => {
      if (value === undefined) return options.default;
      const number = Number(value);
      if (!(number >= 0 && number <= 1)) throw new Error("must be a number from 0 to 1");
      return number;
    },
  };
}

export function flag(key: string, options: { default: boolean }): Setting<boolean> {
  return {
    key,
    read: (value) => {
      if (value === undefined) return options.default;
      if (["1", "true", "yes", "on"].includes(value.toLowerCase())) return true;
      if (["0", "false", "no", "off"].includes(value.toLowerCase())) return false;
      throw new Error("must be true or false");
    },
  };
}

export function oneOf<const T extends string>(
  key: string,
  allowed: readonly T[],
  options: { default: T },
): Setting<T> {
  return {
    key,
    read: (value) => {
      if (value === undefined) return options.default;
      const found = allowed.find((candidate) => candidate === value);
      if (found === undefined) throw new Error(`must be one of ${allowed.join(", ")}`);
      return found;
    },
  };
}

/** Comma-separated. */
export function list(key: string, options: { default: readonly string[] }): Setting<readonly string[]> {
  return {
    key,
    read: (value) =>
      value === undefined
        ? options.default
        : value
            .split(",")
            .map((item) => item.trim())
            .filter((item) => item !== ""),
  };
}

export function url(
  key: string,
  protocols: readonly string[],
  options: { default: string },
): Setting<string> {
  const setting = optionalUrl(key, protocols);
  return { key, read: (value) => setting.read(value) ?? options.default };
}

/** `protocols` without the colon, for instance ["http", "https"]. Several addresses may be given, comma-separated. */
export function optionalUrl(key: string, protocols: readonly string[]): Setting<string | undefined> {
  return {
    key,
    read: (value) => {
      for (const part of value?.split(",") ?? []) {
        if (!URL.canParse(part) || !protocols.includes(new URL(part).protocol.slice(0, -1))) {
          throw new Error(`must be a URL starting with ${protocols.join(":// or ")}://`);
        }
      }
      return value;
    },
  };
}
