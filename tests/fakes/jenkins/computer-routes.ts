import { secretOf } from './agents.ts';
import { containerPage, errorPage, json, leadsTo, page, refused, text } from './answers.ts';
import type { Answer } from './answers.ts';
import { missing, notPosted, shown } from './ask.ts';
import type { Ask } from './ask.ts';
import { builtInJson, COMPUTER_DEPTH_0, computerJson, computersJson } from './computer-json.ts';
import { nameFault } from './node-names.ts';
import { launchXml, nodeXml, readNodeXml } from './node-xml.ts';
import { addNode, bringOnline, createNode, deleteNode, disconnect } from './nodes.ts';
import { reconfigure, takeOffline } from './nodes.ts';
import { prune } from './tree.ts';
import type { Permission } from './users.ts';
import { isAtLeast } from './world.ts';
import type { Computer, NodeDefinition, World } from './world.ts';

/** `/computer/…`; the key is what agents' secrets are made with. */
export function computerRoutes(world: World, ask: Ask, controllerKey: string): Answer {
  const [, second, third] = ask.path;
  if (second === 'doCreateItem') return doCreateItem(world, ask);
  if (second === 'createItem') return createItem(world, ask);
  const refusal = missing(ask, 'Overall/Read');
  if (refusal !== null) return refusal;
  if (second === 'api' || second === undefined) {
    return json(
      ask,
      shown(ask, computersJson(world, ask), (all) => ({
        ...all,
        computer: (all.computer as unknown[]).map((each) => prune(each, COMPUTER_DEPTH_0)),
      })),
    );
  }
  if (second === '(built-in)' || second === '(master)') return builtIn(world, ask, third);
  const computer = world.computers.get(second);
  if (computer === undefined) return errorPage(ask, 404);
  const action = ACTIONS[third ?? 'index'];
  return action === undefined ? errorPage(ask, 404) : action(world, ask, computer, controllerKey);
}

function doCreateItem(world: World, ask: Ask): Answer {
  if (ask.method !== 'POST') return errorPage(ask, 404);
  const refusal = missing(ask, 'Overall/Read') ?? missing(ask, 'Agent/Create');
  if (refusal !== null) return refusal;
  const { form } = ask;
  const created = createNode(world, {
    name: form.get('name') ?? '',
    type: form.get('type') ?? '',
    json: form.get('json'),
  });
  switch (created.kind) {
    case 'made':
      return leadsTo(302, `${ask.origin}computer/`);
    case 'refused':
      return refused(ask, created.reason);
    case 'no-form':
      return containerPage(400, 'This page expects a form submission');
    case 'broken':
      return errorPage(ask, 500);
  }
}

/** Creates from XML since 2.539 (read in its source); before, the path is another form of "copy". */
function createItem(world: World, ask: Ask): Answer {
  const refusal = notPosted(ask) ?? missing(ask, 'Overall/Read') ?? missing(ask, 'Agent/Create');
  if (refusal !== null) return refusal;
  if (!isAtLeast(world.version, '2.539')) return refused(ask, 'No mode given');
  const name = (ask.query.get('name') ?? '').trim();
  if (name === '') return refused(ask, 'Query parameter ‘name’ is required');
  const fault = nameFault(name);
  if (fault !== null) return refused(ask, fault);
  if (world.nodes.has(name)) return refused(ask, `Agent called ‘${name}’ already exists`);
  const node = readNodeXml(ask.body, name);
  if (node === null) return errorPage(ask, 500);
  addNode(world, { ...node, name });
  return text('text/plain', '');
}

function builtIn(world: World, ask: Ask, action: string | undefined): Answer {
  if (action === 'api')
    return json(
      ask,
      shown(ask, builtInJson(world, ask), (all) => prune(all, COMPUTER_DEPTH_0)),
    );
  if (action === undefined) return page(ask, 'Built-In Node');
  return action === 'doDelete' ? containerPage(400, '') : errorPage(ask, 404);
}

type Action = (world: World, ask: Ask, computer: Computer, controllerKey: string) => Answer;

/** A POST that needs a right and leads back to somewhere. */
function posted(
  permission: Permission | null,
  act: (world: World, ask: Ask, computer: Computer) => void,
  to: (computer: Computer) => string = ({ name }) => `computer/${encodeURIComponent(name)}/`,
): Action {
  return (world, ask, computer) => {
    const refusal = notPosted(ask) ?? (permission === null ? null : missing(ask, permission));
    if (refusal !== null) return refusal;
    act(world, ask, computer);
    return leadsTo(302, ask.origin + to(computer));
  };
}

function causeOf(world: World, ask: Ask) {
  return {
    kind: 'user' as const,
    by: ask.user?.name ?? 'anonymous',
    message: ask.form.get('offlineMessage') ?? '',
    at: world.clock.now().getTime(),
  };
}

const launch: Action = (world, ask, computer, controllerKey) => {
  const node = world.nodes.get(computer.name);
  if (ask.query.get('encrypt') === 'true') return text('application/octet-stream', 'x'.repeat(380));
  const refusal = missing(ask, 'Agent/Connect');
  if (refusal !== null) return refusal;
  if (node === undefined) return errorPage(ask, 404);
  const secret = secretOf(controllerKey, node.name);
  return text('application/x-java-jnlp-file', launchXml(node, secret, ask.rootUrl));
};

const configure: Action = (world, ask, computer) => {
  const refusal = missing(ask, 'Agent/Configure');
  if (refusal !== null) return refusal;
  const node = world.nodes.get(computer.name);
  if (node === undefined) return errorPage(ask, 404);
  if (ask.method !== 'POST') return text('application/xml', nodeXml(node));
  const next: NodeDefinition | null = readNodeXml(ask.body, node.name);
  if (next === null) return errorPage(ask, 500);
  reconfigure(world, computer, next);
  return text('text/plain', '');
};

const ACTIONS: Readonly<Record<string, Action>> = {
  index: (_world, ask, { name }) => page(ask, `Agent ${name}`),
  api: (world, ask, computer) =>
    json(
      ask,
      shown(ask, computerJson(world, computer, ask), (all) => prune(all, COMPUTER_DEPTH_0)),
    ),
  log: (_world, ask, { name }) => page(ask, `Log of ${name}`),
  'config.xml': configure,
  // The word "agent" came in 2.264; the old one still answers.
  'jenkins-agent.jnlp': (world, ask, computer, controllerKey) =>
    isAtLeast(world.version, '2.264')
      ? launch(world, ask, computer, controllerKey)
      : errorPage(ask, 404),
  'slave-agent.jnlp': launch,
  toggleOffline: posted('Agent/Disconnect', (world, ask, computer) => {
    if (computer.temporarilyOffline) bringOnline(world, computer);
    else takeOffline(world, computer, causeOf(world, ask));
  }),
  changeOfflineCause: posted('Agent/Disconnect', (world, ask, computer) =>
    takeOffline(world, computer, causeOf(world, ask)),
  ),
  // The permission is looked at only where there is a channel to close.
  doDisconnect: (world, ask, computer, controllerKey) =>
    posted(computer.link === null ? null : 'Agent/Disconnect', () =>
      disconnect(world, computer, causeOf(world, ask)),
    )(world, ask, computer, controllerKey),
  launchSlaveAgent: posted(
    'Agent/Connect',
    (world, _ask, computer) => {
      if (computer.offlineCause !== null) computer.offlineCause = { kind: 'launch-failed' };
      world.changed();
    },
    ({ name }) => `computer/${encodeURIComponent(name)}/log`,
  ),
  doDelete: posted(
    'Agent/Delete',
    (world, _ask, computer) => deleteNode(world, computer),
    () => 'computer/',
  ),
};
