import { GitbuilderError } from '../../services/domain/errors.ts';
import type { AgentContext, Running } from './agent-context.ts';

/** What there is to work with; AGENTS_STAND_BY without a Jenkins. */
export function running({ agents }: AgentContext): Running {
  if (agents === null) throw new GitbuilderError('AGENTS_STAND_BY');
  return agents;
}
