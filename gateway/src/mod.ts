export type { Proxies } from "./access/clientAddress.js";
export { runKeysCommand } from "./keys/command.js";
export { openKeyBucket } from "./keys/keyBucket.js";
export { gatewaySettings, readConfig, type GatewayConfig } from "./config.js";
export { startGateway, type Gateway, type GatewayOptions } from "./gateway.js";
