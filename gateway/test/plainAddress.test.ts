import { expect, it } from "vitest";
import { plainAddress } from "../src/http/uwsRequest.js";

it.each([
  ["127.0.0.1", "127.0.0.1"],
  ["0000:0000:0000:0000:0000:0000:0000:0001", "::1"],
  ["0000:0000:0000:0000:0000:ffff:7f00:0001", "127.0.0.1"],
  ["0000:0000:0000:0000:0000:ffff:c0a8:0a02", "192.168.10.2"],
  ["2001:0db8:0000:0000:0000:0000:0000:0001", "2001:0db8:0000:0000:0000:0000:0000:0001"],
])("%s, as uWS writes it, is %s", (written, plain) => expect(plainAddress(written)).toBe(plain));
