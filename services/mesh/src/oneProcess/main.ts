import { oneProcessEnvironment } from "./environment.js";
import { openServedModels } from "./servedModels.js";

const env = oneProcessEnvironment(process.env);
// First: the graphs load in a thread of their own while this one loads the code of all services, which takes as long.
const opening = openServedModels(env);
const { runMesh } = await import("./mesh.js");
await runMesh(env, opening);
