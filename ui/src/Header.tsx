import { For } from "solid-js";
import { Link } from "./components/Link";
import { openPhoto } from "./jobs/openPhoto";
import { route, type Route } from "./router";
import { switchTheme, theme } from "./theme";
import "./Header.css";

const PAGES = [
  { pages: ["analyse"], href: openPhoto, name: "Analyse" },
  { pages: ["gallery"], href: () => "/gallery", name: "Gallery" },
  { pages: ["about", "engineers"], href: () => "/about", name: "About" },
] satisfies { pages: Route["page"][]; href: () => string; name: string }[];

export function Header() {
  return (
    <header class="header">
      <Link class="header-name" href="/">
        <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
          <path d="M1 6V3a2 2 0 0 1 2-2h3M14 1h3a2 2 0 0 1 2 2v3M19 14v3a2 2 0 0 1-2 2h-3M6 19H3a2 2 0 0 1-2-2v-3M7 8v3M13 8v3" />
        </svg>
        similarfaces
      </Link>
      <nav class="header-pages" aria-label="Pages">
        <For each={PAGES}>
          {({ pages, href, name }) => (
            <Link
              href={href()}
              aria-current={pages.some((page) => page === route().page) ? "page" : undefined}
            >
              {name}
            </Link>
          )}
        </For>
      </nav>
      <button
        class="button button-plain button-icon header-theme"
        aria-label={theme() === "dark" ? "Light theme" : "Dark theme"}
        title={theme() === "dark" ? "Light theme" : "Dark theme"}
        onClick={switchTheme}
      >
        <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
          <circle cx="12" cy="12" r="8" fill="none" stroke="currentColor" stroke-width="2" />
          <path d="M12 4a8 8 0 0 1 0 16z" fill="currentColor" />
        </svg>
      </button>
    </header>
  );
}
