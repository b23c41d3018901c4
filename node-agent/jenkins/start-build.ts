import { done } from '../rules/outcome.ts';
import type { FromJenkins } from '../ports.ts';
import { locationOf } from './answer.ts';
import type { ControllerLine } from './controller-line.ts';
import { nonsense } from './failures.ts';

/**
 * Starts a job without its quiet period and answers the number of its queue item. The package rejects
 * the 303 of a request that joined an item that waits; the answer's Location is good all the same.
 */
export async function startBuild(
  line: ControllerLine,
  name: string,
  parameters: Readonly<Record<string, string>>,
): FromJenkins<number> {
  const what = `build ${name}`;
  const start = (given: object) =>
    line.ask(what, [201, 303], ({ job }) => job.build({ name, delay: '0sec', ...given }));
  const hasParameters = Object.keys(parameters).length > 0;
  let heard = await start(hasParameters ? { parameters } : {});
  // A job with parameters wants a form even where all have their defaults.
  if (!heard.ok && heard.failure.kind === 'refused' && !hasParameters)
    heard = await start({ parameters: {} });
  if (!heard.ok) return heard;
  const item = /\/queue\/item\/(\d+)\/?$/.exec(locationOf(heard.value))?.[1];
  return item === undefined ? nonsense(what, heard.value) : done(Number(item));
}
