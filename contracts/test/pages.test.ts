import { describe, expect, it } from "vitest";
import { placeAt } from "../src/pages.js";

describe("the addresses of the page", () => {
  it.each([
    ["/", { page: "analyse" }],
    ["/jobs/abc", { page: "analyse", jobId: "abc" }],
    ["/gallery", { page: "gallery" }],
    ["/gallery/add", { page: "gallery", identityId: "add" }],
    ["/about", { page: "about" }],
    ["/about/engineers", { page: "engineers" }],
    ["/about/", { page: "about" }],
  ])("%s", (path, place) => expect(placeAt(path)).toEqual(place));

  it.each(["/nowhere", "/jobs", "/jobs/a/b", "/about/me", "/v1/jobs", "//"])("not %s", (path) =>
    expect(placeAt(path)).toBeUndefined(),
  );
});
