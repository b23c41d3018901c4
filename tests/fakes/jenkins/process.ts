import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { systemClock } from '../../../services/adapters/system-clock.ts';
import { agentJar, EMPTY_JAR } from './agent-jar.ts';
import type { JobDefinition } from './define-job.ts';
import { FakeJenkins } from './fake-jenkins.ts';
import { OpenBuild } from './open-build.ts';
import { tokenOf } from './users.ts';
import type { Result } from './world.ts';

/*
 * The fake controller as a process of its own, for the demo and the bench. Says `jenkins ready URL` when it is up and
 * ends on SIGTERM, or with who started it. Jobs come from a file; builds are started and followed as on any Jenkins.
 */

type Order =
  | { readonly do: 'open'; readonly job: string }
  | { readonly do: 'enter'; readonly id: string; readonly label: string }
  | { readonly do: 'leave'; readonly id: string }
  | { readonly do: 'end'; readonly result: Result };

let open: OpenBuild | null = null;

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    /** JSON: an array of `JobDefinition`. */
    jobs: { type: 'string' },
    /** Where the token of the user `operator` is put. */
    'token-file': { type: 'string' },
    /** `java`: agent.jar is compiled with javac. `script`: agents' images bring `agent/java`. */
    agent: { type: 'string', default: 'java' },
    /** Nodes that are always defined and never connect: with one, scale from zero works. */
    anchor: { type: 'string' },
    'agent-pause': { type: 'string', default: '10000' },
    /** A file that gets a line `METHOD URL` for each request. */
    asked: { type: 'string' },
    /** Ends as soon as standard input does, so that it outlives nobody who was killed. */
    'until-eof': { type: 'boolean', default: false },
  },
});

const jenkins = new FakeJenkins({
  clock: systemClock,
  host: values.host,
  port: Number(values.port),
  agentJar: values.agent === 'java' ? await agentJar() : EMPTY_JAR,
  agentPauseMilliseconds: Number(values['agent-pause']),
});
const askedFile = values.asked;
if (askedFile !== undefined) {
  jenkins.fault = ({ method, url }) => {
    appendFileSync(askedFile, `${method} ${url}\n`);
    return null;
  };
}
if (values.anchor !== undefined) jenkins.addNode({ name: values.anchor, labelString: 'anchor' });
// The demo's own file: its shape is its author's care.
const jobs = JSON.parse(
  values.jobs === undefined ? '[]' : readFileSync(values.jobs, 'utf8'),
) as JobDefinition[];
for (const job of jobs) jenkins.define(job);
const tokenFile = values['token-file'];
if (tokenFile !== undefined) writeFileSync(tokenFile, `${tokenOf('operator')}\n`, { mode: 0o600 });
await jenkins.start();
process.stdout.write(`jenkins ready ${jenkins.url}\n`);
const end = (): void => void jenkins.stop().then(() => process.exit(0));
process.once('SIGTERM', end);
if (values['until-eof'])
  createInterface({ input: process.stdin }).on('line', obey).on('close', end);

/** A build whose program runs in the process that started us: one JSON object a line, and a line for each node. */
function obey(line: string): void {
  // Written by the demo's own driver.
  const order = JSON.parse(line) as Order;
  switch (order.do) {
    case 'open':
      open = new OpenBuild(jenkins, order.job);
      break;
    case 'enter':
      void open?.enter(order.id, order.label).then((node) => {
        process.stdout.write(`${JSON.stringify({ id: order.id, node })}\n`);
      });
      break;
    case 'leave':
      open?.leave(order.id);
      break;
    case 'end':
      open?.end(order.result);
      break;
  }
}
