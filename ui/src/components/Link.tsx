import { splitProps, type JSX } from "solid-js";
import { navigate } from "../router";

/** A link inside the page: no reload, but a real link to open in another tab. */
export function Link(props: JSX.AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const [own, rest] = splitProps(props, ["href"]);
  return (
    <a
      href={own.href}
      {...rest}
      onClick={(event) => {
        if (event.defaultPrevented || event.button !== 0) return;
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        navigate(own.href);
      }}
    />
  );
}
