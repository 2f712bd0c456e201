export function Analyse() {
  return <h1 class="page">Drop a photo</h1>;
}
