import { Kvm } from "@nats-io/kv";
import {
  MODEL_BUCKET,
  RENEW_MS,
  announcementToJson,
  consumer,
  create,
  isCoreModel,
  AnnouncementSchema,
  type MessageInitShape,
} from "@similarfaces/contracts";
import { provideConsumer, type Broker } from "@similarfaces/runtime";

type Announcement = MessageInitShape<typeof AnnouncementSchema> & { name: string };

export const card = (id: string, precision = "float32", version = "1") => ({
  pack: "played",
  id,
  version,
  precision,
  licence: "MIT",
  source: "a test",
  notice: "",
  measured: [{ data: "nobody", n: 1, date: "2026-11", figures: { accuracy: 0.5 } }],
});

/** What the fixture's mesh has: a measure and a classification. */
export const AGE: Announcement = {
  name: "age",
  order: 1,
  title: { en: "age" },
  answers: [
    { name: "age", title: { en: "age" }, kind: { case: "measure", value: { words: { en: "{value}" } } } },
  ],
  model: card("played-age"),
};
export const GENDER: Announcement = {
  name: "gender",
  order: 2,
  title: { en: "gender" },
  answers: [{ name: "gender", title: { en: "gender" }, kind: { case: "classification", value: {} } }],
  model: card("played-gender"),
};
/** One that comes while the gateway runs. */
export const HAT: Announcement = {
  name: "hat",
  order: 0,
  title: { en: "hat" },
  answers: [{ name: "hat", title: { en: "hat" }, kind: { case: "classification", value: {} } }],
  model: card("played-hat"),
};

export interface PlayedAnalyzers {
  /** Makes an analyzer's consumer, as `provision` would, and stores the announcement; renewed until it is withdrawn. */
  announce(announcement: Announcement): Promise<void>;
  /** Its announcement is gone, as when its lease has lapsed. */
  withdraw(name: string): Promise<void>;
  /** And its consumer, as `provision` does after that. */
  retire(name: string): Promise<void>;
  stop(): void;
}

/** The announcements of models whose answers the test publishes. */
export function playAnalyzers(broker: Broker): PlayedAnalyzers {
  const renewals = new Map<string, NodeJS.Timeout>();
  const bucket = new Kvm(broker.js).open(MODEL_BUCKET);
  const withdraw = async (name: string) => {
    clearInterval(renewals.get(name));
    renewals.delete(name);
    await (await bucket).delete(name);
  };
  return {
    async announce(announcement) {
      const { name } = announcement;
      if (!isCoreModel(name)) await provideConsumer(broker, consumer(name));
      const record = JSON.stringify(announcementToJson(create(AnnouncementSchema, announcement)));
      const store = async () => void (await (await bucket).put(name, record));
      await store();
      clearInterval(renewals.get(name));
      renewals.set(
        name,
        setInterval(() => void store().catch(() => {}), RENEW_MS),
      );
    },
    withdraw,
    async retire(name) {
      await withdraw(name);
      const { stream, durable_name } = consumer(name);
      await broker.jsm.consumers.delete(stream, durable_name);
    },
    stop: () => renewals.forEach((renewal) => clearInterval(renewal)),
  };
}
