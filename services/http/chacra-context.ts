import type { PublishWaiters } from '../chacra/await-publish.ts';
import type { DiskUses } from '../chacra/disk-use.ts';
import type { PublishQueue } from '../chacra/publish-queue.ts';
import type { KeptFiles } from '../chacra/kept-files.ts';
import type {
  BlobStore,
  Clock,
  GenerationStore,
  PinStore,
  ProjectStore,
  RepoStore,
} from '../chacra/ports.ts';
import type { ProjectRules, RulesOf } from '../chacra/project-rules.ts';
import type { RepoActivity } from '../chacra/repo-activity.ts';
import type { RestoreIndex } from '../chacra/restore-index.ts';
import type { Retention } from '../chacra/run-retention.ts';
import type { UploadCollaborators } from '../chacra/upload-binary.ts';
import type { Turns } from '../platform/turns.ts';
import type { AccelRedirect } from './accel-redirect.ts';
import type { Holder } from './hold-request.ts';
import type { PieceBuffers } from './piece-buffers.ts';

/** What the handlers of a storage node work with; made once, in the composition root. */
export interface ChacraContext {
  readonly repos: RepoStore;
  readonly projects: ProjectStore;
  readonly blobs: BlobStore;
  readonly generations: GenerationStore;
  readonly kept: KeptFiles;
  readonly restoreIndex: RestoreIndex;
  readonly queue: PublishQueue;
  readonly publishes: PublishWaiters;
  readonly holder: Holder;
  readonly activity: RepoActivity;
  readonly pins: PinStore;
  readonly retention: Retention;
  readonly diskUses: DiskUses;
  readonly clock: Clock;
  /** In which long answers are made, a piece of one at a time. */
  readonly turns: Turns;
  readonly rulesOf: RulesOf;
  /** The rules of the projects that the configuration names. */
  readonly rules: ReadonlyMap<string, ProjectRules>;
  readonly upload: UploadCollaborators;
  readonly accelRedirect: AccelRedirect;
  readonly pieces: PieceBuffers;
  readonly stallMilliseconds: number;
  /** How long a replaced generation stays. */
  readonly keepMilliseconds: number;
  readonly publicKeyArmored: string | null;
  /** Empty when the node is fit to take uploads. */
  readonly problems: () => Promise<readonly string[]>;
  /** What an operator should know of a node that is still fit. */
  readonly warnings: () => Promise<readonly string[]>;
  readonly version: string;
}
