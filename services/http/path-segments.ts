import { GitbuilderError } from '../domain/errors.ts';
import { urlParts } from './url-parts.ts';

/** The decoded segments of a URL's path; the last one is empty when it ends in "/". */
export function pathSegments(url: string): string[] {
  const { path } = urlParts(url);
  return path.slice(1).split('/').map(decodeSegment);
}

function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw badPath(segment, cause);
  }
}

/** The error of a path that is not valid percent-encoding. */
export function badPath(path: string, cause: unknown): GitbuilderError {
  const reason = 'it is not valid percent-encoding';
  return new GitbuilderError(
    'NAME_INVALID',
    { what: 'path', value: JSON.stringify(path), reason },
    { cause },
  );
}
