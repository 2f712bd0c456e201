/** In place of a face whose picture cannot be had (any more). */
export function Silhouette(props: { alt: string }) {
  return (
    <svg
      viewBox="0 0 24 24"
      role="img"
      aria-hidden={props.alt === ""}
      aria-label={`${props.alt} (no picture)`}
    >
      <circle cx="12" cy="9.5" r="4" />
      <path d="M4.500 21a7.500 7.500 0 0 1 15 0z" />
    </svg>
  );
}
