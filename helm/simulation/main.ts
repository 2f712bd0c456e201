// Runs the scenarios and prints their table; with a path, draws the first ones there:
//   npx tsx helm/simulation/main.ts helm/simulation/step.svg
import { writeFileSync } from "node:fs";
import { plot } from "./plot.js";
import { figures, run, scenarios } from "./scenarios.js";
import { table } from "./table.js";

const outcomes = scenarios().map((scenario) => ({ name: scenario.name, outcome: run(scenario) }));
console.log(table(outcomes.map(({ name, outcome }) => figures(name, outcome))));
const [, , path] = process.argv;
if (path) writeFileSync(path, plot(outcomes.slice(0, 3)));
