export { evaluateModels, type EvaluateModels } from "./evaluateModels.js";
