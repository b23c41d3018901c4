import { areSamePackages } from '../domain/generation.ts';
import type { Generation } from '../domain/generation.ts';
import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { LiveGeneration, Repo, RepoHead } from '../domain/repo.ts';
import type { Arrangement } from './arrangement.ts';
import { earlierContent, pickedContent } from './choose-content.ts';
import type { KeptFiles } from './kept-files.ts';
import type { Picks } from './pick-packages.ts';
import type { BlobStore, Clock, GenerationStore, Log, RepoStore } from './ports.ts';
import { whyDisabled } from './project-rules.ts';
import type { RulesOf } from './project-rules.ts';
import { begin, fail, failureOf, succeed } from './publish-steps.ts';
import type { Plan, RenderRepo } from './rendering.ts';

export type Picker = (repo: Repo) => Picks;

export interface PublishCollaborators {
  readonly repos: RepoStore;
  readonly blobs: BlobStore;
  readonly generations: GenerationStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly rulesOf: RulesOf;
  readonly pick: Picker;
  readonly render: RenderRepo;
  readonly kept: KeptFiles;
  /** Fingerprint of the key that signs what is rendered; null without one. */
  readonly signedBy: string | null;
}

/**
 * Publishes one repo: builds the next generation beside the live one and switches to it in one
 * durable write. Whatever goes wrong leaves the live generation as it is and the repo `failed`.
 */
export async function publishRepo(
  collaborators: PublishCollaborators,
  identity: RepoIdentity,
): Promise<void> {
  const { repos, blobs, clock, log } = collaborators;
  const started = clock.now();
  const repo = repos.changeSoon(identity, (current) =>
    current === undefined ? null : { head: begin(current, started) },
  );
  if (repo?.head.status !== 'building') return;
  const { generation: number } = repo.head;
  const picked = collaborators.pick(repo);
  const releases = [
    blobs.hold(picked.picks.flatMap(({ blob }) => (blob === null ? [] : [blob.sha256]))),
  ];
  // What a client has seen shall be there after a crash, too: others may be about to take it in.
  const areDurable = Promise.all(picked.others.map((other) => repos.settled(other)));
  const isTheirs = areDurable.then(
    () => false,
    () => true,
  );
  try {
    // Asked for before the configuration said so.
    if (collaborators.rulesOf(identity.project).disabled)
      throw new Error(whyDisabled(identity.project));
    const { goBackTo } = repo.head;
    if (goBackTo !== null) {
      // Asked for something else meanwhile, the repo does not name them any more.
      const { packages } = await collaborators.generations.read(identity, goBackTo);
      releases.push(blobs.hold(packages.map(({ sha256 }) => sha256)));
    }
    const live = await build(collaborators, repo, number, picked);
    await areDurable;
    await repos.change(identity, (current) =>
      current?.head.status === 'building' ? { head: succeed(current, live, clock.now()) } : null,
    );
    log.info(
      {
        repo: repoPath(identity),
        generation: number,
        packages: live.packages,
        milliseconds: clock.now().getTime() - started.getTime(),
      },
      'published',
    );
  } catch (cause) {
    // What another repo could not keep is no failure of this one: the queue tries again, without it.
    if (await isTheirs) throw cause;
    const failure = failureOf(cause);
    log.error({ repo: repoPath(identity), generation: number, err: cause }, 'publishing failed');
    const after = await repos.change(identity, (current) =>
      current?.head.status === 'building' ? { head: fail(current, failure, clock.now()) } : null,
    );
    // The write that failed took back that this publish ever began, so there was nothing to mark.
    if (after !== undefined && after.head.generation < number) throw cause;
  } finally {
    for (const release of releases) release();
    // Failed late, or deleted meanwhile: what was just written belongs to nobody.
    if (!standsOn(repos.get(identity)?.head, number))
      await collaborators.generations.remove(identity, number);
  }
}

function standsOn(head: RepoHead | undefined, number: number): boolean {
  if (head === undefined) return false;
  return head.live?.files === number || head.older.some(({ files }) => files === number);
}

async function build(
  collaborators: PublishCollaborators,
  repo: Repo,
  number: number,
  picked: Picks,
): Promise<LiveGeneration> {
  const { generations, clock, render, signedBy } = collaborators;
  const { identity, head } = repo;
  const { live: before, goBackTo } = head;
  const content =
    goBackTo === null
      ? await pickedContent(collaborators, repo, picked)
      : await earlierContent(collaborators, identity, goBackTo);
  const { arranged, archs, revision, headers } = content;
  const { shadowed, superseded, incomplete } = arranged;
  const previous = before === null ? null : await generations.read(identity, before.files);
  const live = {
    number,
    published: clock.now().toISOString(),
    revision,
    archs,
    packages: arranged.packages.length,
    signedBy,
    ...{ shadowed, superseded, incomplete },
    sources: picked.sources,
  };
  // Its files hold where nothing has changed since, all of them or those of a codename.
  const standing = head.rebuild || before?.signedBy !== signedBy ? null : previous;
  if (before !== null && standing !== null && isSame(standing, arranged)) {
    return { ...live, files: before.files };
  }
  const plan: Plan = {
    number,
    type: arranged.type,
    date: live.published,
    suites: arranged.suites,
    singleRoot: arranged.singleRoot,
    archs,
    packages: arranged.packages,
    revision,
    leftOut: { shadowed, superseded, incomplete },
  };
  const { files, bytes } = await render(plan, (sha256) => headers.get(sha256), standing);
  await generations.write(identity, { ...plan, files }, bytes);
  return { ...live, files: number };
}

function isSame(previous: Generation, arranged: Arrangement): boolean {
  return (
    previous.type === arranged.type &&
    previous.singleRoot === arranged.singleRoot &&
    previous.suites.join('\n') === arranged.suites.join('\n') &&
    areSamePackages(previous.packages, arranged.packages)
  );
}
