export { clientOf, type Caller } from "./access/caller.js";
export type { Proxies } from "./access/clientAddress.js";
export { runKeysCommand } from "./keys/command.js";
export { openKeyBucket } from "./keys/keyBucket.js";
export { gatewaySettings, readConfig, type GatewayConfig } from "./config.js";
export { startGateway, type Gateway, type GatewayOptions } from "./gateway.js";
export { describeInstallation, type Installation } from "./system/about.js";
