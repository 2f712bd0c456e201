import { answersPerFace, withSources, type StageName } from "@similarfaces/contracts";

/** What one photo costs, as `measure.ts` finds it. Every figure is of the machine that it names. */
export interface Costs {
  measured: { date: string; machine: string; cores: number; node: string; natsServer: string; model: string };
  mix: string;
  facesPerPhoto: number;
  /** Mean of the squares, for faces come in bunches: one photo's all at once. */
  squaredFacesPerPhoto: number;
  /** Of every stage that had work of its own, whatever analyzers there were. */
  stages: Record<StageName, StageCost>;
  /** CPU time of the processes that everybody shares, milliseconds per photo. */
  gatewayCpuMsPerPhoto: number;
  brokerCpuMsPerPhoto: number;
  /** From upload to last answer of one photo alone, less what the stages on the longest path computed: milliseconds. */
  overheadMs: number;
  /** Work and results in the broker's streams, per photo. */
  messages: Record<MessageKind, { perPhoto: number; bytesEach: number }>;
  blobs: { uploadBytes: number; photoBytes: number; chipBytes: number };
  /** What one stream took on that machine, acknowledged, file storage, one replica. */
  streamPerSecond: { chips: number; results: number };
}

export type MessageKind = "image" | "face" | "embedding" | "result";

export interface StageCost {
  /** CPU time of its process per photo, or per face where it answers for faces: the model, and all that is around it. */
  cpuMs: number;
  /** Time from a worker beginning to the answer, on a machine that does nothing else. */
  computeMs: number;
  /** Variance of that over its square: 0 for a stage that always takes the same time. */
  squaredVariation: number;
}

/** The longest chain of stages, each of which is made of the answer of the one before: `match` is last. */
export const PATH: readonly StageName[] = withSources("match");

/** Answers of a stage per photo: those about faces may travel several in a message. */
export const perPhoto = (stage: StageName, { facesPerPhoto }: Costs): number =>
  answersPerFace(stage) ? facesPerPhoto : 1;

/** In the order in which they were measured: that of the table, then of the announcements. */
export const stagesOf = ({ stages }: Costs): (readonly [StageName, StageCost])[] => Object.entries(stages);

/** Prices are input: what is in prices.json are examples with their source. */
export interface Prices {
  source: string;
  /** Share of a node's cores that pods get: the rest is the kubelet's and the daemons'. */
  usableShare: number;
  instances: { name: string; nodeType: "cpu" | "inf2" | "inf1"; vcpus: number; usdPerHour: number | null }[];
}
