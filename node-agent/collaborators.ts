import type {
  AgentRecords,
  Clock,
  DemandRecords,
  Ids,
  JenkinsApi,
  Log,
  StandingRecord,
} from './ports.ts';
import type { SetupTokens } from './setup-tokens.ts';
import type { Situation } from './situation.ts';

/** What the configuration says of how agents are run. */
export interface AgentPolicy {
  /** Id of this service: nothing without it is ever touched. */
  readonly service: string;
  readonly totalCap: number | null;
  readonly graceMilliseconds: number;
  /** Name and label of the node that never connects, so that Jenkins names labels; null for none. */
  readonly anchor: string | null;
  /** The controller's URL as the configuration has it. */
  readonly controllerUrl: string;
  /** How long demands last that do not say it, and at most. */
  readonly demandSeconds: number;
  readonly longestDemandSeconds: number;
  /** How long an agent may be held for a look. */
  readonly longestHoldSeconds: number;
  readonly historyMilliseconds: number;
}

/** Where containers of a host reach this service and the controller; each with a slash at its end. */
export interface Reach {
  readonly serviceUrl: string;
  readonly controllerUrl: string;
}

/** Everything that the use cases of this service work with; made once, in the composition root. */
export interface Collaborators {
  readonly policy: AgentPolicy;
  readonly jenkins: JenkinsApi;
  readonly agents: AgentRecords;
  readonly demands: DemandRecords;
  readonly standing: StandingRecord;
  readonly situation: Situation;
  readonly tokens: SetupTokens;
  readonly reach: (host: string) => Reach;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Counts a container or node that was removed though nobody knew of it. */
  readonly leaked: (kind: 'container' | 'node') => void;
}
