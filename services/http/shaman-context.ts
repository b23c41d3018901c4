import type { DistroTable } from '../domain/distros.ts';
import type { PlacementRule } from '../domain/placement.ts';
import type {
  BuildRecords,
  Clock,
  Commits,
  Log,
  NodeAssignments,
  NodeRecords,
  RepoRecords,
} from '../shaman/ports.ts';
import type { KeptSearches } from './kept-searches.ts';
import type { RepoTexts } from './repo-texts.ts';

/** What the handlers of the coordinator work with; made once, in the composition root. */
export interface ShamanContext {
  readonly repos: RepoRecords;
  readonly builds: BuildRecords;
  readonly commits: Commits;
  readonly nodes: NodeRecords;
  readonly assignments: NodeAssignments;
  readonly placement: readonly PlacementRule[];
  readonly fullBelowBytes: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly distros: DistroTable;
  readonly texts: RepoTexts;
  readonly searches: KeptSearches;
  /** Empty when the coordinator is fit to answer. */
  readonly problems: () => readonly string[];
  /** What an operator should know of a coordinator that is still fit. */
  readonly warnings: () => readonly string[];
  readonly version: string;
}
