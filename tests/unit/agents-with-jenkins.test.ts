import t from 'tap';
import { endDemand, postDemand } from '../../node-agent/demands.ts';
import { planAndRecord } from '../../node-agent/plan-agents.ts';
import { takeOffline } from '../fakes/jenkins/nodes.ts';
import { maintain } from '../fakes/jenkins/queue.ts';
import type { AgentService } from '../fixtures/agent-service.ts';
import { startAgentService } from '../fixtures/agent-service.ts';
import { callsOf } from '../fixtures/jenkins.ts';

/* What agents there are, by what a controller that behaves as recorded shows. */

const JAMMY = { labels: ['jammy', 'x86_64'] };

/** Until the agents' processes are connected and Jenkins gives them work. */
async function connected(service: AgentService, count: number): Promise<void> {
  const links = () =>
    [...service.jenkins.world.computers.values()].filter(({ link }) => link !== null).length;
  await service.jenkins.until(() => links() === count);
}

const states = (service: AgentService) =>
  service
    .agents()
    .map(({ state }) => state)
    .sort();

t.test('an item that waits gets an agent, which goes when its build is over', async (t) => {
  const service = await startAgentService(t, { templates: { jammy: JAMMY } });
  const { jenkins, engine } = service;
  jenkins.enqueue({ name: 'pl', blocks: [{ label: 'jammy && x86_64' }] });
  await service.poll();
  t.same(states(service), ['connecting']);
  await connected(service, 1);
  await service.poll(2);
  t.same(states(service), ['draining'], 'closed as soon as its build was seen');
  const build = jenkins.lastBuild('pl');
  if (build === undefined) throw new Error('it runs');
  jenkins.enqueue({ name: 'other', label: 'jammy' });
  await service.poll();
  t.equal(engine.made.length, 2, 'the next one gets one of its own');
  jenkins.finish(build);
  t.equal(build.result, 'SUCCESS');
  await service.poll(4);
  t.notOk(jenkins.world.nodes.has(engine.made[0]?.identity.node ?? ''));
});

t.test('the second agent of a kind, although Jenkins names the first', async (t) => {
  const service = await startAgentService(t, { templates: { jammy: JAMMY } });
  const { jenkins, engine } = service;
  for (const name of ['a', 'b', 'c']) jenkins.enqueue({ name, label: 'jammy' });
  const blocks = [{ label: 'jammy' }, { label: 'jammy' }];
  jenkins.enqueue({ name: 'two', blocks, parallel: true });
  for (let turn = 0; turn < 6; turn += 1) await service.poll();
  await connected(service, 5);
  await service.poll(6);
  t.equal(engine.made.length, 5, 'one each, however often it was asked');
  t.equal(jenkins.world.items.size, 0);
});

t.test('without any node, an anchor has Jenkins name the labels', async (t) => {
  const service = await startAgentService(t, { templates: { jammy: JAMMY } });
  const { jenkins } = service;
  t.same([...jenkins.world.nodes.keys()], ['gitbuilder-anchor']);
  await callsOf(jenkins).post('computer/gitbuilder-anchor/doDelete');
  jenkins.enqueue({ name: 'pl', blocks: [{ label: 'jammy' }] });
  await service.poll();
  t.match(service.collaborators.situation.items, [{ why: 'Waiting for next available executor' }]);
  t.ok(jenkins.world.nodes.has('gitbuilder-anchor'), 'it is made again when somebody deletes it');
  await service.poll();
  t.match(service.collaborators.situation.items, [{ why: /label ‘jammy’/ }]);
  t.same(states(service), ['connecting']);
  await connected(service, 1);
  t.notOk(jenkins.world.computers.get('gitbuilder-anchor')?.link, 'and it never connects');
});

t.test('one need said twice is one agent; many equal ones stop at the cap', async (t) => {
  const service = await startAgentService(t, { templates: { jammy: JAMMY }, totalCap: 4 });
  const { jenkins, engine, collaborators } = service;
  const order = { label: 'jammy', build: 'job/pl/1/', block: 'b', hint: null, seconds: null };
  await postDemand(collaborators, order);
  await service.poll();
  jenkins.enqueue({ name: 'pl', blocks: [{ label: 'jammy' }] });
  await service.poll(2);
  t.equal(engine.made.length, 1);
  for (let n = 0; n < 10; n += 1) jenkins.enqueue({ name: `many-${n}`, label: 'jammy' });
  await service.poll(3);
  t.equal(engine.made.length, 4);
});

t.test('a registry that is slow holds up who pulls from it, and nobody else', async (t) => {
  const slow = { ...JAMMY, labels: ['slow'], pull: 'always' as const };
  const service = await startAgentService(t, { templates: { jammy: JAMMY, slow } });
  const { jenkins, engine, clock, loops } = service;
  let answers: () => void = () => undefined;
  engine.registry = new Promise((resolve) => (answers = resolve));
  // More than are made at once.
  for (let n = 0; n < 10; n += 1) jenkins.enqueue({ name: `slow-${n}`, label: 'slow' });
  jenkins.enqueue({ name: 'quick', label: 'jammy' });
  clock.advance(1000);
  await loops.pollNow();
  await service.until(() => engine.made.length > 0);
  t.strictSame(
    engine.made.map(({ identity }) => identity.template),
    ['jammy'],
  );
  answers();
  await service.until(() => engine.made.length === 11);
});

t.test('a block that was over before anybody looked takes its agent with it', async (t) => {
  const service = await startAgentService(t, { templates: { jammy: JAMMY } });
  const { collaborators } = service;
  const build = 'job/pl/1/';
  const post = (block: string) =>
    postDemand(collaborators, { label: 'jammy', build, block, hint: null, seconds: null });
  const [first, second] = [await post('a'), await post('b')];
  await service.poll();
  await connected(service, 2);
  await service.poll();
  t.same(states(service), ['idle', 'idle']);
  await endDemand(collaborators, first.id);
  await service.poll(6);
  t.same(states(service), ['idle'], 'the other block still waits for one');
  await endDemand(collaborators, second.id);
  await service.poll(6);
  t.same(states(service), []);
});

t.test('a block that is over is not taken for one that waits still', async (t) => {
  const service = await startAgentService(t, { templates: { jammy: JAMMY } });
  const { collaborators } = service;
  const { situation } = collaborators;
  const build = 'job/pl/1/';
  const order = { label: 'jammy', build, block: 'a', hint: null, seconds: null };
  const { id } = await postDemand(collaborators, order);
  await service.poll();
  await connected(service, 1);
  await service.poll();
  t.same(states(service), ['idle']);
  const task = {
    kind: 'block',
    name: 'part of pl #1',
    path: build,
    labelExpression: null,
  } as const;
  const waits = { kind: 'buildable', inQueueSince: 0, pending: false, stuck: false } as const;
  const why = 'Waiting for next available executor on ‘jammy’';
  const read = [{ ...waits, id: 1, why, task }];
  situation.items = read;
  t.same(await planAndRecord(collaborators), [], 'the idle agent is for it');
  await endDemand(collaborators, id);
  t.same(await planAndRecord(collaborators), [], 'which nobody waits for any more');
  situation.items = read;
  t.equal((await planAndRecord(collaborators)).length, 1, 'until the queue is read and shows it');
});

t.test('a controller that restarts with ten agents: no new one, and none goes', async (t) => {
  const templates = { jammy: { ...JAMMY, uses: 'unlimited' as const } };
  const service = await startAgentService(t, { templates });
  const { jenkins, engine } = service;
  for (let n = 0; n < 10; n += 1)
    jenkins.enqueue({ name: `pl-${n}`, blocks: [{ label: 'jammy' }] });
  await service.poll(2);
  await connected(service, 10);
  await service.poll(2);
  t.same(
    states(service),
    Array.from({ length: 10 }, () => 'busy'),
  );
  await jenkins.stop();
  await service.poll(2);
  await jenkins.listen();
  await service.poll(2);
  jenkins.finishStarting();
  await service.poll(1);
  await connected(service, 10);
  await service.poll(5);
  t.equal(engine.made.length, 10);
  t.same(
    states(service),
    Array.from({ length: 10 }, () => 'busy'),
  );
  for (const { builds } of jenkins.world.jobs.values())
    for (const build of builds) {
      t.equal(build.blocks[0]?.state, 'running');
      jenkins.finish(build);
    }
});

t.test('a restart under agents for one build: each gets its build back', async (t) => {
  const service = await startAgentService(t, { templates: { jammy: JAMMY } });
  const { jenkins, engine, clock } = service;
  for (const name of ['a', 'b']) jenkins.enqueue({ name, blocks: [{ label: 'jammy' }] });
  await service.poll();
  await connected(service, 2);
  await service.poll(2);
  t.same(states(service), ['draining', 'draining']);
  await jenkins.restart();
  await service.poll();
  await connected(service, 2);
  // The queue has run, but their executors take nothing yet: reasons of every node, each build's own by name.
  clock.advance(300);
  maintain(jenkins.world);
  await service.loops.pollNow();
  await service.loops.pollNow();
  const closed = jenkins.asked.filter(({ url }) => url.includes('changeOfflineCause')).length;
  await service.poll(8);
  t.equal(engine.made.length, 2);
  for (const name of ['a', 'b'])
    t.equal(jenkins.lastBuild(name)?.blocks[0]?.state, 'running', name);
  const later = jenkins.asked.filter(({ url }) => url.includes('changeOfflineCause')).length;
  t.ok(later - closed <= 2, `closed again when they run, not before: ${later - closed}`);
  for (const name of ['a', 'b']) {
    const build = jenkins.lastBuild(name);
    if (build !== undefined) jenkins.finish(build);
    t.equal(build?.result, 'SUCCESS');
  }
  await service.poll(4);
  t.same(states(service), []);
});

t.test('a controller that makes no nodes is not asked each second', async (t) => {
  const service = await startAgentService(t, { templates: { jammy: JAMMY } });
  const { jenkins } = service;
  jenkins.enqueue({ name: 'fs', label: 'jammy' });
  jenkins.fault = ({ url }) => (/doCreateItem/.test(url) ? { kind: 'html', status: 500 } : null);
  const before = jenkins.asked.length;
  await service.poll(60);
  const asked = jenkins.asked.slice(before).filter(({ url }) => /doCreateItem/.test(url)).length;
  t.ok(asked >= 2 && asked <= 8, `${asked} times in a minute`);
  jenkins.fault = () => null;
  await service.poll(12, 10);
  t.equal(jenkins.lastBuild('fs')?.building, true, 'and when it does again, all is well');
});

t.test('an answer that is lost leaves no node behind', async (t) => {
  const service = await startAgentService(t, { templates: { jammy: JAMMY } });
  const { jenkins, engine } = service;
  const { item } = jenkins.enqueue({ name: 'fs', label: 'jammy' });
  jenkins.fault = ({ url }) => (/doCreateItem/.test(url) ? { kind: 'break', isDone: true } : null);
  await service.poll();
  jenkins.fault = () => null;
  await callsOf(jenkins).post(`queue/cancelItem?id=${item.id}`);
  await service.poll(9, 10);
  await service.loops.reconcileNow();
  await service.poll(2);
  t.same([...jenkins.world.nodes.keys()], ['gitbuilder-anchor']);
  t.equal(engine.containers.size, 0);
});

t.test('one that failed and is kept does not hold up the others', async (t) => {
  const templates = { jammy: { ...JAMMY, keepFailedSeconds: 3600 } };
  const service = await startAgentService(t, { templates });
  const { jenkins, engine } = service;
  jenkins.enqueue({ name: 'a', label: 'jammy' });
  await service.poll();
  await connected(service, 1);
  await service.poll(2);
  engine.kill(engine.made[0]?.identity.node ?? '');
  await service.until(() => states(service).includes('failed'));
  await jenkins.restart();
  jenkins.enqueue({ name: 'b', label: 'jammy' });
  await service.poll(3);
  t.equal(engine.made.length, 2, 'Jenkins is itself again as soon as those that live are back');
});

t.test('a container that dies: the node goes at once, busy or idle', async (t) => {
  const templates = { jammy: { ...JAMMY, minIdle: 1 } };
  const service = await startAgentService(t, { templates });
  const { jenkins, engine } = service;
  await service.poll();
  await connected(service, 1);
  await service.poll();
  t.same(states(service), ['idle']);
  const [idle] = engine.made;
  engine.kill(idle?.identity.node ?? '');
  await service.until(() => !jenkins.world.nodes.has(idle?.identity.node ?? ''));
  await service.poll();
  await connected(service, 1);
  await service.poll();
  const blocks = [{ label: 'jammy', retries: 1 }];
  jenkins.enqueue({ name: 'pl', blocks });
  await service.poll(2);
  const busy = jenkins.lastBuild('pl')?.blocks[0]?.node ?? '';
  t.match(busy, /^jammy-/);
  engine.kill(busy);
  await service.until(() => !jenkins.world.nodes.has(busy));
  t.equal(jenkins.lastBuild('pl')?.building, true);
  await service.poll(31, 10);
  t.not(jenkins.lastBuild('pl')?.blocks[0]?.node, busy, 'it runs again on another');
});

t.test('a host that is silent for an hour: nothing of it is given up', async (t) => {
  const templates = { jammy: { ...JAMMY, uses: 'unlimited' as const, minIdle: 2 } };
  const service = await startAgentService(t, { templates });
  const { jenkins, engine } = service;
  await service.poll();
  await connected(service, 2);
  await service.poll();
  const nodes = [...jenkins.world.nodes.keys()];
  engine.awayReason = 'no route to host';
  for (let minute = 0; minute < 60; minute += 1) {
    await service.poll(1, 60);
    await service.loops.reconcileNow();
  }
  t.same([...jenkins.world.nodes.keys()], nodes);
  t.same(states(service), ['idle', 'idle']);
  engine.awayReason = null;
  await service.loops.reconcileNow();
  await service.poll(3);
  t.equal(engine.made.length, 2);
});

t.test(
  'a build that starts just as its agent has been idle for long enough survives',
  async (t) => {
    const templates = { jammy: { ...JAMMY, idleSeconds: 60, uses: 'unlimited' as const } };
    const service = await startAgentService(t, { templates });
    const { jenkins, engine } = service;
    jenkins.enqueue({ name: 'first', label: 'jammy' });
    await service.poll();
    await connected(service, 1);
    await service.poll(2);
    const first = jenkins.lastBuild('first');
    if (first !== undefined) jenkins.finish(first);
    await service.poll(2);
    t.same(states(service), ['idle']);
    let isStarted = false;
    jenkins.fault = ({ url }) => {
      if (!isStarted && /changeOfflineCause/.test(url)) {
        isStarted = true;
        jenkins.enqueue({ name: 'second', blocks: [{ label: 'jammy' }] });
      }
      return null;
    };
    await service.poll(40, 2);
    t.ok(isStarted);
    const build = jenkins.lastBuild('second');
    t.equal(build?.blocks[0]?.state, 'running');
    if (build !== undefined) jenkins.finish(build);
    t.equal(build?.result, 'SUCCESS');
    await service.poll(6);
    t.same(states(service), []);
    t.equal(engine.made.length, 1);
  },
);

t.test('a person may look at an idle agent; what a monitor finds is replaced', async (t) => {
  const service = await startAgentService(t, {
    templates: { jammy: { ...JAMMY, minIdle: 1, uses: 'unlimited' } },
  });
  const { jenkins, engine } = service;
  await service.poll();
  await connected(service, 1);
  await service.poll();
  const node = engine.made[0]?.identity.node ?? '';
  await callsOf(jenkins).post(`computer/${node}/toggleOffline?offlineMessage=let+me+see`);
  await service.poll();
  t.match(service.agents()[0], { state: 'held', cause: /let me see/ });
  await callsOf(jenkins).post(`computer/${node}/toggleOffline`);
  await service.poll();
  t.equal(service.agents().find((agent) => agent.node === node)?.state, 'idle');
  const computer = jenkins.world.computers.get(node);
  if (computer === undefined) throw new Error('it is there');
  const message = 'Disk space is too low. Only 0.5GB left on /home/jenkins.';
  takeOffline(jenkins.world, computer, { kind: 'monitor', message });
  await service.poll(4);
  t.notOk(jenkins.world.nodes.has(node));
  t.match(
    service.collaborators.agents.all().find((agent) => agent.node === node),
    { state: 'gone', cause: /Disk space is too low/ },
  );
});

for (const call of ['createNode', 'create', 'start'])
  for (const when of ['before', 'after'] as const)
    t.test(`a service that is killed ${when} ${call}: all is well again after it`, async (t) => {
      const options = { templates: { jammy: JAMMY } };
      const first = await startAgentService(t, options);
      const { jenkins, engine } = first;
      const killed = first.killAt(call, when);
      jenkins.enqueue({ name: 'pl', blocks: [{ label: 'jammy' }] });
      void first.poll();
      await killed;
      const second = await startAgentService(t, { ...options, after: first });
      await second.poll(2);
      await connected(second, 1);
      // What nobody knows any more goes after a minute.
      await second.poll(4);
      second.clock.advance(61_000);
      await second.loops.reconcileNow();
      await second.poll(4);
      const running = jenkins.lastBuild('pl')?.blocks[0];
      t.equal(running?.state, 'running');
      t.same([...jenkins.world.nodes.keys()].sort(), ['gitbuilder-anchor', running?.node].sort());
      t.same(
        [...engine.containers.values()].map(({ spec }) => spec.identity.node),
        [running?.node],
      );
      t.same(states(second), ['draining']);
    });

t.test('a service that is killed finds its agents again, idle and busy', async (t) => {
  const templates = { jammy: { ...JAMMY, minIdle: 1, uses: 'unlimited' as const } };
  const first = await startAgentService(t, { templates });
  const { jenkins, engine } = first;
  jenkins.enqueue({ name: 'pl', blocks: [{ label: 'jammy' }] });
  await first.poll();
  await connected(first, 2);
  await first.poll(2);
  t.same(states(first), ['busy', 'idle']);
  first.kill();
  const second = await startAgentService(t, { templates, after: first });
  await second.poll(3);
  t.same(states(second), ['busy', 'idle']);
  t.equal(engine.made.length, 2);
  const build = jenkins.lastBuild('pl');
  if (build !== undefined) jenkins.finish(build);
  t.equal(build?.result, 'SUCCESS');
});
