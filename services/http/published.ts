import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FolderEntry } from '../chacra/find-published.ts';
import { findPublished, locateRepo } from '../chacra/find-published.ts';
import type { KeptIndex } from '../domain/export-tree.ts';
import type { PublishedPackage } from '../domain/generation.ts';
import type { Repo } from '../domain/repo.ts';
import { GitbuilderError } from '../domain/errors.ts';
import { repoPath } from '../domain/identity.ts';
import { sendAnswer } from '../platform/answer.ts';
import type { ChacraContext } from './chacra-context.ts';
import { isUnchanged, validators } from './conditions.ts';
import { directoryPage } from './directory-page.ts';
import { missing } from './levels.ts';
import { pathSegments } from './path-segments.ts';
import { sendBlob } from './send-blob.ts';
import { urlParts, withSlash } from './url-parts.ts';

const FOREVER = 'public, max-age=31536000, immutable';

/** Bytes up to here are sent as one string with their head: cheaper than a head and a buffer. */
const ONE_PIECE = 32 * 1024;

/** `GET /r/…`: the published repositories, answered before express sees the request. */
export async function servePublished(
  context: ChacraContext,
  request: IncomingMessage,
  response: ServerResponse,
  publicUrl: () => string,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new GitbuilderError('METHOD_NOT_ALLOWED', {
      method: request.method ?? '',
      allow: 'GET, HEAD',
    });
  }
  const segments = pathSegments(request.url ?? '').slice(1);
  const isFolderPath = segments.at(-1) === '';
  if (isFolderPath) segments.pop();
  const address = segments.map(plainSlashes);
  const located = locateRepo(context.repos, address);
  if (located === null) {
    sendFolder(request, response, publicUrl(), listAbove(context, address));
    return;
  }
  const { repo } = located;
  // Below a repo a name is what it is, also one with `%2F` in it.
  const rest = segments.slice(segments.length - located.rest.length);
  if (repo.head.live === null) {
    const fields = { repo: repoPath(repo.identity), status: repo.head.status };
    throw new GitbuilderError('NOT_PUBLISHED', fields);
  }
  context.activity.read(repo.identity);
  const found = await findPublished(context.kept, repo, rest);
  switch (found.kind) {
    case 'index':
      await sendIndex(context, request, response, repo, found.index, found.immutable);
      return;
    case 'package':
      await sendPackage(context, request, response, repo, found.file);
      return;
    case 'folder':
      sendFolder(request, response, publicUrl(), found.entries);
      return;
    case 'missing':
      throw missing(`/${rest.join('/')} in this repository`);
  }
}

/** apt decodes `%2F` itself, so our source lists say `%252F`; both mean the slash of a ref. */
function plainSlashes(segment: string): string {
  return segment.replace(/%2F/gi, '/');
}

/** The folders above the repositories: only what leads to a published one. */
function listAbove({ repos }: ChacraContext, segments: readonly string[]): FolderEntry[] {
  const names = new Set<string>();
  for (const { identity, head } of repos.all()) {
    if (head.live === null) continue;
    const { project, ref, sha1, distro, distroVersion, flavor } = identity;
    const path = [project, ref, sha1, distro, distroVersion, 'flavors', flavor];
    if (!segments.every((segment, at) => segment === path[at])) continue;
    const next = path[segments.length];
    if (next !== undefined) names.add(next);
  }
  if (names.size === 0 && segments.length > 0) throw missing(`/r/${segments.join('/')}`);
  return [...names].sort().map((name) => ({ name, isFolder: true, size: null }));
}

async function sendIndex(
  context: ChacraContext,
  request: IncomingMessage,
  response: ServerResponse,
  repo: Repo,
  index: KeptIndex,
  immutable: boolean,
): Promise<void> {
  const { file, date } = index;
  const modified = immutable ? date : null;
  const now = context.clock.now();
  const what = { size: file.size, etag: `"${file.sha256}"`, modified, now };
  // One object that grows: copying it twice is a tenth of what a request for a small file costs.
  const headers: Record<string, string | number> = validators(what, now);
  headers['Content-Type'] = contentType(file.path);
  headers['Cache-Control'] = immutable ? FOREVER : 'no-cache';
  headers['Accept-Ranges'] = 'bytes';
  if (isUnchanged(request, what)) {
    sendAnswer(response, { kind: 'empty', status: 304, headers });
    return;
  }
  const bytes = await context.restoreIndex(repo, index);
  if (request.headers.range !== undefined) {
    const open = () => Promise.resolve(readerOf(bytes));
    await sendBlob(request, response, { open, pieces: context.pieces }, { ...what, headers });
    return;
  }
  headers['Content-Length'] = bytes.length;
  response.writeHead(200, headers);
  if (request.method === 'HEAD') response.end();
  else if (bytes.length > ONE_PIECE) response.end(bytes);
  else
    response.end(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'),
      'latin1',
    );
}

function readerOf(bytes: Uint8Array) {
  return {
    size: bytes.length,
    read: (buffer: Uint8Array, position: number) => {
      const part = bytes.subarray(position, position + buffer.length);
      buffer.set(part);
      return Promise.resolve(part.length);
    },
    close: () => Promise.resolve(),
  };
}

async function sendPackage(
  { blobs, activity, accelRedirect, clock, pieces }: ChacraContext,
  request: IncomingMessage,
  response: ServerResponse,
  { identity }: Repo,
  { path, sha256, size, time }: PublishedPackage,
): Promise<void> {
  const done = activity.reading(identity);
  const sending = sendBlob(
    request,
    response,
    { open: () => blobs.open(sha256), pieces },
    {
      size,
      etag: `"${sha256}"`,
      modified: new Date(time * 1000),
      now: clock.now(),
      // Not for ever: once no kept generation names a path, other bytes may come to stand there.
      headers: { 'Content-Type': contentType(path), 'Cache-Control': 'no-cache' },
      accelRedirect: accelRedirect(request, sha256),
    },
  );
  await sending.finally(done);
}

function sendFolder(
  request: IncomingMessage,
  response: ServerResponse,
  publicUrl: string,
  entries: readonly FolderEntry[],
): void {
  const { url = '' } = request;
  const location = withSlash(url, publicUrl);
  if (location !== null) {
    sendAnswer(response, { kind: 'redirect', location });
    return;
  }
  const body = directoryPage(decodeURI(urlParts(url).path), entries);
  sendAnswer(response, { kind: 'text', body, type: 'text/html; charset=utf-8' });
}

function contentType(path: string): string {
  if (/\.(deb|ddeb)$/.test(path)) return 'application/vnd.debian.binary-package';
  if (path.endsWith('.rpm')) return 'application/x-rpm';
  if (path.endsWith('.gz')) return 'application/gzip';
  if (path.endsWith('.xml')) return 'application/xml';
  if (/\.(asc|gpg)$/.test(path)) return 'application/pgp-signature';
  if (/(^|\/)(In)?Release$|Packages$|Sources$|SHA256SUMS$/.test(path))
    return 'text/plain; charset=utf-8';
  return 'application/octet-stream';
}
