import { ErrorBoundary, Match, Suspense, Switch, createEffect, createMemo, lazy, on } from "solid-js";
import { Announcer } from "./announce";
import { Analyse } from "./analyse/Analyse";
import { Header } from "./Header";
import { Link } from "./components/Link";
import { Notice } from "./components/Notice";
import { route } from "./router";

const Gallery = lazy(() => import("./gallery/Gallery"));
const About = lazy(() => import("./about/About"));
const Engineers = lazy(() => import("./about/Engineers"));

const TITLES = {
  analyse: "Analyse",
  gallery: "Gallery",
  about: "About",
  engineers: "For engineers",
  missing: "Not found",
} as const;

export function App() {
  let main!: HTMLElement;
  // The address of one page changes too, with the face that is chosen or the name that is searched for.
  const page = createMemo(() => route().page);
  createEffect(() => {
    document.title = `${TITLES[page()]} - similarfaces`;
  });
  // A new page starts at its beginning, for the eye and for the keyboard.
  createEffect(
    on(
      page,
      () => {
        scrollTo(0, 0);
        main.focus({ preventScroll: true });
      },
      { defer: true },
    ),
  );
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Header />
      <main id="main" tabindex="-1" ref={main}>
        <ErrorBoundary fallback={(error: unknown) => <Broken error={error} />}>
          <Suspense>
            <Switch fallback={<Missing />}>
              <Match when={page() === "analyse"}>
                <Analyse />
              </Match>
              <Match when={page() === "gallery"}>
                <Gallery />
              </Match>
              <Match when={page() === "about"}>
                <About />
              </Match>
              <Match when={page() === "engineers"}>
                <Engineers />
              </Match>
            </Switch>
          </Suspense>
        </ErrorBoundary>
      </main>
      <Announcer />
    </>
  );
}

function Missing() {
  return (
    <div class="page">
      <h1 class="visually-hidden">Page not found</h1>
      <Notice
        title="There's no page at this address."
        actions={
          <Link class="button" href="/">
            Analyse a photo
          </Link>
        }
      />
    </div>
  );
}

/** A fault of the page itself, or a part of it that could not be loaded, as after an update. */
function Broken(props: { error: unknown }) {
  console.error(props.error);
  return (
    <div class="page">
      <h1 class="visually-hidden">Something went wrong</h1>
      <Notice
        kind="bad"
        title="Something went wrong on this page."
        actions={
          <button class="button" onClick={() => location.reload()}>
            Reload the page
          </button>
        }
      >
        Your photos and answers are safe on the server.
      </Notice>
    </div>
  );
}
