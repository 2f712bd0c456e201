import { Registry, type Metric, type OpenMetricsContentType } from "prom-client";

/** The same metrics in both text formats: Prometheus' own, and OpenMetrics, which alone has exemplars. */
export class Exposition {
  readonly plain = new Registry();
  readonly #open = new Registry<OpenMetricsContentType>();

  constructor() {
    this.#open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  }

  add<M extends Metric>(metric: M): M {
    this.plain.registerMetric(metric);
    this.#open.registerMetric(forOpenMetrics(metric));
    return metric;
  }

  async scrape(accept = ""): Promise<{ contentType: string; body: string }> {
    const registry = accept.includes("application/openmetrics-text") ? this.#open : this.plain;
    return { contentType: registry.contentType, body: await registry.metrics() };
  }
}

/** A counter is called without its `_total` there, and prom-client would rename the counter itself, for the plain format too. */
function forOpenMetrics(metric: Metric): Metric {
  const { name } = metric as unknown as { name: string };
  const family = name.replace(/_total$/, "");
  if (family === name) return metric;
  const view = {
    name: family,
    type: "counter",
    get: async () => ({ ...(await metric.get()), name: family }),
  };
  return view as unknown as Metric;
}
