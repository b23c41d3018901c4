import type {
  ExplainedPackage,
  ExplainedSource,
  Explanation,
  UnreadPackage,
} from '../domain/explanation.ts';
import type { Generation, PublishedPackage } from '../domain/generation.ts';
import { repoPath } from '../domain/identity.ts';
import { fitsPattern } from '../domain/name-pattern.ts';
import { packageName } from '../domain/package-header.ts';
import type { Binary, Repo } from '../domain/repo.ts';
import { chooseSources } from './choose-sources.ts';
import { dependentsOf } from './find-dependents.ts';
import type { Pauses } from './pauses.ts';
import type { BlobStore, GenerationStore, RepoStore } from './ports.ts';
import type { ProjectRules, RulesOf } from './project-rules.ts';

export interface ExplainCollaborators {
  readonly repos: RepoStore;
  readonly blobs: BlobStore;
  readonly generations: GenerationStore;
  readonly rulesOf: RulesOf;
  readonly rules: ReadonlyMap<string, ProjectRules>;
}

/** Packages that are looked at together, and what one costs beside a look at a binary. */
const AT_ONCE = 100;
const PIECES_OF_A_PACKAGE = 20;

/** Why a repo holds what it holds, and what depends on it. `asked`: a pattern of package or file names; null for none of them. */
export async function explainRepo(
  { repos, blobs, generations, rulesOf, rules }: ExplainCollaborators,
  repo: Repo,
  asked: string | null,
  pauses: Pauses,
): Promise<Explanation> {
  const { identity, head } = repo;
  const tree = repos.tree();
  const { from, suites } = chooseSources(repo, tree, rulesOf(identity.project));
  const taken = new Map(head.live?.sources.map((source) => [source.repo, source]));
  const sources: ExplainedSource[] = [
    {
      repo,
      origin: null,
      suites: [head.type === 'deb' ? identity.distroVersion : ''],
      isPublished: head.live?.revision === head.revision,
    },
    ...from.map((source): ExplainedSource => {
      const then = taken.get(repoPath(source.repo.identity));
      const { created, revision } = source.repo.head;
      return { ...source, isPublished: then?.created === created && then.revision === revision };
    }),
  ];
  // Extras that stand below `all` and below a ref of its own name a repo twice.
  const dependents = [...new Set(dependentsOf(identity, tree, rules))].flatMap((other) => {
    const all = chooseSources(other, tree, rulesOf(other.identity.project)).from;
    const found = all.find((source) => source.repo === repo);
    return found === undefined ? [] : [{ repo: other, origin: found.origin, suites: found.suites }];
  });
  const explained = { repo, suites, sources, dependents };
  if (asked === null) return { ...explained, packages: none() };
  const live = head.live === null ? null : await generations.read(identity, head.live.files);
  return { ...explained, packages: explainPackages(explained, live, asked, { blobs, pauses }) };
}

async function* none(): AsyncGenerator<never> {}

async function* explainPackages(
  explained: Pick<Explanation, 'repo' | 'sources'>,
  live: Generation | null,
  asked: string,
  { blobs, pauses }: { readonly blobs: BlobStore; readonly pauses: Pauses },
): AsyncGenerator<readonly ExplainedPackage[]> {
  const fits = ({ name, header }: ExplainedPackage) =>
    fitsPattern(asked, name) || (header !== null && fitsPattern(asked, packageName(header)));
  let some: Promise<ExplainedPackage>[] = [];
  const read = async (one: UnreadPackage): Promise<ExplainedPackage> => {
    const size = one.binary?.blob?.size ?? 0;
    return { ...one, header: await blobs.header({ sha256: one.sha256, size }, one.name) };
  };
  const all = packagesOf(explained, live);
  for (let next = all.next(); next.done !== true; next = all.next()) {
    some.push(read(next.value));
    if (some.length < AT_ONCE) continue;
    yield (await Promise.all(some)).filter(fits);
    some = [];
    await pauses.after(AT_ONCE * PIECES_OF_A_PACKAGE);
  }
  yield (await Promise.all(some)).filter(fits);
}

function* packagesOf(
  { repo, sources }: Pick<Explanation, 'repo' | 'sources'>,
  live: Generation | null,
): Generator<UnreadPackage> {
  const places = new Map<string, PublishedPackage>();
  for (const place of live?.packages ?? []) places.set(placeKey(place.suite, place.sha256), place);
  const left = reasonsOf(repo);
  const isKnown = new Set<string>();
  for (const source of sources) {
    for (const binary of source.repo.binaries.values()) {
      if (binary.blob === null) continue;
      const { name, blob } = binary;
      for (const suite of source.suites) {
        const key = placeKey(suite, blob.sha256);
        isKnown.add(key);
        const path = places.get(key)?.path ?? null;
        const one = { name, binary, sha256: blob.sha256, suite, path, source };
        yield { ...one, ...stateOf(repo, source, binary, { path, left }) };
      }
    }
  }
  for (const [key, { path, sha256, suite }] of places) {
    if (isKnown.has(key)) continue;
    const name = path.slice(path.lastIndexOf('/') + 1);
    const reason = 'its upload was replaced or deleted, or the rules are others now';
    yield { name, binary: null, sha256, suite, path, state: 'ends', reason, source: null };
  }
}

/** Why files were left out of the live generation, by the file. */
function reasonsOf({ head: { live } }: Repo): ReadonlyMap<string, string> {
  const all = [...(live?.incomplete ?? []), ...(live?.superseded ?? []), ...(live?.shadowed ?? [])];
  return new Map(all.map(({ from, arch, name, reason }) => [leftKey(from, arch, name), reason]));
}

function leftKey(from: string | undefined, arch: string, name: string): string {
  return `${from ?? ''}\n${arch}\n${name}`;
}

function placeKey(suite: string, sha256: string): string {
  return `${suite}\n${sha256}`;
}

function stateOf(
  { head }: Repo,
  { origin, repo: from }: ExplainedSource,
  { name, arch, revision }: Binary,
  { path, left }: { readonly path: string | null; readonly left: ReadonlyMap<string, string> },
): Pick<ExplainedPackage, 'state' | 'reason'> {
  if (path !== null) return { state: 'published', reason: null };
  const { live } = head;
  const place = origin === null ? undefined : repoPath(from.identity);
  const reason = left.get(leftKey(place, arch, name));
  if (reason !== undefined) return { state: 'left-out', reason };
  const seen =
    place === undefined
      ? live?.revision
      : live?.sources.find((source) => source.repo === place)?.revision;
  if (seen === undefined || revision > seen) return { state: 'next', reason: null };
  return { state: 'file', reason: 'no package that this kind of repository lists' };
}
