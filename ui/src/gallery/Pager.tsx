import { Show } from "solid-js";
import { Link } from "../components/Link";
import { addressOf, pagesOf, type PageOfPeople } from "./peoplePages";

/** The way to the pages before and after. */
export function Pager(props: { page: PageOfPeople }) {
  const hasNext = () => props.page.nextPageToken !== "";
  const pages = () => pagesOf(props.page);
  const to = (number: number) => addressOf(props.page.name, number);
  return (
    <Show when={pages() > 1}>
      <nav class="pager" aria-label="Pages of people">
        <Turn label="Previous" href={props.page.number > 1 ? to(props.page.number - 1) : undefined} />
        <span>
          Page {props.page.number.toLocaleString()} of {pages().toLocaleString()}
        </span>
        <Turn label="Next" href={hasNext() ? to(props.page.number + 1) : undefined} />
      </nav>
    </Show>
  );
}

function Turn(props: { href: string | undefined; label: string }) {
  return (
    <Show
      when={props.href}
      keyed
      fallback={
        <span class="button" aria-disabled="true">
          {props.label}
        </span>
      }
    >
      {(href) => (
        <Link class="button" href={href} onClick={() => scrollTo(0, 0)}>
          {props.label}
        </Link>
      )}
    </Show>
  );
}
