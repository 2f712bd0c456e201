export default function About() {
  return (
    <div class="page">
      <h1>About</h1>
    </div>
  );
}
