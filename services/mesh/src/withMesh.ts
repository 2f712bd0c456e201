/** Runs work against the mesh at `url`. */
export function withMesh<T>(url: string | undefined, work: (url: string) => Promise<T>): Promise<T> {
  return work(url ?? "http://127.0.0.1:8080");
}
