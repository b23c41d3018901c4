import { z } from 'zod';
import { done, failed } from '../rules/outcome.ts';
import type { FromJenkins, JenkinsApi } from '../ports.ts';
import type { NewNode, Reading } from '../rules/jenkins-facts.ts';
import { headerOf, locationOf } from './answer.ts';
import type { Answer } from './answer.ts';
import { openLine } from './controller-line.ts';
import type { ControllerLine, JenkinsAccess } from './controller-line.ts';
import { nonsense } from './failures.ts';
import { COMPUTERS_TREE, QUEUE_TREE, readComputers, readItems } from './jenkins-json.ts';
import { secretIn } from './launch-data.ts';
import { nodeForm, nodeXml } from './node-form.ts';
import { startBuild } from './start-build.ts';
import { isAtLeast } from './version.ts';

const JAR_PATIENCE = 6;
const LONGEST_BODY = 64 * 1024 * 1024;
/** Every jar begins as a zip does. */
const ZIP = Buffer.from('PK');
const OFFLINE = z.object({ temporarilyOffline: z.boolean() });

/**
 * A controller by HTTP: the npm package `jenkins` where it works, our own requests where it does not
 * (queue, agent secret, creation from XML, cancelling, agent.jar). Seen on which versions: docs/jenkins-contract.md.
 */
export function jenkinsApi(access: JenkinsAccess): JenkinsApi {
  const line = openLine(access);
  return {
    async queue() {
      const path = `queue/api/json?tree=${QUEUE_TREE}`;
      const heard = await line.send('GET', path, [200], { longestBody: LONGEST_BODY });
      return heard.ok ? reading('queue', jsonIn(heard.value), readItems) : heard;
    },
    async computers() {
      const heard = await line.ask('nodes', [200], ({ node }) =>
        // Without `full` it takes the list out of the body itself, and an empty body ends the process.
        node.list({ full: true, tree: COMPUTERS_TREE }),
      );
      return heard.ok ? reading('nodes', heard.value, readComputers) : heard;
    },
    createNode: (node) =>
      isAtLeast(line.version(), '2.539') ? createFromXml(line, node) : createFromForm(line, node),
    agentSecret: (node) => agentSecret(line, node),
    closeNode: (name, reason) =>
      changed(line, `close node ${name}`, `computer/${name}/`, ({ node }) =>
        node.changeOfflineCause(name, reason),
      ),
    openNode: (name) => openNode(line, name),
    async deleteNode(name) {
      const deleted = await changed(line, `delete node ${name}`, 'computer/', ({ node }) =>
        node.destroy(name),
      );
      return !deleted.ok && deleted.failure.kind === 'absent' ? done(undefined) : deleted;
    },
    async agentJar() {
      const heard = await line.send('GET', 'jnlpJars/agent.jar', [200], {
        patience: JAR_PATIENCE,
        longestBody: LONGEST_BODY,
      });
      if (!heard.ok) return heard;
      const { body } = heard.value;
      if (!(body instanceof Uint8Array) || !ZIP.equals(body.subarray(0, 2)))
        return nonsense('agent.jar', heard.value);
      return done({ bytes: body, modified: headerOf(heard.value, 'last-modified') });
    },
    cancelItem: (id) => cancelItem(line, id),
    startBuild: (job, parameters) => startBuild(line, job, parameters),
  };
}

/** An answer of ours with its bytes read as JSON; undefined for what is none. */
function jsonIn(answer: Answer): Answer {
  try {
    return { ...answer, body: JSON.parse(textIn(answer)) as unknown };
  } catch {
    return { ...answer, body: undefined };
  }
}

function textIn({ body }: Answer): string {
  return body instanceof Uint8Array ? Buffer.from(body).toString() : '';
}

function reading<T>(
  what: string,
  answer: Answer,
  read: (body: unknown) => T | null,
): Awaited<FromJenkins<Reading<T>>> {
  const value = read(answer.body);
  if (value === null) return nonsense(what, answer);
  return done({
    value,
    session: headerOf(answer, 'x-jenkins-session'),
    version: headerOf(answer, 'x-jenkins'),
  });
}

type PackageCall = Parameters<ControllerLine['ask']>[2];

/** A form that leads back to a page: a redirect to anywhere else (a log-in, another host's root) did nothing. */
async function changed(
  line: ControllerLine,
  what: string,
  leadsTo: string,
  call: PackageCall,
): FromJenkins<void> {
  const heard = await line.ask(what, [302], call);
  if (!heard.ok) return heard;
  return locationOf(heard.value).endsWith(`/${leadsTo}`)
    ? done(undefined)
    : nonsense(what, heard.value);
}

/** All versions take the form. */
function createFromForm(line: ControllerLine, wanted: NewNode): FromJenkins<void> {
  return changed(line, `create node ${wanted.name}`, 'computer/', ({ node }) =>
    node.create(nodeForm(wanted)),
  );
}

/** Since 2.539: no URL whose length could be too much, and an answer that is none but success. */
async function createFromXml(line: ControllerLine, wanted: NewNode): FromJenkins<void> {
  const path = `computer/createItem?name=${encodeURIComponent(wanted.name)}`;
  const options = { body: nodeXml(wanted), type: 'application/xml' };
  const heard = await line.send('POST', path, [200], options);
  return heard.ok ? done(undefined) : heard;
}

async function agentSecret(line: ControllerLine, node: string): FromJenkins<string> {
  const before = line.version() !== null && !isAtLeast(line.version(), '2.264');
  const page = before ? 'slave-agent.jnlp' : 'jenkins-agent.jnlp';
  const heard = await line.send('GET', `computer/${encodeURIComponent(node)}/${page}`, [200]);
  if (!heard.ok) return heard;
  const secret = secretIn(textIn(heard.value), node);
  return secret === null ? nonsense(`secret of ${node}`, heard.value) : done(secret);
}

async function openNode(line: ControllerLine, name: string): FromJenkins<void> {
  const heard = await line.ask(`node ${name}`, [200], ({ node }) =>
    node.get({ name, tree: 'temporarilyOffline' }),
  );
  if (!heard.ok) return heard;
  const state = OFFLINE.safeParse(heard.value.body).data;
  if (state === undefined) return nonsense(`node ${name}`, heard.value);
  if (!state.temporarilyOffline) return done(undefined);
  return changed(line, `open node ${name}`, `computer/${name}/`, ({ node }) =>
    node.toggleOffline(name, ''),
  );
}

/** An item that has left gives a 404, or a 500 while it is remembered. 422 is for who lacks Job/Cancel. */
async function cancelItem(line: ControllerLine, id: number): FromJenkins<void> {
  const what = `cancel item ${id}`;
  // Up to 2.210 the answer led back to the page.
  const success = isAtLeast(line.version() ?? '2.211', '2.211') ? 204 : 302;
  const path = `queue/cancelItem?id=${id}`;
  const heard = await line.send('POST', path, [success, 404, 422, 500]);
  if (!heard.ok) return heard;
  const { status } = heard.value;
  if (status === 422) {
    const permission = 'hudson.model.Item.Cancel';
    return failed({ kind: 'forbidden', reason: `${what}: needs ${permission}`, permission });
  }
  if (status !== 500) return done(undefined);
  const left = await line.send('GET', `queue/item/${id}/api/json?tree=cancelled`, [200, 404]);
  if (!left.ok) return left;
  const isLeft = textIn(left.value).includes('Queue$LeftItem');
  return left.value.status === 404 || isLeft ? done(undefined) : nonsense(what, heard.value);
}
