import type { IncomingMessage } from 'node:http';
import type { HeldRequests } from '../../services/platform/held-requests.ts';
import type { AgentJarCache } from '../agent-jar-cache.ts';
import type { AgentLoops } from '../agent-loops.ts';
import type { Collaborators } from '../collaborators.ts';
import type { AgentStreams } from './agent-streams.ts';

/** What the handlers of the agent service work with; made once, in the composition root. */
export interface AgentContext {
  /** Null while the service stands by, without a Jenkins. */
  readonly agents: Running | null;
  readonly held: HeldRequests;
  readonly addressOf: (request: IncomingMessage) => string;
  readonly version: string;
  /** Empty when everything is well. */
  readonly problems: () => readonly string[];
  readonly warnings: () => readonly string[];
}

/** What there is once a Jenkins is configured. */
export interface Running {
  readonly collaborators: Collaborators;
  readonly loops: Pick<AgentLoops, 'planNow' | 'planSoon'>;
  readonly streams: AgentStreams;
  readonly jar: AgentJarCache;
  /** The template's files as a tar.gz. */
  readonly archive: (template: string) => Promise<Uint8Array>;
}
