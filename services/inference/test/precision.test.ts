import { fileURLToPath } from "node:url";
import { ConfigError, readSettings } from "@similarfaces/runtime";
import { describe, expect, it } from "vitest";
import {
  chooseVariant,
  findModels,
  inferenceSettings,
  modelName,
  modelsLine,
  namesInOneSpace,
  packsOf,
  processorOf,
  refusalOfVariant,
  thisProcessor,
  type Manifest,
  type Precision,
  type Variant,
} from "../src/mod.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));

const settingsOf = (env: Record<string, string>) =>
  readSettings({ MODELS_DIR: MODELS, ...env }, inferenceSettings);
const choiceOf = (MODEL_PRECISION: string) => settingsOf({ MODEL_PRECISION }).modelPrecision;

const VNNI = { arch: "x64", dotProduct: "avx512_vnni" } as const;
const NO_VNNI = { arch: "x64" } as const;

describe("MODEL_PRECISION", () => {
  it.each([
    ["", { usual: "auto", of: {} }],
    ["auto", { usual: "auto", of: {} }],
    ["int8", { usual: "int8", of: {} }],
    ["auto,embed=float32", { usual: "auto", of: { embed: "float32" } }],
    [" embed=int8 , float32, taste = auto,", { usual: "float32", of: { embed: "int8", taste: "auto" } }],
  ])("is read: %s", (text, choice) => {
    expect(choiceOf(text)).toEqual(choice);
  });

  it.each([
    "int4",
    "Taste=int8",
    "embed=",
    "embed",
    "embed=int8=int8",
    "int8,float32",
    "embed=int8,embed=auto",
  ])("is refused in words: %s", (text) => {
    expect(() => choiceOf(text)).toThrow(ConfigError);
    expect(() => choiceOf(text)).toThrow(
      "MODEL_PRECISION must be auto, int8 or float32, or per model, like auto,embed=float32",
    );
  });
});

describe("the processor's dot product", () => {
  /** As Linux writes it of each processor, shortened. */
  const x86 = (flags: string) =>
    `processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nflags\t\t: fpu sse4_2 avx2 ${flags} xsaves\nvmx flags\t: vnmi\n\n`;
  const arm = (features: string) =>
    `processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd evtstrm aes ${features} crc32\nCPU implementer\t: 0x41\n\n`;

  it.each([
    ["x64", "AVX-512 VNNI", x86("avx512f avx512_vnni"), "avx512_vnni"],
    ["x64", "AVX-VNNI", x86("avx_vnni"), "avx_vnni"],
    ["x64", "both", x86("avx_vnni avx512_vnni"), "avx512_vnni"],
    ["x64", "AVX2 alone", x86("avx512f"), undefined],
    ["x64", "a word that only begins so", x86("avx_vnni_int8"), undefined],
    ["x64", "one processor of two", x86("avx_vnni") + x86("f16c"), undefined],
    ["arm64", "the dot product", arm("asimddp") + arm("asimddp sve"), "asimddp"],
    ["arm64", "none", arm("asimdrdm"), undefined],
    ["arm64", "one core of two", arm("asimddp") + arm("asimdrdm"), undefined],
    ["x64", "another's", arm("asimddp"), undefined],
    ["riscv64", "of no kind that is known", x86("avx_vnni"), undefined],
    ["x64", "no flags", "processor\t: 0\n", undefined],
  ])("of %s: %s", (arch, _, cpuinfo, dotProduct) => {
    expect(processorOf(arch, cpuinfo)).toEqual(dotProduct ? { arch, dotProduct } : { arch });
  });

  it("is there on every arm64 macOS, and unknown where there is no /proc/cpuinfo", () => {
    expect(thisProcessor({ platform: "darwin", arch: "arm64" })).toEqual({
      arch: "arm64",
      dotProduct: "asimddp",
    });
    expect(thisProcessor({ platform: "darwin", arch: "x64" })).toEqual({ arch: "x64" });
    expect(thisProcessor({ platform: "win32", arch: "x64" })).toEqual({ arch: "x64" });
  });
});

describe("the variant in use", () => {
  const variant = (precision: Precision, figure?: number) =>
    ({ precision, file: `${precision}.onnx`, ...(figure === undefined ? {} : { figure }) }) as Variant;
  const model = (float32: number, int8: number, better: "higher" | "lower" = "higher") => ({
    id: "mine",
    figure: { name: "of it", better, lossMax: 0.01 },
    variants: [variant("float32", float32), variant("int8", int8)] as const,
  });
  const only = (precision: Precision) => ({ id: "mine", variants: [variant(precision)] as const });
  const chosen = (
    text: string,
    manifest: Pick<Manifest, "id" | "figure" | "variants">,
    processor: { arch: string; dotProduct?: string } = VNNI,
  ) => chooseVariant("taste", manifest, choiceOf(text), processor).precision;

  it("is by itself int8 where the processor has the dot product and the figure loses little", () => {
    expect(chosen("auto", model(0.9413, 0.9335))).toBe("int8");
    expect(chosen("auto", model(0.9413, 0.9335), { arch: "arm64", dotProduct: "asimddp" })).toBe("int8");
    expect(chosen("auto", model(0.9413, 0.9335), NO_VNNI)).toBe("float32");
    expect(chosen("auto", model(0.9413, 0.9335), { arch: "arm64" })).toBe("float32");
    expect(chosen("auto", model(0.9413, 0.9312))).toBe("float32");
    // .9413 - .9313 is .010000000000000009 in binary.
    expect(chosen("auto", model(0.9413, 0.9313))).toBe("int8");
    expect(chosen("auto", model(0.9413, 0.95))).toBe("int8");
  });

  it("is by itself float32 where a lower figure is better and int8's is too high", () => {
    expect(chosen("auto", model(4.38, 4.389, "lower"))).toBe("int8");
    expect(chosen("auto", model(4.38, 4.4, "lower"))).toBe("float32");
    expect(chosen("auto", model(4.38, 4.3, "lower"))).toBe("int8");
  });

  it("is the one that was asked for, whatever it loses", () => {
    expect(chosen("int8", model(0.9, 0.5), NO_VNNI)).toBe("int8");
    expect(chosen("float32", model(0.9, 0.9))).toBe("float32");
    expect(chosen("float32,taste=int8", model(0.9, 0.9))).toBe("int8");
    expect(chosen("int8,embed=float32", model(0.9, 0.9))).toBe("int8");
  });

  it("is the only one of a model that has one, unless another is asked for of it by name", () => {
    for (const text of ["auto", "int8", "float32", "int8,taste=auto"]) {
      expect(chosen(text, only("float32"))).toBe("float32");
      expect(chosen(text, only("int8"))).toBe("int8");
    }
    expect(() => chosen("auto,taste=int8", only("float32"))).toThrow(
      "mine: has no variant int8 (MODEL_PRECISION); there is float32",
    );
    expect(() => chosen("auto,taste=float32", only("int8"))).toThrow(/has no variant float32/);
  });

  it("is refused in words where it would be wrong: int8 on x86 without VNNI", () => {
    const refusal = (precision: Precision, processor: { arch: string; dotProduct?: string }) =>
      refusalOfVariant({ id: "mine" }, { precision }, processor);
    expect(refusal("int8", NO_VNNI)).toMatch(
      /^mine: int8 needs a processor with VNNI .* take MODEL_PRECISION=auto or float32$/,
    );
    expect(refusal("int8", VNNI)).toBeUndefined();
    expect(refusal("float32", NO_VNNI)).toBeUndefined();
    // There it is exact, only slower.
    expect(refusal("int8", { arch: "arm64" })).toBeUndefined();
  });
});

describe("beside a model server", () => {
  const server = { NODE_TYPE: "inf2", OIP_URL: "http://127.0.0.1:8000" };

  it("every model is float32, and so is its name", async () => {
    const choice = packsOf(settingsOf({ ...server, MODEL_PRECISION: "auto,embed=auto" }));
    const found = await findModels(choice, ["detect", "embed", "age"]);
    expect(found.map(modelName)).toEqual([
      "compact-detect@2.0.0+float32",
      "compact-embed@2.0.0+float32",
      "compact-age@2.0.0+float32",
    ]);
  });

  it.each(["int8", "auto,age=int8"])("int8 is refused in words: %s", (MODEL_PRECISION) => {
    expect(() => packsOf(settingsOf({ ...server, MODEL_PRECISION }))).toThrow(ConfigError);
    expect(() => packsOf(settingsOf({ ...server, MODEL_PRECISION }))).toThrow(
      /^MODEL_PRECISION asks for int8, but a model server runs the graphs/,
    );
    expect(packsOf(settingsOf({ MODEL_PRECISION })).precision).toEqual(choiceOf(MODEL_PRECISION));
  });
});

describe("names", () => {
  it("carry the precision where there are several, and say which embeddings are one space", async () => {
    const packs = { modelsDir: MODELS, pack: "compact" };
    const [embed] = await findModels({ ...packs, precision: choiceOf("int8") }, ["embed"]);
    expect(namesInOneSpace(embed!.manifest, embed!.variant)).toEqual([
      "compact-embed@2.0.0+int8",
      "compact-embed@2.0.0+float32",
    ]);
    const other = { ...embed!.manifest, oneSpace: false };
    expect(namesInOneSpace(other, embed!.variant)).toEqual(["compact-embed@2.0.0+int8"]);
    const [own] = await findModels({ ...packs, packs: { embed: "mobilefacenet" } }, ["embed"]);
    expect(namesInOneSpace(own!.manifest, own!.variant)).toEqual(["mobilefacenet@1.0.3"]);
  });

  it("stand in one line by precision", () => {
    const precisions: Record<string, Precision> = { detect: "int8", embed: "float32", age: "int8" };
    const running = (driver: "onnx" | "oip") =>
      ({ driver, model: (name: string) => ({ precision: precisions[name]! }) }) as never;
    const names = Object.keys(precisions);
    expect(modelsLine(running("onnx"), names, VNNI)).toBe(
      "detect, age as int8 (avx512_vnni); embed as float32",
    );
    expect(modelsLine(running("onnx"), ["embed"], VNNI)).toBe("embed as float32");
    expect(modelsLine(running("oip"), ["embed"], VNNI)).toBe("embed as float32 (on a model server)");
  });
});
