import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BROKER_PROGRAMS } from "@similarfaces/contracts/brokerUsers";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { COMPOSE_ANALYZERS, passwordVariable } from "./natsUsers.js";
import { BUILT, PROGRAMS, ROOT, variablesRead } from "./programs.js";
import type { Manifest } from "./render.js";

const compose = parse(readFileSync(join(ROOT, "compose.yaml"), "utf8"), { merge: true }) as Manifest;
const services: [string, Manifest][] = Object.entries(compose.services);

describe("compose.yaml", () => {
  it("is what the Compose specification allows", () => {
    const schema = JSON.parse(
      readFileSync(join(ROOT, "helm/test/schemas/compose-spec.json"), "utf8"),
    ) as object;
    const validate = new Ajv({ strict: false, validateFormats: false }).compile({
      ...schema,
      // Ajv's default export knows draft-07; nothing newer is used.
      $schema: "http://json-schema.org/draft-07/schema#",
    });
    validate(compose);
    expect(validate.errors ?? []).toEqual([]);
  });

  it("names services, volumes, targets and files that are there", () => {
    const names = services.map(([name]) => name);
    const targets = [...readFileSync(join(ROOT, "Dockerfile"), "utf8").matchAll(/^FROM \S+ AS (\S+)$/gm)].map(
      ([, target]) => target,
    );
    for (const [name, service] of services) {
      const needs = Array.isArray(service.depends_on)
        ? service.depends_on
        : Object.keys(service.depends_on ?? {});
      for (const need of needs) expect(names, name).toContain(need);
      if (service.build) expect(targets, name).toContain(service.build.target);
      for (const mount of (service.volumes ?? []) as string[]) {
        const source = mount.split(":")[0]!;
        if (source.startsWith("./")) expect(existsSync(join(ROOT, source)), source).toBe(true);
        else expect(Object.keys(compose.volumes), name).toContain(source);
      }
      const program = (service.command ?? []).find((word: string) => word.includes("/dist/"));
      if (program) expect(PROGRAMS, name).toContain(program);
    }
  });

  it("publishes nothing beyond this machine", () => {
    for (const [name, { ports = [] }] of services)
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/);
  });

  it.skipIf(!BUILT)("sets no variable that no service reads (needs npm run build)", () => {
    const own = services.filter(([, { image }]) => image.startsWith("similarfaces/"));
    const set = new Set(own.flatMap(([, { environment }]) => Object.keys(environment)));
    const read = variablesRead();
    expect([...set].filter((key) => !read.has(key))).toEqual([]);
  });

  it("gives every program its own user at the broker", () => {
    const passwords = compose.services.nats.environment;
    const own = services.filter(([, { image }]) => image.startsWith("similarfaces/"));
    expect(own.map(([, { environment }]) => environment.NATS_USER).sort()).toEqual(
      [...BROKER_PROGRAMS, ...COMPOSE_ANALYZERS].sort(),
    );
    for (const [name, { environment }] of own) {
      expect(environment.NATS_USER, name).toBe(name);
      expect(environment.NATS_PASSWORD, name).toBe(passwords[passwordVariable(environment.NATS_USER)]);
    }
  });

  it("has every target that Prometheus scrapes, and Prometheus every program", () => {
    const { scrape_configs } = parse(
      readFileSync(join(ROOT, "observability/prometheus/prometheus.yml"), "utf8"),
    ) as Manifest;
    const hosts = scrape_configs.flatMap(({ static_configs }: Manifest) =>
      static_configs.flatMap(({ targets }: Manifest) =>
        targets.map((target: string) => target.split(":")[0]),
      ),
    );
    const own = services.filter(([, { image }]) => image.startsWith("similarfaces/")).map(([name]) => name);
    const others = hosts.filter((host: string) => !own.includes(host));
    expect(others.filter((host: string) => !compose.services[host])).toEqual([]);
    expect(own.filter((name) => !hosts.includes(name))).toEqual([]);
  });
});
