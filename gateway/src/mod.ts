export { gatewaySettings, readConfig, type GatewayConfig } from "./config.js";
export { startGateway, type Gateway, type GatewayOptions } from "./gateway.js";
export { describeInstallation, type About } from "./about.js";
