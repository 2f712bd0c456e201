import { createSignal } from "solid-js";

export type Theme = "light" | "dark";

const system = matchMedia("(prefers-color-scheme: dark)");
const [chosen, setChosen] = createSignal(document.documentElement.dataset["theme"] as Theme | undefined);
const [systemDark, setSystemDark] = createSignal(system.matches);
system.addEventListener("change", () => setSystemDark(system.matches));

/** The system's, until the visitor chooses the other one (see public/theme.js). */
export const theme = (): Theme => chosen() ?? (systemDark() ? "dark" : "light");

export function switchTheme(): void {
  const next = theme() === "dark" ? "light" : "dark";
  document.documentElement.dataset["theme"] = next;
  setChosen(next);
  try {
    localStorage.setItem("theme", next);
  } catch {
    // Storage is switched off: for this visit only, then.
  }
}
