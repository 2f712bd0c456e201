export { bench } from "./command.js";
