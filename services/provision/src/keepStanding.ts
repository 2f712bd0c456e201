import { announcementToJson, type Announcement } from "@similarfaces/contracts";
import { storeAnnouncement, type AnnouncedModels, type Broker, type Log } from "@similarfaces/runtime";

export interface StandingOptions {
  broker: Broker;
  log: Pick<Log, "warn">;
  models: AnnouncedModels;
  standing: readonly Announcement[];
  renewMs: number;
}

/**
 * Keeps analyzers announced whether or not any of them runs. Where one runs and announces something else, for instance as a later version,
 * its own announcement stays for as long as it renews it. Resolves when all are announced.
 */
export async function keepStanding(options: StandingOptions): Promise<{ close(): void }> {
  const { broker, log, models, standing, renewMs } = options;
  const own = standing.map((announcement) => ({
    announcement,
    text: JSON.stringify(announcementToJson(announcement)),
  }));

  const textOf = (name: string): string | undefined => {
    const announced = models.analyzers().find((analyzer) => analyzer.name === name);
    return announced && JSON.stringify(announced);
  };

  async function renew(): Promise<void> {
    for (const { announcement, text } of own) {
      const announced = textOf(announcement.name);
      if (announced !== undefined && announced !== text) continue;
      await storeAnnouncement(broker, announcement);
    }
  }

  const tryToRenew = () =>
    void renew().catch((err: unknown) =>
      log.warn({ err }, "the standing announcements could not be renewed"),
    );
  const isOneGone = () => own.some(({ announcement }) => textOf(announcement.name) === undefined);

  await renew();
  const timer = setInterval(tryToRenew, renewMs).unref();
  const offChange = models.onChange(() => {
    if (isOneGone()) tryToRenew();
  });
  const offReconnect = broker.onReconnect(tryToRenew);
  return {
    close() {
      clearInterval(timer);
      offChange();
      offReconnect();
    },
  };
}
