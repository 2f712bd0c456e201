import { ConfigError, type Setting } from "@similarfaces/runtime/settings";
import { isCoreModel, isStageName } from "@similarfaces/contracts/stages";

/** The arithmetic of a graph's large layers. */
export const PRECISIONS = ["float32", "int8"] as const;
export type Precision = (typeof PRECISIONS)[number];

type Choice = "auto" | Precision;

/** Which variant of each model runs: one choice for all, and others for single models by name. */
export interface PrecisionChoice {
  readonly usual: Choice;
  readonly of: Readonly<Record<string, Choice>>;
}

export const AUTO: PrecisionChoice = { usual: "auto", of: {} };
const FLOAT32: PrecisionChoice = { usual: "float32", of: {} };

const FORM = "must be auto, int8 or float32, or per model, like auto,embed=float32";

/** `MODEL_PRECISION`: auto, int8 or float32; and per model, for instance `auto,embed=float32`. */
export const precisionSetting: Setting<PrecisionChoice> = {
  key: "MODEL_PRECISION",
  read(value = "") {
    const parts = value
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== "");
    const usual = parts.filter((part) => !part.includes("="));
    const named = parts.filter((part) => part.includes("=")).map(readNamed);
    const names = named.map(([name]) => name);
    if (usual.length > 1 || new Set(names).size < names.length) throw new Error(FORM);
    return { usual: readChoice(usual[0] ?? "auto"), of: Object.fromEntries(named) };
  },
};

function readNamed(part: string): [string, Choice] {
  const [name = "", choice = "", ...more] = part.split("=").map((item) => item.trim());
  if (!(isStageName(name) || isCoreModel(name)) || more.length > 0) throw new Error(FORM);
  return [name, readChoice(choice)];
}

function readChoice(text: string): Choice {
  const choice = (["auto", ...PRECISIONS] as const).find((known) => known === text);
  if (choice === undefined) throw new Error(FORM);
  return choice;
}

/**
 * The choice where a model server runs the graphs: float32, which is what is compiled for it, and which its metadata name.
 * @throws ConfigError where int8 is asked for
 */
export function precisionOnModelServer({ usual, of }: PrecisionChoice): PrecisionChoice {
  if ([usual, ...Object.values(of)].includes("int8")) {
    throw new ConfigError([
      "MODEL_PRECISION asks for int8, but a model server runs the graphs (NODE_TYPE), and it has those of float32; take auto or float32",
    ]);
  }
  return FLOAT32;
}
