import type { IncomingMessage } from 'node:http';
import type { Answer } from '../platform/answer.ts';

/** What a service says of itself when it is asked. */
export interface SelfReport {
  /** Empty when it is fit for its work. */
  readonly problems: () => readonly string[] | Promise<readonly string[]>;
  /** What an operator should know all the same. */
  readonly warnings: () => readonly string[] | Promise<readonly string[]>;
}

/** As the originals answer: 204 or 500 for whoever only looks at the status; JSON says why, with `more` in it. */
export async function healthAnswer(
  { headers }: IncomingMessage,
  report: SelfReport,
  more: object,
): Promise<Answer> {
  const problems = await report.problems();
  const isHealthy = problems.length === 0;
  const wantsJson = headers.accept?.includes('application/json') === true;
  if (isHealthy && !wantsJson) return { kind: 'empty', status: 204 };
  const body = { healthy: isHealthy, problems, warnings: await report.warnings(), ...more };
  return { kind: 'json', status: isHealthy ? 200 : 500, body };
}
