import type { IncomingHttpHeaders } from 'node:http';

/** What came back from a controller, before anybody made sense of it. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Decoded JSON, text, or bytes: whatever the call wanted. */
  readonly body: unknown;
}

/** An answer, or why there is none: nothing is known of what happened. */
export type Heard =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'silence'; readonly reason: string };

/** One header; the first where it came more than once. */
export function headerOf({ headers }: Answer, name: string): string | null {
  const value = headers[name.toLowerCase()];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

/** The decoded path of `Location`, below whatever host: a controller builds it from the Host of the request. Empty for none. */
export function locationOf(answer: Answer): string {
  try {
    const location = headerOf(answer, 'location') ?? '';
    return decodeURIComponent(new URL(location, 'http://jenkins.invalid/').pathname);
  } catch {
    return '';
  }
}
