import { binaryJson } from '../api/binary-json.ts';
import { CHACRA_ROUTES } from '../api/chacra-routes.ts';
import { BinaryMetadata } from '../api/chacra-schemas.ts';
import { announceBinary } from '../chacra/announce-binary.ts';
import { deleteBinary } from '../chacra/delete-binary.ts';
import { Pauses } from '../chacra/pauses.ts';
import type { FlavorLevel, RepoStore } from '../chacra/ports.ts';
import { GitbuilderError } from '../domain/errors.ts';
import { DEFAULT_FLAVOR } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { parseBinaryName, parseWord } from '../domain/names.ts';
import { binaryKey } from '../domain/repo.ts';
import type { Binary, Repo } from '../domain/repo.ts';
import { json } from '../platform/answer.ts';
import type { Answer } from '../platform/answer.ts';
import { archOf, identityOf, nameOf } from './addresses.ts';
import type { ChacraContext } from './chacra-context.ts';
import type { Exchange } from './exchange.ts';
import { userOf } from './exchange.ts';
import { descend, missing, namesBelow } from './levels.ts';
import { readJson } from './read-json.ts';
import type { Register } from './register.ts';
import { sendBlob } from './send-blob.ts';
import { joinRows, printRows, sendPieces } from './send-pieces.ts';

const ROUTES = CHACRA_ROUTES.binaries;

/** `/binaries/…`: what was uploaded, level by level, and the files themselves. */
export function binariesRoutes(register: Register, context: ChacraContext): void {
  const { repos, projects, queue } = context;

  register(ROUTES.projects, () => {
    const tree = repos.tree();
    const names = new Set([...projects.names(), ...tree.keys()]);
    const refs = (name: string) => [...(tree.get(name)?.keys() ?? [])];
    return json(Object.fromEntries([...names].sort().map((name) => [name, refs(name)])));
  });
  register(ROUTES.refs, ({ params }) => json(refsOf(context, params['project'] ?? '')));
  register(ROUTES.createProject, async ({ params }) => {
    const project = parseWord('project', params['project'] ?? '');
    await projects.create(project);
    return json(refsOf(context, project));
  });
  register(ROUTES.sha1s, ({ params }) => json(namesBelow(descend(repos, params).ref)));
  register(ROUTES.distros, ({ params }) => json(namesBelow(descend(repos, params).sha1)));
  register(ROUTES.versions, ({ params }) => {
    const versions = [...descend(repos, params).distro];
    return json(
      Object.fromEntries(versions.map(([version, flavors]) => [version, archsIn(flavors)])),
    );
  });
  register(ROUTES.archs, ({ params }) => {
    // A map: what people call an arch may be the name of what every object has.
    const names = new Map<string, string[]>();
    for (const { arch, name } of binariesIn(descend(repos, params).version)) {
      const known = names.get(arch);
      if (known === undefined) names.set(arch, [name]);
      else known.push(name);
    }
    return json(Object.fromEntries(names));
  });
  register(ROUTES.flavors, ({ params }) => {
    const arch = archOf(params);
    const flavors = [...descend(repos, params).version].flatMap(([flavor, repo]) => {
      const names = binariesOfArch(repo, arch).map(({ name }) => name);
      return names.length === 0 ? [] : [[flavor, names]];
    });
    if (flavors.length === 0) throw missing(`arch ${arch}`);
    return json(Object.fromEntries(flavors));
  });

  register(ROUTES.plain.list, (exchange) =>
    listing(context, exchange, defaultLast(descend(repos, exchange.params).version)),
  );
  register(ROUTES.flavored.list, (exchange) =>
    listing(context, exchange, [repoAt(repos, exchange.params)]),
  );

  for (const routes of [ROUTES.plainBinary, ROUTES.flavoredBinary]) {
    register(routes.download, (exchange) => download(context, exchange));
    register(routes.announce, async (exchange) => {
      const { params } = exchange;
      const body = await readJson(exchange, BinaryMetadata);
      const name = parseBinaryName(body.name);
      if (name !== nameOf(params)) {
        throw new GitbuilderError('REQUEST_INVALID', {
          reason: `the body names ${name}, the URL another file`,
        });
      }
      await announceBinary(context, identityOf(params), {
        arch: archOf(params),
        name,
        builtBy: body.built_by ?? userOf(exchange, 'upload'),
        force: body.force ?? false,
      });
      return json({});
    });
    register(routes.remove, async ({ params }) => {
      const identity = identityOf(params);
      await deleteBinary(context, identity, archOf(params), nameOf(params));
      queue.startWhenQuiet(identity);
      return { kind: 'empty', status: 204 };
    });
  }
}

function refsOf({ repos, projects }: ChacraContext, project: string): Record<string, string[]> {
  const level = repos.tree().get(project);
  if (level === undefined && !projects.has(project)) throw missing(`project ${project}`);
  return level === undefined ? {} : namesBelow(level);
}

function archsIn(flavors: FlavorLevel): string[] {
  return [...new Set(binariesIn(flavors).map(({ arch }) => arch))].sort();
}

function binariesIn(flavors: FlavorLevel): Binary[] {
  return [...flavors.values()].flatMap((repo) => [...repo.binaries.values()]);
}

function binariesOfArch(repo: Repo, arch: string): Binary[] {
  return [...repo.binaries.values()].filter((binary) => binary.arch === arch);
}

/** Of a name in two flavors the last stands in a listing: the default one's, to which a plain URL uploads. */
function defaultLast(flavors: FlavorLevel): Repo[] {
  const isDefault = (repo: Repo) => Number(repo.identity.flavor === DEFAULT_FLAVOR);
  return [...flavors.values()].sort((a, b) => isDefault(a) - isDefault(b));
}

function repoAt(repos: RepoStore, params: Readonly<Record<string, string>>): Repo {
  const { flavor } = identityOf(params);
  const repo = descend(repos, params).version.get(flavor);
  if (repo === undefined) throw missing(`flavor ${flavor}`);
  return repo;
}

/** As chacractl reads it after each upload: with the sha512 of everything that was there when it asked. */
async function listing(
  { blobs, clock, turns }: ChacraContext,
  { params, response }: Exchange,
  repos: readonly Repo[],
): Promise<Answer> {
  const arch = archOf(params);
  // By name: of one in two flavors the last stands here.
  const binaries = new Map<string, FoundHere>();
  for (const { identity, binaries: all } of repos) {
    for (const binary of all.values())
      if (binary.arch === arch) binaries.set(binary.name, { identity, binary });
  }
  if (binaries.size === 0) throw missing(`arch ${arch}`);
  const now = clock.now();
  const print = async ([name, { identity, binary }]: readonly [string, FoundHere]) => {
    const checksum = binary.blob === null ? null : await blobs.sha512(binary.blob);
    return `${JSON.stringify(name)}:${JSON.stringify(binaryJson(identity, binary, checksum, now))}`;
  };
  const rows = printRows([...binaries], new Pauses(() => turns.next()), print);
  return sendPieces(response, joinRows(rows, '{', '}'), { type: 'application/json' });
}

interface FoundHere {
  readonly identity: RepoIdentity;
  readonly binary: Binary;
}

async function download(context: ChacraContext, exchange: Exchange): Promise<Answer> {
  const { params } = exchange;
  const name = nameOf(params);
  const found = findBinary(context.repos, params, name);
  if (found === undefined) throw missing(`binary ${name}`);
  const { binary, identity } = found;
  if (binary.blob === null) throw missing(`the file of ${name} (only its metadata was uploaded)`);
  const sending = sendFile(context, exchange, binary, binary.blob.sha256);
  return sending.finally(context.activity.reading(identity));
}

/** Without a flavor in the URL any flavor's file is meant, the default one's first: as the original. */
function findBinary(
  repos: RepoStore,
  params: Readonly<Record<string, string>>,
  name: string,
): { readonly binary: Binary; readonly identity: RepoIdentity } | undefined {
  const key = binaryKey(archOf(params), name);
  const named = repos.get(identityOf(params));
  const isNamed = named?.binaries.has(key) === true || params['flavor'] !== undefined;
  const others = isNamed ? [] : descend(repos, params).version.values();
  for (const repo of [...(named === undefined ? [] : [named]), ...others]) {
    const binary = repo.binaries.get(key);
    if (binary !== undefined) return { binary, identity: repo.identity };
  }
  return undefined;
}

async function sendFile(
  { blobs, pieces, accelRedirect, clock }: ChacraContext,
  { request, response }: Exchange,
  binary: Binary,
  sha256: string,
): Promise<Answer> {
  await sendBlob(
    request,
    response,
    { open: () => blobs.open(sha256), pieces },
    {
      size: binary.blob?.size ?? 0,
      etag: `"${sha256}"`,
      modified: new Date(binary.modified),
      now: clock.now(),
      headers: {
        'Content-Type': 'application/octet-stream',
        'Content-Disposition': attachment(binary.name),
        'Cache-Control': 'no-cache',
      },
      accelRedirect: accelRedirect(request, sha256),
    },
  );
  return { kind: 'sent' };
}

/** RFC 6266: the plain form for clients such as `curl -OJ`, the other one for any name. */
function attachment(name: string): string {
  const plain = name.replace(/[^ !#-[\]-~]/gu, '_');
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (one) => `%${hex(one)}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase();
}
