import type { IncomingMessage, ServerResponse } from 'node:http';
import { requireRoom, uploadBinary } from '../chacra/upload-binary.ts';
import { attachBinary } from '../chacra/attach-binary.ts';
import type { ByteFlow } from '../chacra/ports.ts';
import type { NewBinary, OnConflict, UploadOutcome } from '../chacra/record-binary.ts';
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
  const { user, tell, refuse, ...target } = options;
  const arch = archOf(target.params);
  const expected = expectedDigests(request);
  await requireRoom(context.upload, declaredLength(request));
  const take = async (name: string, body: ByteFlow, onConflict: () => OnConflict) => {
    const upload = { identity, arch, name, user, expected, body, onConflict };
    const outcome = await uploadBinary(context.upload, upload);
    context.queue.startWhenQuiet(identity);
    const stored = context.repos.get(identity)?.binaries.get(binaryKey(arch, name))?.blob;
    tell({ name, outcome, sha256: stored?.sha256 ?? null, size: stored?.size ?? null });
    return outcome;
  };
  const body = wholeBody(request, response, {
    stallMilliseconds: context.stallMilliseconds,
    refuse,
  });
  const isMultipart = /^multipart\/form-data\b/i.test(request.headers['content-type'] ?? '');
  let outcome: UploadOutcome;
  if (request.headers['x-attach'] === '1') {
    outcome = await attach(context, request, { identity, arch, user }, target.name);
  } else if (isMultipart) {
    const onConflict = (forced: boolean): OnConflict =>
      forced || request.method === 'PUT' ? 'replace' : 'refuse-as-exists';
    outcome = await readMultipart(request, body, (fileName, file, isForced) =>
      take(parseBinaryName(target.name ?? fileName), file, () => onConflict(isForced())),
    );
  } else {
    if (target.name === null) throw new GitbuilderError('FILE_FIELD_MISSING');
    const name = parseBinaryName(target.name);
    const force = isForcedByQuery(request);
    if (!force) refuseOtherBytes(context, target, name, expected);
    outcome = await take(name, body, () => (force ? 'replace' : 'refuse-as-conflict'));
  }
  sendAnswer(response, { kind: 'json', status: outcome === 'created' ? 201 : 200, body: {} });
}

/** Puts bytes that are here already under the name in the URL; the request has no body. */
async function attach(
  context: ChacraContext,
  request: IncomingMessage,
  place: Pick<NewBinary, 'identity' | 'arch' | 'user'>,
  name: string | null,
): Promise<UploadOutcome> {
  const digests = expectedDigests(request);
  const sha256 = digests.find(({ algorithm }) => algorithm === 'sha256')?.hex;
  if (name === null || sha256 === undefined) {
    const reason = 'X-Attach goes with PUT and X-Checksum-Sha256 or ?sha256=';
    throw new GitbuilderError('REQUEST_INVALID', { reason });
  }
  const onConflict = () => (isForcedByQuery(request) ? 'replace' : 'refuse-as-conflict');
  const binary = { ...place, name: parseBinaryName(name), onConflict } as const;
  const outcome = await attachBinary(context.upload, binary, sha256);
  context.queue.startWhenQuiet(place.identity);
  return outcome;
}

function isForcedByQuery(request: IncomingMessage): boolean {
  return new URL(request.url ?? '', 'http://localhost').searchParams.get('force') === '1';
}

/** A stated digest tells before the body that the name holds other bytes. */
function refuseOtherBytes(
  { repos }: ChacraContext,
  target: UploadTarget,
  name: string,
  expected: readonly { readonly algorithm: string; readonly hex: string }[],
): void {
  const binary = repos
    .get(identityOf(target.params))
    ?.binaries.get(binaryKey(archOf(target.params), name));
  const stated = expected.find(({ algorithm }) => algorithm === 'sha256');
  if (binary?.blob === undefined || binary.blob === null || stated === undefined) return;
  if (binary.blob.sha256 !== stated.hex) throw new GitbuilderError('BINARY_CONFLICT', { name });
}

function declaredLength(request: IncomingMessage): number | null {
  const header = request.headers['content-length'];
  return header === undefined ? null : Number(header);
}
