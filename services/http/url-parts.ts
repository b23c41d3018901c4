/** A request's URL before and after its first "?": a later one belongs to the query (RFC 3986, 3.4). */
export function urlParts(url: string): { readonly path: string; readonly query: string | null } {
  const at = url.indexOf('?');
  return at < 0 ? { path: url, query: null } : { path: url.slice(0, at), query: url.slice(at + 1) };
}

/** Where a URL leads with a slash at the end of its path; null when it has one. */
export function withSlash(url: string, publicUrl: string): string | null {
  const { path, query } = urlParts(url);
  if (path.endsWith('/')) return null;
  return `${publicUrl}${path.slice(1)}/${query === null ? '' : `?${query}`}`;
}
