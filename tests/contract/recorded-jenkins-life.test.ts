import t from 'tap';
import type { FakeJenkins } from '../fakes/jenkins/fake-jenkins.ts';
import { startAgent } from '../fakes/jenkins/inbound-agent.ts';
import { logOf } from '../fakes/jenkins/run-bodies.ts';
import type { Build } from '../fakes/jenkins/world.ts';
import type { ManualClock } from '../fakes/manual-clock.ts';
import { callsOf, connectAgent, nodeForm, startJenkins } from '../fixtures/jenkins.ts';

/* What a live Jenkins 2.462.3 did over time: its queue, agents that come and go, its restart. */

const SETTLED = 700;

async function whyOf(jenkins: FakeJenkins, id: number, language = 'en'): Promise<string> {
  const headers = { 'accept-language': language };
  const answer = await callsOf(jenkins).ask(`queue/item/${id}/api/json`, { headers });
  const { why, stuck } = (await answer.json()) as { why: string; stuck: boolean };
  return stuck ? `${why} (stuck)` : why;
}

/** A node, and its agent connected and ready. */
async function readyNode(
  t: Parameters<typeof connectAgent>[0],
  { jenkins, clock }: { jenkins: FakeJenkins; clock: ManualClock },
  name: string,
  labelString: string,
) {
  jenkins.addNode({ name, labelString });
  const agent = await connectAgent(t, jenkins, name);
  clock.advance(SETTLED);
  return agent;
}

function built(jenkins: FakeJenkins, job: string): Build {
  const build = jenkins.lastBuild(job);
  if (build === undefined) throw new Error(`${job} has no build`);
  return build;
}

t.test('why an item waits: in the quiet period, blocked, and without any node', async (t) => {
  const { jenkins, clock } = await startJenkins(t);
  const job = { name: 'fs', label: 'jammy', parameters: { A: '1' } };
  for (const [quiet, text] of [
    [593_000, 'In the quiet period. Expires in 9 min 53 sec'],
    [28_900, 'In the quiet period. Expires in 28 sec'],
    [4_950, 'In the quiet period. Expires in 4.9 sec'],
    [875, 'In the quiet period. Expires in 0.87 sec'],
    [88, 'In the quiet period. Expires in 88 ms'],
  ] as const) {
    const parameters = { A: String(quiet) };
    const { item } = jenkins.enqueue(job, { quietMilliseconds: quiet, parameters });
    t.equal(await whyOf(jenkins, item.id), text);
    if (quiet === 28_900)
      t.equal(
        await whyOf(jenkins, item.id, 'de'),
        'In Ruhe-Periode. Endet in 28 Sekunden',
        'in the language of who asks',
      );
  }
  clock.advance(1000);
  t.equal(await whyOf(jenkins, 5), 'Finished waiting', 'until the queue moves');
  clock.advance(4000);
  t.equal(await whyOf(jenkins, 5), 'Waiting for next available executor (stuck)');
  jenkins.enqueue({ name: 'any' });
  t.equal(await whyOf(jenkins, 6), 'Waiting for next available executor');

  const { jenkins: own } = await startJenkins(t, { builtInExecutors: 1 });
  own.enqueue(job);
  t.equal(await whyOf(own, 1), '‘Jenkins’ doesn’t have label ‘jammy’ (stuck)');
  own.enqueue({ name: 'any' });
  t.ok(built(own, 'any').building, 'it runs on the built-in node');
  t.equal(await whyOf(own, 1), 'Waiting for next available executor (stuck)');
  own.enqueue(built(own, 'any').job);
  t.equal(await whyOf(own, 3), 'Build #1 is already in progress (ETA: N/A)');
  t.equal(await whyOf(own, 3, 'de'), 'Build #1 ist bereits in Arbeit (ETA: nicht verfügbar)');
  own.finish(built(own, 'any'));
  t.equal(built(own, 'any').number, 2, 'no longer blocked');
});

t.test('why an item waits: by the nodes of its label', async (t) => {
  const world = await startJenkins(t);
  const { jenkins, clock } = world;
  jenkins.addNode({ name: 'anchor', labelString: 'ceph-anchor' });
  const wait = (label: string | null, name = 'pl') =>
    jenkins.enqueue({ name: `${name}-${jenkins.world.nextItem}`, blocks: [{ label }] }).item.id + 1;
  for (const [typed, normal] of [
    ['huge && jammy', 'huge&&jammy'],
    ['"my label" && x86_64', '"my label"&&x86_64'],
    ['a -> b || c', 'a->b||c'],
    ['(a || b)&&c', '(a||b)&&c'],
    ['"10.0.0.1+tpl__abc"', '10.0.0.1+tpl__abc'],
  ] as const) {
    const id = wait(typed);
    const said = await whyOf(jenkins, id);
    if (typed.startsWith('a ->')) t.match(said, 'Waiting for next available executor on ‘a->b||c’');
    else t.equal(said, `There are no nodes with the label ‘${normal}’ (stuck)`);
    await callsOf(jenkins).post(`queue/cancelItem?id=${id}`);
  }
  const jammy = wait('jammy');
  t.equal(await whyOf(jenkins, jammy), 'There are no nodes with the label ‘jammy’ (stuck)');
  t.equal(await whyOf(jenkins, jammy, 'de'), 'Es gibt keine Knoten mit dem Label „jammy“ (stuck)');
  jenkins.addNode({ name: 'n1', labelString: 'jammy' });
  t.equal(await whyOf(jenkins, jammy), '‘n1’ is offline (stuck)', 'one node: its name');
  jenkins.addNode({ name: 'n2', labelString: 'jammy' });
  t.equal(await whyOf(jenkins, jammy), 'All nodes of label ‘jammy’ are offline (stuck)');

  clock.advance(5000);
  await connectAgent(t, jenkins, 'n1');
  t.equal(
    await whyOf(jenkins, jammy),
    '‘anchor’ doesn’t have label ‘jammy’; ‘n1’ is offline; ‘n2’ is offline',
    'just connected: reasons of every node, as of the last run',
  );
  clock.advance(SETTLED);
  t.equal(jenkins.world.computers.get('n1')?.executors[0]?.running?.kind, 'block');
  const second = wait('jammy');
  t.equal(await whyOf(jenkins, second), 'Waiting for next available executor on ‘jammy’');
  t.equal(
    await whyOf(jenkins, second, 'de'),
    'Warte auf den nächsten freien Build-Prozessor auf jammy',
  );
  await readyNode(t, world, 'n3', 'focal');
  wait('focal');
  t.equal(await whyOf(jenkins, wait('focal')), 'Waiting for next available executor on ‘n3’');
  await readyNode(t, world, 'n4', 'noble');
  const anywhere = wait(null);
  t.match(
    await whyOf(jenkins, anywhere),
    /^‘anchor’ is reserved for jobs with matching label expression; ‘n2’ is reserved .*; ‘n4’ is reserved for jobs with matching label expression$/,
    'no label, and only nodes that are kept for theirs',
  );
  t.match(await whyOf(jenkins, anywhere, 'de'), /^„anchor“ ist für Projekte mit passendem/);
  jenkins.enqueue({ name: 'noble', label: 'noble' });
  clock.advance(5000);
  t.equal(await whyOf(jenkins, anywhere), 'Waiting for next available executor');
  jenkins.world.quieting = true;
  t.equal(await whyOf(jenkins, second), 'Jenkins is about to shut down');
  jenkins.world.quieting = false;
  const tied = jenkins.enqueue({ name: 'tied', label: 'b0' }).item.id;
  t.equal(await whyOf(jenkins, tied), 'There are no nodes with the label ‘b0’ (stuck)');
});

t.test('other versions say the same in other words', async (t) => {
  const { jenkins: old } = await startJenkins(t, { version: '2.107' });
  old.addNode({ name: 'n1', labelString: 'jammy' });
  old.enqueue({ name: 'fs', label: 'jammy' });
  t.equal(await whyOf(old, 1), 'n1 is offline (stuck)', 'names without quotes');

  const world = await startJenkins(t, { version: '2.542' });
  const { jenkins, clock } = world;
  for (let n = 1; n <= 7; n += 1) jenkins.addNode({ name: `n${n}`, labelString: 'other' });
  jenkins.addNode({ name: 'p1', labelString: 'jammy' });
  jenkins.enqueue({ name: 'fs', label: 'jammy' });
  clock.advance(5000);
  await connectAgent(t, jenkins, 'p1');
  t.match(await whyOf(jenkins, 1), /^(‘n\d’ doesn’t have label ‘jammy’; ){5}\.\.\. and 3 more$/);
});

t.test('computers show who is connected, busy, offline and why', async (t) => {
  const world = await startJenkins(t);
  const { jenkins, clock } = world;
  const { json, post } = callsOf(jenkins);
  const tree =
    'tree=busyExecutors,totalExecutors,computer[displayName,offline,idle,temporarilyOffline,offlineCauseReason,offlineCause[*],numExecutors,executors[number,idle,currentExecutable[url]],oneOffExecutors[currentExecutable[url]],assignedLabels[name]]';
  const all = async () =>
    ((await json(`computer/api/json?${tree}`)) as { computer: Record<string, unknown>[] }).computer;
  jenkins.addNode({ name: 'anchor', labelString: 'ceph-anchor' });
  t.strictSame((await all())[1], {
    _class: 'hudson.slaves.SlaveComputer',
    assignedLabels: [{ name: 'ceph-anchor' }, { name: 'anchor' }],
    displayName: 'anchor',
    executors: [{ currentExecutable: null, idle: true, number: 0 }],
    ...{ idle: true, numExecutors: 1, offline: true, offlineCause: null, offlineCauseReason: '' },
    ...{ oneOffExecutors: [], temporarilyOffline: false },
  });
  const agent = await readyNode(t, world, 'n1', 'jammy');
  const n1 = async () => (await all())[2];
  t.match(await n1(), {
    offline: false,
    temporarilyOffline: false,
    idle: true,
    offlineCause: null,
  });
  jenkins.enqueue({ name: 'pw', blocks: [{ label: 'jammy', stage: 'In' }] });
  t.match(await n1(), {
    idle: false,
    executors: [{ idle: false, currentExecutable: { url: `${jenkins.url}job/pw/1/` } }],
  });
  t.match(await json('computer/n1/api/json?depth=1'), {
    executors: [
      {
        currentExecutable: {
          _class: /PlaceholderTask\$PlaceholderExecutable$/,
          ...{ displayName: 'pw #1 (In)', estimatedDuration: -1, number: 1 },
        },
      },
    ],
  });
  t.match((await all())[0], {
    ...{ _class: 'hudson.model.Hudson$MasterComputer', displayName: 'Built-In Node' },
    ...{ idle: false, numExecutors: 0, offline: false, assignedLabels: [{ name: 'built-in' }] },
    oneOffExecutors: [{ currentExecutable: { url: `${jenkins.url}job/pw/1/` } }],
  });
  const blind = await callsOf(jenkins, 'reader').json(`computer/n1/api/json?${tree}`);
  t.notOk(JSON.stringify(blind).includes('job/pw'));
  t.match(await callsOf(jenkins, 'reader').json('computer/n1/api/json?depth=1'), {
    ...{ idle: false, executors: [{ idle: false, currentExecutable: null }] },
    ...{ absoluteRemotePath: null, monitorData: {} },
  });
  t.match(await json('computer/n1/api/json'), { executors: [{}], jnlpAgent: true });

  const drain = new URLSearchParams({ offlineMessage: 'drain x' });
  const closed = await post('computer/n1/changeOfflineCause', drain);
  t.equal(closed.headers.get('location'), `${jenkins.url}computer/n1/`);
  await post('computer/n1/changeOfflineCause', drain);
  t.match(await n1(), {
    ...{ offline: true, temporarilyOffline: true, idle: false, offlineCauseReason: 'drain x' },
    offlineCause: {
      _class: 'hudson.slaves.OfflineCause$UserCause',
      description: 'Disconnected by operator : drain x',
    },
  });
  t.match(await json(`computer/api/json?${tree}`), { totalExecutors: 0, busyExecutors: 1 });
  const other = jenkins.enqueue({ name: 'next', label: 'jammy' }).item.id;
  jenkins.finish(built(jenkins, 'pw'));
  t.equal(built(jenkins, 'pw').result, 'SUCCESS', 'what ran goes on');
  t.equal(await whyOf(jenkins, other), '‘n1’ is offline (stuck)', 'and nothing new begins');
  await post('computer/n1/launchSlaveAgent');
  t.match(await n1(), {
    ...{ temporarilyOffline: true, offlineCause: { _class: /LaunchFailed$/ } },
  });
  await post('computer/n1/toggleOffline');
  t.match(await n1(), { offline: false, offlineCause: null });
  await post('computer/n1/toggleOffline', new URLSearchParams({ offlineMessage: 'm' }));
  t.match(await n1(), { offline: true, offlineCauseReason: 'm' });
  agent.kill();
  await jenkins.until(() => jenkins.world.computers.get('n1')?.link === null);
  t.match(await n1(), { offline: true, offlineCauseReason: 'Connection was broken' });
  clock.advance(1);
});

t.test('actions on a node, by who asks and what there is', async (t) => {
  const world = await startJenkins(t);
  const { jenkins } = world;
  const { post, ask } = callsOf(jenkins);
  const viewer = callsOf(jenkins, 'viewer');
  await readyNode(t, world, 'n1', 'jammy');
  jenkins.addNode({ name: 'off' });
  const required = async (action: string, node = 'n1') => {
    const answer = await viewer.post(`computer/${node}/${action}`);
    return `${answer.status} ${answer.headers.get('x-required-permission') ?? ''}`.trim();
  };
  t.equal(await required('toggleOffline'), '403 hudson.model.Computer.Disconnect');
  t.equal(await required('changeOfflineCause'), '403 hudson.model.Computer.Disconnect');
  t.equal(await required('doDisconnect'), '403 hudson.model.Computer.Disconnect');
  t.equal(await required('doDisconnect', 'off'), '302', 'without effect');
  t.equal(await required('launchSlaveAgent'), '403 hudson.model.Computer.Connect');
  t.equal(await required('doDelete'), '403 hudson.model.Computer.Delete');
  for (const action of ['toggleOffline', 'changeOfflineCause', 'doDisconnect', 'doDelete'])
    t.equal((await post(`computer/none/${action}`)).status, 404, action);
  for (const action of ['toggleOffline', 'doDelete'])
    t.equal((await ask(`computer/n1/${action}`)).status, 405, action);
  const own = await post('computer/(built-in)/doDelete');
  t.equal(own.status, 400);
  const launch = await post('computer/n1/launchSlaveAgent');
  t.equal(launch.headers.get('location'), `${jenkins.url}computer/n1/log`);
  const gone = await post('computer/off/doDelete');
  t.equal(gone.headers.get('location'), `${jenkins.url}computer/`);
  t.equal((await ask('computer/off/api/json')).status, 404, 'at once');
  t.equal((await post('computer/off/doDelete')).status, 404);
});

t.test('an agent is let in, refused, and comes back as the process does', async (t) => {
  const world = await startJenkins(t);
  const { jenkins, clock } = world;
  const { url } = jenkins;
  const start = (name: string, secret: string) =>
    startAgent({ url, name, secret, pauseMilliseconds: 20 });
  jenkins.addNode({ name: 'n1', labelString: 'jammy' });
  t.equal(await start('none', 'x').exit, 255, 'unknown node');
  t.equal(await start('n1', '0'.repeat(64)).exit, 255, 'wrong secret');
  const first = await connectAgent(t, jenkins, 'n1');
  t.equal(await start('n1', jenkins.secretOf('n1')).exit, 255, 'already connected');
  t.ok(jenkins.world.computers.get('n1')?.link, 'the first one stays');
  clock.advance(SETTLED);

  jenkins.enqueue({ name: 'fs', label: 'jammy' });
  jenkins.enqueue({ name: 'hold', blocks: [{ label: 'jammy' }] });
  await callsOf(jenkins).post('computer/n1/doDisconnect?offlineMessage=bye');
  t.equal(built(jenkins, 'fs').result, 'FAILURE');
  t.equal(jenkins.world.computers.get('n1')?.offlineCause?.kind, 'user');
  await jenkins.until(() => (jenkins.world.computers.get('n1')?.link ?? null) !== null);
  clock.advance(SETTLED);
  t.ok(built(jenkins, 'hold').building, 'the process came back by itself, and takes the next');
  await callsOf(jenkins).post('computer/n1/doDisconnect');
  await jenkins.until(() => (jenkins.world.computers.get('n1')?.link ?? null) !== null);
  const block = built(jenkins, 'hold').blocks[0];
  t.equal(block?.state, 'running', 'a Pipeline goes on');
  jenkins.finish(built(jenkins, 'hold'));
  t.equal(built(jenkins, 'hold').result, 'SUCCESS');

  await jenkins.stop();
  await jenkins.listen();
  jenkins.finishStarting();
  await jenkins.until(() => (jenkins.world.computers.get('n1')?.link ?? null) !== null);
  await callsOf(jenkins).post('computer/n1/doDelete');
  t.equal(await first.exit, 255, 'its node is gone');
  await callsOf(jenkins).post('computer/doCreateItem', nodeForm('once'));
  const once = startAgent({
    url,
    name: 'once',
    secret: jenkins.secretOf('once'),
    noReconnect: true,
  });
  await jenkins.until(() => (jenkins.world.computers.get('once')?.link ?? null) !== null);
  await jenkins.stop();
  t.equal(await once.exit, 0);
});

t.test('an agent is lost: what becomes of its builds', async (t) => {
  const world = await startJenkins(t);
  const { jenkins, clock } = world;
  const { post, ask } = callsOf(jenkins);
  const kill = async (name: string, agent: { kill(): void }) => {
    agent.kill();
    await jenkins.until(() => (jenkins.world.computers.get(name)?.link ?? null) === null);
  };
  const k1 = await readyNode(t, world, 'k1', 'one');
  jenkins.enqueue({ name: 'free', label: 'one' });
  await kill('k1', k1);
  t.equal(built(jenkins, 'free').result, 'FAILURE');
  t.match(logOf(built(jenkins, 'free')), 'ChannelClosedException');
  t.equal(jenkins.world.computers.get('k1')?.executors[0]?.running, null);

  const k2 = await readyNode(t, world, 'k2', 'two');
  jenkins.enqueue({ name: 'pipe', blocks: [{ label: 'two' }] });
  await kill('k2', k2);
  t.match(logOf(built(jenkins, 'pipe')), 'Cannot contact k2: hudson.remoting.ChannelClosed');
  clock.advance(8 * 60_000);
  t.ok(built(jenkins, 'pipe').building, 'after eight minutes still');
  await connectAgent(t, jenkins, 'k2');
  clock.advance(5 * 60_000);
  t.equal(built(jenkins, 'pipe').blocks[0]?.state, 'lost', 'another process has no such script');
  t.ok(built(jenkins, 'pipe').building);
  await post('computer/k2/doDelete');
  t.match(await callsOf(jenkins).json('computer/k2/api/json'), {
    ...{ numExecutors: 0, idle: false, offline: true },
    offlineCauseReason: 'Node is being removed',
  });
  t.match(await callsOf(jenkins).json('queue/api/json'), { items: [] });
  const visits = () => jenkins.asked.filter(({ url }) => url === '/wsagents/').length;
  const before = visits();
  await jenkins.until(() => visits() >= before + 2);
  t.equal(jenkins.world.computers.get('k2')?.link, null, 'let in and thrown out');
  clock.advance(299_999);
  t.ok(built(jenkins, 'pipe').building);
  clock.advance(1);
  t.equal(built(jenkins, 'pipe').result, 'ABORTED');
  t.match(logOf(built(jenkins, 'pipe')), 'Agent k2 was deleted; cancelling node body');
  t.match(logOf(built(jenkins, 'pipe')), 'Agent was removed');
  t.equal((await ask('computer/k2/api/json')).status, 404);

  await readyNode(t, world, 'k3', 'three');
  jenkins.enqueue({ name: 'again', blocks: [{ label: 'three', retries: 1 }] });
  await post('computer/k3/doDelete');
  clock.advance(300_000);
  t.match(logOf(built(jenkins, 'again')), 'Retrying');
  t.equal(jenkins.world.items.size, 1, 'a new item');
  await readyNode(t, world, 'k4', 'three');
  jenkins.finish(built(jenkins, 'again'));
  t.equal(built(jenkins, 'again').result, 'SUCCESS');

  jenkins.enqueue({ name: 'free', label: 'three' });
  await post('computer/k4/doDelete');
  t.equal(built(jenkins, 'free').result, 'FAILURE', 'freestyle: at once');
  t.equal((await ask('computer/k4/api/json')).status, 404);
});

t.test('a restart keeps what is on disk and forgets the rest', async (t) => {
  const world = await startJenkins(t);
  const { jenkins, clock } = world;
  const { post, json } = callsOf(jenkins);
  for (const name of ['n1', 'n2', 'off']) await readyNode(t, world, name, `jammy ${name}`);
  await post('computer/off/changeOfflineCause?offlineMessage=broken+disk');
  jenkins.enqueue({ name: 'rp', blocks: [{ label: 'n1' }] });
  jenkins.enqueue({ name: 'free', label: 'n2' });
  const left = jenkins.enqueue({ name: 'gone', blocks: [{ label: 'focal' }] }).item.id;
  jenkins.enqueue({ name: 'w1', label: 'jammy' });
  const focal = jenkins.enqueue({ name: 'w2', label: 'focal' }).item.id;
  jenkins.enqueue({ name: 'quiet' }, { quietMilliseconds: 60_000 });
  t.equal((await callsOf(jenkins).ask(`queue/item/${left}/api/json`)).status, 200);
  await jenkins.stop();
  await t.rejects(fetch(`${jenkins.url}login`), 'refused');
  await jenkins.listen();
  jenkins.finishStarting();
  t.equal(built(jenkins, 'free').result, 'FAILURE');
  const { items } = (await json('queue/api/json?tree=items[id,why,task[name,url]]')) as {
    items: { id: number; why: string; task: { name: string; url: string } }[];
  };
  t.same(
    items.map(({ why }) => why),
    [
      'In the quiet period. Expires in 1 min 0 sec',
      '‘n1’ is offline',
      'There are no nodes with the label ‘focal’',
      'All nodes of label ‘jammy’ are offline',
      'There are no nodes with the label ‘focal’',
    ],
  );
  t.match(items[1], { task: { name: 'part of rp #1', url: 'job/rp/1/' } });
  t.ok((items[1]?.id ?? 0) > focal, 'a new item, that comes first');
  t.ok(
    (items[2]?.id ?? 0) < (items[3]?.id ?? 0),
    'the others with their old numbers, oldest first',
  );
  t.equal((await callsOf(jenkins).ask(`queue/item/${left}/api/json`)).status, 404, 'forgotten');
  await jenkins.until(() =>
    ['n1', 'n2', 'off'].every((name) => (jenkins.world.computers.get(name)?.link ?? null) !== null),
  );
  t.match(await json('computer/off/api/json'), {
    ...{ temporarilyOffline: true, offlineCauseReason: 'broken disk' },
  });
  clock.advance(SETTLED);
  t.equal(built(jenkins, 'rp').blocks[0]?.state, 'running', 'it has its node again');
  t.equal(jenkins.world.computers.get('n1')?.executors[0]?.running?.build.job.name, 'rp');
  jenkins.finish(built(jenkins, 'rp'));
  t.equal(built(jenkins, 'rp').result, 'SUCCESS');
});

t.test('a temporarily offline node shows nothing of it until its agent is back', async (t) => {
  const world = await startJenkins(t);
  const { jenkins } = world;
  const agent = await readyNode(t, world, 'n1', 'jammy');
  await callsOf(jenkins).post('computer/n1/changeOfflineCause?offlineMessage=x');
  agent.kill();
  await jenkins.restart();
  t.match(await callsOf(jenkins).json('computer/n1/api/json'), {
    ...{ offline: true, temporarilyOffline: false, offlineCause: null, offlineCauseReason: '' },
  });
  await connectAgent(t, jenkins, 'n1');
  t.match(await callsOf(jenkins).json('computer/n1/api/json'), {
    ...{ offline: true, temporarilyOffline: true, offlineCauseReason: 'x' },
  });
});

t.test('a script runs on the agent, and its output comes into the log', async (t) => {
  const world = await startJenkins(t);
  const { jenkins } = world;
  await readyNode(t, world, 'n1', 'jammy');
  const script = (text: string) => ({ kind: 'script', text }) as const;
  jenkins.enqueue({ name: 'good', label: 'jammy', body: script('echo hello from $((40 + 2))') });
  await jenkins.until(() => !built(jenkins, 'good').building);
  t.match(logOf(built(jenkins, 'good')), 'hello from 42\n');
  t.equal(built(jenkins, 'good').result, 'SUCCESS');
  const blocks = [{ label: 'jammy', body: script('exit 3') }];
  jenkins.enqueue({ name: 'bad', blocks });
  await jenkins.until(() => !built(jenkins, 'bad').building);
  t.equal(built(jenkins, 'bad').result, 'FAILURE');
});
