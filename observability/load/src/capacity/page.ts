import { answersPerFace } from "@similarfaces/contracts";
import { perPhoto, stagesOf, type Costs, type Prices } from "./costs.js";
import { planFor, type Demand } from "./plan.js";
import { BUSY_MAX } from "./queue.js";
import { limits, sharedLoad } from "./shared.js";

const RATES = [10, 100, 1_000, 10_000, 100_000];
const CARRY = [10, 1_000, 100_000];
export const P99_SECONDS = 2;

/** The page of observability/README.md, in Markdown. */
export function capacityPage(costs: Costs, prices: Prices, p99Seconds = P99_SECONDS): string {
  return [
    measuredCosts(costs),
    podTable(costs, prices, p99Seconds),
    priceTable(costs, prices, p99Seconds),
    carryTable(costs),
    breaksFirst(costs),
  ].join("\n\n");
}

function measuredCosts(costs: Costs): string {
  const { date, machine, cores, node, natsServer, model } = costs.measured;
  const rows = stagesOf(costs).map(([stage, { cpuMs, computeMs, squaredVariation }]) => {
    const per = answersPerFace(stage) ? "face" : "photo";
    return [stage, per, cpuMs.toFixed(1), computeMs.toFixed(1), squaredVariation.toFixed(2)];
  });
  return [
    `Measured on ${date}: ${machine}, ${cores} cores, Node ${node}, nats-server ${natsServer}, ${model}; photos \`${costs.mix}\`, ` +
      `${costs.facesPerPhoto.toFixed(2)} faces each. A photo alone needs ${total(costs).toFixed(0)} ms of CPU: ` +
      `gateway ${costs.gatewayCpuMsPerPhoto.toFixed(1)}, broker ${costs.brokerCpuMsPerPhoto.toFixed(1)}, and`,
    table(["stage", "per", "CPU ms", "compute ms", "squared variation"], rows),
  ].join("\n\n");
}

function total(costs: Costs): number {
  const ofStages = stagesOf(costs).map(([stage, { cpuMs }]) => cpuMs * perPhoto(stage, costs));
  return ofStages.reduce((sum, ms) => sum + ms, 0) + costs.gatewayCpuMsPerPhoto + costs.brokerCpuMsPerPhoto;
}

function podTable(costs: Costs, prices: Prices, p99Seconds: number): string {
  const rows = RATES.map((photosPerSecond) => {
    const { pods, gatewayPods, cores } = planFor({ photosPerSecond, p99Seconds }, costs, prices);
    return [photosPerSecond, ...Object.values(pods), gatewayPods, cores].map(whole);
  });
  return [
    `Pods of node type \`cpu\` (one core, one worker) for all results of 99 % of the photos within ${p99Seconds} s, ` +
      `each busy ${BUSY_MAX * 100} % at most:`,
    table(["photos/s", ...Object.keys(costs.stages), "gateway", "cores"], rows),
  ].join("\n\n");
}

function priceTable(costs: Costs, prices: Prices, p99Seconds: number): string {
  const demand: Demand = { photosPerSecond: 1_000, p99Seconds };
  const planned = planFor(demand, costs, prices).instances.map((instance) => [
    instance.name,
    prices.instances.find(({ name }) => name === instance.name)!.usdPerHour!.toFixed(4),
    whole(instance.nodes),
    instance.usdPerHour.toFixed(2),
    instance.usdPerThousandFaces.toFixed(4),
  ]);
  const unknown = prices.instances
    .filter(({ nodeType, usdPerHour }) => nodeType !== "cpu" || usdPerHour === null)
    .map(({ name }) => [name, "-", "not measured", "-", "-"]);
  return [
    `What that costs at ${whole(demand.photosPerSecond)} photos/s. Prices are input (\`prices.json\`: ${prices.source}); a core of theirs ` +
      "is taken for as fast as one of the machine above, which `--measure` on such a node replaces:",
    table(["instance", "USD/h", "nodes", "USD/h in all", "USD per 1,000 faces"], [...planned, ...unknown]),
  ].join("\n\n");
}

function carryTable(costs: Costs): string {
  const rows = CARRY.map((photosPerSecond) => {
    const { broker, blobs, gallery } = sharedLoad(photosPerSecond, costs);
    return [
      whole(photosPerSecond),
      whole(broker.messages),
      whole((photosPerSecond * costs.brokerCpuMsPerPhoto) / 1_000),
      bytes(broker.bytesIn),
      bytes(broker.bytesOut),
      whole(blobs.puts),
      whole(blobs.gets),
      whole(blobs.deletes),
      bytes(blobs.bytesIn),
      whole(gallery.searches),
    ];
  });
  return [
    "What broker, blob store and gallery must carry, per second. Three replicas write the broker's bytes three times; its cores are " +
      "as measured with the blobs in it too:",
    table(
      [
        "photos/s",
        "messages",
        "broker's cores",
        "into the broker",
        "out of it",
        "blob puts",
        "gets",
        "deletes",
        "bytes put",
        "searches",
      ],
      rows,
    ),
  ].join("\n\n");
}

function breaksFirst(costs: Costs): string {
  const [first, ...others] = limits(costs);
  const sentence = (limit: typeof first) =>
    `${limit!.part}, at ${whole(limit!.photosPerSecond)} photos/s (${limit!.why})`;
  const narrowest = limits(costs).find(({ stays }) => stays)!;
  const cells = Math.ceil(100_000 / (narrowest.photosPerSecond * BUSY_MAX));
  return [
    `**What breaks first:** ${sentence(first)}. Then ${others.map(sentence).join("; ")}. The limits of streams are those of one nats-server ` +
      "on the machine above, broker and publisher on the same two cores and one disk: a lower bound for a broker with a machine of its own.",
    `Everything else grows by adding pods. Beyond the limit of ${narrowest.part.split(",")[0]} a second installation stands beside the first, with its own broker, and ` +
      `a load balancer in front that keeps a job's requests at one of them: at 100,000 photos/s, ${whole(cells)} of them. ` +
      "A gallery is then an Elasticsearch that all of them share.",
  ].join("\n\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function bytes(perSecond: number): string {
  if (perSecond < 1e9) return `${(perSecond / 1e6).toPrecision(3)} MB`;
  return `${Number((perSecond / 1e9).toPrecision(3)).toLocaleString("en-US")} GB`;
}
