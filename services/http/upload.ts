import type { IncomingMessage, ServerResponse } from 'node:http';
import { requireRoom, uploadBinary } from '../chacra/upload-binary.ts';
import { attachBinary } from '../chacra/attach-binary.ts';
import type { ExpectedDigest } from '../chacra/check-digests.ts';
import type { NewBinary, OnConflict, RecordedBinary } from '../chacra/record-binary.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { binaryKey } from '../domain/repo.ts';
import { parseBinaryName } from '../domain/names.ts';
import { sendAnswer } from '../platform/answer.ts';
import { archOf, identityOf } from './addresses.ts';
import type { Tell } from './audit-trail.ts';
import type { ChacraContext } from './chacra-context.ts';
import { expectedDigests } from './expected-digests.ts';
import { readMultipart } from './multipart.ts';
import { pathSegments } from './path-segments.ts';
import { wholeBody } from './request-body.ts';
import type { BodyOptions } from './request-body.ts';

/** Where an upload goes: a multipart POST names its file inside, a PUT in the URL. */
export interface UploadTarget {
  readonly params: Readonly<Record<string, string>>;
  readonly name: string | null;
}

/**
 * Recognises an upload by method and path, before express sees it; null for anything else. JSON that
 * is posted is metadata, not a file.
 */
export function uploadTarget(request: IncomingMessage): UploadTarget | null {
  const { method } = request;
  if (method !== 'PUT' && (method !== 'POST' || isJson(request))) return null;
  const [root, ...parts] = pathSegments(request.url ?? '');
  if (root !== 'binaries') return null;
  if (parts.at(-1) === '') parts.pop();
  const [project, ref, sha1, distro, version, arch, ...rest] = parts;
  if (arch === undefined) return null;
  const flavored = rest[0] === 'flavors';
  const [flavor, name, ...extra] = flavored ? rest.slice(1) : ['default', ...rest];
  // `curl -T NAME …/NAME/` appends NAME once more to a URL that ends in a slash.
  if (extra.at(-1) === name) extra.pop();
  if (flavor === undefined || extra.length > 0) return null;
  const wantsName = method === 'PUT';
  if ((name !== undefined) !== wantsName) return null;
  const params = { project, ref, sha1, distro, version, arch, flavor };
  return {
    params: Object.fromEntries(Object.entries(params).map(([k, v]) => [k, v ?? ''])),
    name: name ?? null,
  };
}

function isJson(request: IncomingMessage): boolean {
  return /^application\/json\b/i.test(request.headers['content-type'] ?? '');
}

type UploadOptions = UploadTarget &
  Pick<BodyOptions, 'refuse'> & { readonly user: string; readonly tell: Tell };

/** Takes an upload in, in any of its three forms; for so long retention leaves its repo alone. */
export async function serveUpload(
  context: ChacraContext,
  request: IncomingMessage,
  response: ServerResponse,
  options: UploadOptions,
): Promise<void> {
  const identity = identityOf(options.params);
  const done = context.activity.uploading(identity);
  try {
    await takeIn(context, request, response, identity, options);
  } finally {
    done();
  }
}

/** Whatever can be refused is refused before the body. */
async function takeIn(
  context: ChacraContext,
  request: IncomingMessage,
  response: ServerResponse,
  identity: RepoIdentity,
  options: UploadOptions,
): Promise<void> {
  const place = { identity, arch: archOf(options.params), user: options.user };
  const expected = expectedDigests(request);
  await requireRoom(context.upload, declaredLength(request));
  const recorded =
    request.headers['x-attach'] === '1'
      ? await attach(context, request, place, expected, options.name)
      : await upload(context, request, response, { ...options, place, expected });
  context.queue.startWhenQuiet(identity);
  const { name, outcome, blob } = recorded;
  options.tell({ name, outcome, sha256: blob.sha256, size: blob.size });
  sendAnswer(response, { kind: 'json', status: outcome === 'created' ? 201 : 200, body: {} });
}

type Place = Pick<NewBinary, 'identity' | 'arch' | 'user'>;

/** Takes the bytes that the request brings: in a form, or as its body. */
async function upload(
  context: ChacraContext,
  request: IncomingMessage,
  response: ServerResponse,
  options: Pick<UploadOptions, 'name' | 'refuse'> & {
    readonly place: Place;
    readonly expected: readonly ExpectedDigest[];
  },
): Promise<RecordedBinary> {
  const { place, expected, refuse } = options;
  const { stallMilliseconds } = context;
  const body = wholeBody(request, response, { stallMilliseconds, refuse });
  const isMultipart = /^multipart\/form-data\b/i.test(request.headers['content-type'] ?? '');
  if (isMultipart) {
    const onConflict = (forced: boolean): OnConflict =>
      forced || request.method === 'PUT' ? 'replace' : 'refuse-as-exists';
    return readMultipart(request, body, async (fileName, file, isForced) => {
      const name = parseBinaryName(options.name ?? fileName);
      const rest = { body: file, expected, onConflict: () => onConflict(isForced()) };
      return uploadBinary(context.upload, { ...place, name, ...rest });
    });
  }
  if (options.name === null) throw new GitbuilderError('FILE_FIELD_MISSING');
  const name = parseBinaryName(options.name);
  const onConflict = conflictByQuery(request);
  if (onConflict !== 'replace') refuseOtherBytes(context, place, name, expected);
  const rest = { body, expected, onConflict: () => onConflict };
  return uploadBinary(context.upload, { ...place, name, ...rest });
}

/** Puts bytes that are here already under the name in the URL; the request has no body. */
async function attach(
  context: ChacraContext,
  request: IncomingMessage,
  place: Place,
  expected: readonly ExpectedDigest[],
  name: string | null,
): Promise<RecordedBinary> {
  const sha256 = sha256In(expected);
  if (name === null || sha256 === undefined) {
    const reason = 'X-Attach goes with PUT and X-Checksum-Sha256 or ?sha256=';
    throw new GitbuilderError('REQUEST_INVALID', { reason });
  }
  const onConflict = conflictByQuery(request);
  const binary = { ...place, name: parseBinaryName(name), onConflict: () => onConflict };
  return attachBinary(context.upload, binary, sha256);
}

/** What `?force=1` says of a name that other bytes have. */
function conflictByQuery(request: IncomingMessage): OnConflict {
  const { searchParams } = new URL(request.url ?? '', 'http://localhost');
  return searchParams.get('force') === '1' ? 'replace' : 'refuse-as-conflict';
}

/** A stated digest tells before the body that the name holds other bytes. */
function refuseOtherBytes(
  { repos }: ChacraContext,
  { identity, arch }: Place,
  name: string,
  expected: readonly ExpectedDigest[],
): void {
  const there = repos.get(identity)?.binaries.get(binaryKey(arch, name))?.blob?.sha256;
  const stated = sha256In(expected);
  if (there === undefined || stated === undefined || there === stated) return;
  throw new GitbuilderError('BINARY_CONFLICT', { name });
}

function sha256In(expected: readonly ExpectedDigest[]): string | undefined {
  return expected.find(({ algorithm }) => algorithm === 'sha256')?.hex;
}

function declaredLength(request: IncomingMessage): number | null {
  const header = request.headers['content-length'];
  return header === undefined ? null : Number(header);
}
