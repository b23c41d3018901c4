import { buildParameters } from './build-parameters.ts';
import { chacraRepoExtra } from './chacra-repo-extra.ts';
import { chacraRepoUpdate } from './chacra-repo-update.ts';
import { gitbuilder } from './gitbuilder.ts';
import { latestSha1 } from './latest-sha1.ts';
import { onAgent } from './on-agent.ts';
import { shamanBuildStatus } from './shaman-build-status.ts';
import { shamanHasBuild } from './shaman-has-build.ts';
import { shamanNextNode } from './shaman-next-node.ts';
import type { Step } from './step.ts';
import { uploadToChacra } from './upload-to-chacra.ts';
import { useRepo } from './use-repo.ts';
import { waitForRepo } from './wait-for-repo.ts';
import { withShamanBuild } from './with-shaman-build.ts';

/** Every step of the library, in the order of its documentation. */
export const STEPS: readonly Step[] = [
  gitbuilder,
  buildParameters,
  onAgent,
  withShamanBuild,
  shamanBuildStatus,
  shamanHasBuild,
  shamanNextNode,
  uploadToChacra,
  chacraRepoExtra,
  chacraRepoUpdate,
  waitForRepo,
  latestSha1,
  useRepo,
];
