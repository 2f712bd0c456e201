import { openServedModels } from "./servedModels.js";

// First: the graphs load in a thread of their own while this one loads the code of all services, which takes as long.
const opening = openServedModels(process.env);
const { runMesh } = await import("./mesh.js");
await runMesh(process.env, opening);
