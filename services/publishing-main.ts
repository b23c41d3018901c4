import { DependentRepos } from './chacra/republish-dependents.ts';
import { GzipMembers } from './chacra/gzip-members.ts';
import { KeptFiles } from './chacra/kept-files.ts';
import { packagePicker } from './chacra/pick-packages.ts';
import { PublishQueue } from './chacra/publish-queue.ts';
import { publishRepo } from './chacra/publish-repo.ts';
import type { PublishCollaborators } from './chacra/publish-repo.ts';
import type { ProjectRules, RulesOf } from './chacra/project-rules.ts';
import { repoRenderer } from './chacra/render-repo.ts';
import { indexRestorer } from './chacra/restore-index.ts';
import type { Signer } from './chacra/signer.ts';
import type { Configuration } from './platform/settings.ts';

const INDEX_CACHE_BYTES = 16 * 1024 * 1024;
const PARALLEL_PUBLISHES = 4;

/** What makes repositories of uploads, put together: part of the storage node's composition root. */
export function openPublishing(
  parts: Pick<PublishCollaborators, 'repos' | 'blobs' | 'generations' | 'clock' | 'log'> & {
    readonly rulesOf: RulesOf;
    readonly rules: ReadonlyMap<string, ProjectRules>;
  },
  settings: Configuration['chacra'],
  signer: Signer | null,
) {
  const kept = new KeptFiles(parts.generations);
  const render = repoRenderer({
    members: new GzipMembers({ cacheBytes: INDEX_CACHE_BYTES }),
    signer,
    origin: settings.origin,
    description: settings.description,
  });
  const publishing = {
    ...parts,
    pick: packagePicker(parts),
    render,
    kept,
    signedBy: signer?.signsWith ?? null,
  };
  const queue = new PublishQueue({
    ...parts,
    publish: (identity) => publishRepo(publishing, identity),
    quietMilliseconds: settings.quietSeconds * 1000,
    parallel: PARALLEL_PUBLISHES,
  });
  const dependents = new DependentRepos({
    ...parts,
    startWhenQuiet: (identity) => queue.startWhenQuiet(identity),
  });
  return { kept, queue, dependents, restoreIndex: indexRestorer({ ...parts, render }) };
}
