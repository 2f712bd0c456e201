import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";
import solid from "vite-plugin-solid";

const SITE = new URL("dist/site", import.meta.url).pathname;

export default defineConfig({
  plugins: [solid(), compressed()],
  build: {
    outDir: SITE,
    emptyOutDir: true,
    // light-dark() and oklch() as they are written.
    target: ["chrome123", "edge123", "firefox128", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // How long plugins took is not news for whoever starts the mesh.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: {
    // `npm run dev`: the page from source, everything else from the gateway. With the visitor's own Host: the gateway
    // compares it with the Origin.
    proxy: {
      "/v1": { target: process.env["GATEWAY"] ?? "http://127.0.0.1:8080", ws: true, changeOrigin: false },
    },
  },
});

/** What the gateway serves compressed is compressed once, here (see gateway/src/system/site.ts). */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    closeBundle() {
      for (const entry of readdirSync(SITE, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(html|js|css|svg|json|txt)$/.test(entry.name)) continue;
        const file = join(entry.parentPath, entry.name);
        const bytes = readFileSync(file);
        writeFileSync(`${file}.br`, brotliCompressSync(bytes));
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}
