import t from 'tap';
import { callsOf, nodeForm, startJenkins } from '../fixtures/jenkins.ts';

/* What a live Jenkins 2.462.3 answered, request by request; the fake controller answers the same. */

const QUEUE_TREE =
  'items[id,why,blocked,buildable,stuck,pending,inQueueSince,buildableStartMilliseconds,timestamp,params,url,task[name,fullName,displayName,fullDisplayName,url,labelExpression]]';
const CEPH = '(installed-os-centos9||installed-os-noble)&&x86_64&&gigantic';
const PLACEHOLDER =
  'org.jenkinsci.plugins.workflow.support.steps.ExecutorStepExecution$PlaceholderTask';

t.test('headers tell the version where Jenkins tells it, and nowhere else', async (t) => {
  const { jenkins, clock } = await startJenkins(t);
  const operator = callsOf(jenkins);
  jenkins.addNode({ name: 'c20' });
  jenkins.define({ name: 'par', parameters: { A: '1' } });
  const job = jenkins.define({ name: 'log' });
  jenkins.enqueue(job);
  const expected: [string, 'GET' | 'POST', number, boolean, string | null][] = [
    ['queue/api/json', 'GET', 200, true, 'application/json;charset=utf-8'],
    ['login', 'GET', 200, true, 'text/html;charset=utf-8'],
    ['computer/c20/', 'GET', 200, true, 'text/html;charset=utf-8'],
    ['computer/c20/config.xml', 'GET', 200, false, 'application/xml'],
    ['computer/c20/jenkins-agent.jnlp', 'GET', 200, false, 'application/x-java-jnlp-file'],
    ['job/par/buildWithParameters?delay=0sec', 'POST', 201, false, null],
    ['job/par/buildWithParameters?delay=0sec', 'POST', 303, false, null],
    ['computer/c20/changeOfflineCause?offlineMessage=x', 'POST', 302, false, null],
    ['computer/doCreateItem?name=a%2Fb&json=%7B%7D', 'POST', 400, true, 'text/html;charset=utf-8'],
    ['computer/doCreateItem?name=ab', 'POST', 400, false, 'text/html;charset=iso-8859-1'],
    ['computer/none/api/json', 'GET', 404, true, 'text/html;charset=utf-8'],
    ['computer/c20/doDelete', 'GET', 405, true, 'text/html;charset=utf-8'],
    ['job/par/buildWithParameters?delay=bogus', 'POST', 500, true, 'text/html;charset=utf-8'],
  ];
  for (const [path, method, status, stamped, type] of expected) {
    const answer = await operator.ask(path, { method });
    const told = `${method} ${path}`;
    t.equal(answer.status, status, told);
    t.equal(answer.headers.get('x-jenkins'), stamped ? '2.462.3' : null, told);
    t.equal(answer.headers.get('x-jenkins-session'), stamped ? jenkins.session : null, told);
    t.equal(answer.headers.get('content-type'), type, told);
    if (type === null) t.equal(await answer.text(), '', told);
    const sets = answer.headers.get('set-cookie');
    if (status >= 404) t.match(sets, /^JSESSIONID\..*; Path=\/; HttpOnly$/, told);
  }
  t.match(jenkins.session, /^[0-9a-f]{8}$/);
  const before = jenkins.session;
  await jenkins.restart();
  t.not(jenkins.session, before, 'another run, another session');
  t.equal((await operator.ask('queue/api/json')).headers.get('x-jenkins-session'), jenkins.session);
  await jenkins.stop();
  await jenkins.listen();
  for (const path of ['queue/api/json', 'login', 'jnlpJars/agent.jar']) {
    const answer = await operator.ask(path);
    t.equal(answer.status, 503, path);
    t.equal(answer.headers.get('x-jenkins'), null);
    t.equal(answer.headers.get('retry-after'), null);
    t.match(await answer.text(), /Please wait while Jenkins is getting ready to work/);
  }
  clock.advance(0);
});

t.test('who may not is told so, each in the way of Jenkins', async (t) => {
  const { jenkins } = await startJenkins(t);
  jenkins.addNode({ name: 'c20' });
  const viewer = await callsOf(jenkins, 'viewer').ask('computer/c20/jenkins-agent.jnlp');
  t.equal(viewer.status, 403);
  t.equal(viewer.headers.get('x-required-permission'), 'hudson.model.Computer.Connect');
  t.equal(viewer.headers.get('x-you-are-authenticated-as'), 'viewer');
  t.match(await viewer.text(), /viewer is missing the Agent\/Connect permission/);

  const anonymous = await callsOf(jenkins, null).ask('queue/api/json');
  t.equal(anonymous.status, 403);
  t.equal(anonymous.headers.get('x-required-permission'), null);
  t.match(await anonymous.text(), /<meta http-equiv='refresh' content='1;url=\/login\?from=/);
  const unknown = await callsOf(jenkins, null).post('queue/cancelItem?id=1');
  t.match(await unknown.text(), /No valid crumb was included in the request/);

  const headers = { authorization: `Basic ${Buffer.from('operator:wrong').toString('base64')}` };
  for (const path of ['queue/api/json', 'login', 'jnlpJars/agent.jar']) {
    const wrong = await fetch(jenkins.url + path, { headers });
    t.equal(wrong.status, 401, path);
    t.equal(wrong.headers.get('www-authenticate'), 'Basic realm="Jenkins"');
    t.equal(wrong.headers.get('x-jenkins'), null);
  }

  const nobody = await callsOf(jenkins, 'nobody').ask('queue/api/json');
  t.equal(nobody.headers.get('x-required-permission'), 'hudson.model.Hudson.Read');
  const create = await callsOf(jenkins, 'viewer').post('computer/doCreateItem', nodeForm('v'));
  t.equal(create.headers.get('x-required-permission'), 'hudson.model.Computer.Create');
});

t.test('a password needs a crumb with its cookie, a token needs none', async (t) => {
  const { jenkins } = await startJenkins(t);
  const { ask } = callsOf(jenkins);
  const post = (headers: Record<string, string>) =>
    ask('computer/doCreateItem', { method: 'POST', body: nodeForm('p'), headers }, 'password');
  t.equal((await post({})).status, 403);
  const issued = await ask('crumbIssuer/api/json', {}, 'password');
  const { crumb, crumbRequestField } = (await issued.json()) as Record<string, string>;
  t.match(crumb, /^[0-9a-f]{64}$/);
  t.equal(crumbRequestField, 'Jenkins-Crumb');
  t.equal((await post({ 'jenkins-crumb': crumb ?? '' })).status, 403, 'without the cookie');
  const cookie = issued.headers.get('set-cookie')?.split(';')[0] ?? '';
  t.equal((await post({ 'jenkins-crumb': crumb ?? '', cookie })).status, 302);
  const token = await ask('computer/doCreateItem', {
    ...{ method: 'POST', body: nodeForm('q'), headers: { 'jenkins-crumb': 'wrong' } },
  });
  t.equal(token.status, 302, 'a crumb is not looked at');
  t.match(await callsOf(jenkins).json('whoAmI/api/json'), {
    ...{ _class: 'hudson.security.WhoAmI', anonymous: false, name: 'operator' },
  });
  const made = await callsOf(jenkins).post(
    'me/descriptorByName/jenkins.security.ApiTokenProperty/generateNewToken?newTokenName=y',
  );
  const { data } = (await made.json()) as { data: Record<string, string> };
  t.match(data.tokenValue, /^11[0-9a-f]{32}$/);
  const authorization = `Basic ${Buffer.from(`operator:${data.tokenValue}`).toString('base64')}`;
  const used = await fetch(`${jenkins.url}queue/api/json`, { headers: { authorization } });
  t.equal(used.status, 200);
});

t.test('the queue shows of an item what depth and tree ask for', async (t) => {
  const { jenkins, clock } = await startJenkins(t);
  const now = clock.now().getTime();
  const { json } = callsOf(jenkins);
  jenkins.addNode({ name: 'anchor', labelString: 'ceph-anchor' });
  jenkins.enqueue({ name: 'fs-ceph', label: CEPH });
  const blocks = [{ label: CEPH }, { label: CEPH }];
  jenkins.enqueue({ name: 'pl-ceph', blocks, parallel: true });
  const why = `There are no nodes with the label ‘${CEPH}’`;
  const common = {
    ...{ _class: 'hudson.model.Queue$BuildableItem', blocked: false, buildable: true },
    ...{ inQueueSince: now, params: '', stuck: true, why },
    ...{ buildableStartMilliseconds: now, pending: false },
  };
  const user = { userId: 'operator', userName: 'operator' };
  const cause = {
    ...{ _class: 'hudson.model.Cause$UserIdCause', shortDescription: 'Started by user operator' },
    ...user,
  };
  const block = (id: number) => ({
    ...common,
    ...{ actions: [], id, task: { _class: PLACEHOLDER }, url: `queue/item/${id}/` },
  });
  t.strictSame(await json('queue/api/json'), {
    _class: 'hudson.model.Queue',
    discoverableItems: [],
    items: [
      block(4),
      block(3),
      {
        ...common,
        actions: [{ _class: 'hudson.model.CauseAction', causes: [cause] }],
        id: 1,
        task: {
          ...{ _class: 'hudson.model.FreeStyleProject', name: 'fs-ceph' },
          ...{ url: `${jenkins.url}job/fs-ceph/`, color: 'notbuilt' },
        },
        url: 'queue/item/1/',
      },
    ],
  });
  const placeholder = (id: number) => ({
    ...common,
    id,
    task: {
      ...{ _class: PLACEHOLDER, fullDisplayName: 'part of pl-ceph #1' },
      ...{ name: 'part of pl-ceph #1', url: 'job/pl-ceph/1/' },
    },
    url: `queue/item/${id}/`,
  });
  t.strictSame(await json(`queue/api/json?tree=${QUEUE_TREE}`), {
    _class: 'hudson.model.Queue',
    items: [
      placeholder(4),
      placeholder(3),
      {
        ...common,
        id: 1,
        task: {
          ...{ _class: 'hudson.model.FreeStyleProject', displayName: 'fs-ceph' },
          ...{ fullDisplayName: 'fs-ceph', fullName: 'fs-ceph', name: 'fs-ceph' },
          ...{ url: `${jenkins.url}job/fs-ceph/`, labelExpression: CEPH },
        },
        url: 'queue/item/1/',
      },
    ],
  });
  jenkins.enqueue({ name: 'fold/in', blocks: [{ label: 'jammy' }] });
  jenkins.enqueue({ name: 'none' });
  const { items } = (await json(`queue/api/json?tree=${QUEUE_TREE}`)) as { items: unknown[] };
  t.match(items[1], { task: { name: 'part of fold » in #1', url: 'job/fold/job/in/1/' } });
  t.match(items[0], { task: { labelExpression: null }, stuck: false });
});

t.test('items wait, are blocked, leave, and are forgotten', async (t) => {
  const { jenkins, clock } = await startJenkins(t);
  const { json, post, ask } = callsOf(jenkins);
  const parameters = { A: '1', B: 'd-B' };
  const par = jenkins.define({ name: 'par', label: 'jammy', parameters });
  jenkins.addNode({ name: 'anchor' });
  await post('job/par/buildWithParameters', new URLSearchParams({ A: '1', Z: 'unknown' }));
  const [waiting] = ((await json('queue/api/json')) as { items: Record<string, unknown>[] }).items;
  t.match(waiting, {
    ...{ _class: 'hudson.model.Queue$WaitingItem', buildable: false, params: '\nA=1\nB=d-B' },
    ...{ timestamp: clock.now().getTime() + 5000, stuck: false },
    why: 'In the quiet period. Expires in 5 sec',
  });
  t.notOk(
    waiting !== undefined && ('pending' in waiting || 'buildableStartMilliseconds' in waiting),
  );
  t.equal(par.builds.length, 0);

  t.equal((await post('queue/cancelItem', new URLSearchParams({ id: '1' }))).status, 204);
  t.equal((await post('queue/cancelItem?id=1')).status, 500, 'already left');
  t.match(await json('queue/item/1/api/json'), {
    ...{ _class: 'hudson.model.Queue$LeftItem', id: 1, why: null, stuck: false, cancelled: true },
    ...{ executable: null, buildable: false, blocked: false },
  });
  clock.advance(300_000);
  t.equal((await post('queue/cancelItem?id=1')).status, 404, 'forgotten');
  t.equal((await ask('queue/item/1/api/json')).status, 404);
  for (const path of ['queue/cancelItem?id=x', 'queue/cancelItem'])
    t.equal((await post(path)).status, 404, path);

  const { item } = jenkins.enqueue({ name: 'fs', label: 'jammy' });
  t.equal((await callsOf(jenkins, 'viewer').post(`queue/cancelItem?id=${item.id}`)).status, 422);
  t.equal((await callsOf(jenkins, 'viewer').post('queue/cancelItem?id=1')).status, 404);
  t.equal((await ask(`queue/cancelItem?id=${item.id}`)).status, 405);
  for (let twice = 0; twice < 2; twice += 1)
    t.equal((await post(`queue/item/${item.id}/cancelQueue`)).status, 204);

  jenkins.enqueue({ name: 'pl', blocks: [{ label: 'jammy' }] });
  const started = await json('queue/item/3/api/json');
  t.match(started, {
    ...{ _class: 'hudson.model.Queue$LeftItem', cancelled: false, why: null },
    executable: {
      ...{ _class: 'org.jenkinsci.plugins.workflow.job.WorkflowRun', number: 1 },
      url: `${jenkins.url}job/pl/1/`,
    },
  });
  t.equal((await post('queue/cancelItem?id=4')).status, 204);
  t.equal(jenkins.lastBuild('pl')?.result, 'ABORTED', 'the build, not only its block');
});

t.test('each sees of the queue what its rights show', async (t) => {
  const { jenkins } = await startJenkins(t);
  jenkins.addNode({ name: 'n1', labelString: 'jammy' });
  jenkins.enqueue({ name: 'fs-plus', label: 'focal' });
  for (const user of ['admin', 'operator', 'viewer'])
    t.match(await callsOf(jenkins, user).json('queue/api/json'), {
      ...{ items: [{ id: 1 }], discoverableItems: [] },
    });
  t.match(await callsOf(jenkins, 'reader').json('queue/api/json'), {
    ...{ items: [], discoverableItems: [] },
  });
  t.match(await callsOf(jenkins, 'disco').json('queue/api/json'), {
    ...{ items: [], discoverableItems: [{ task: { name: 'fs-plus' } }] },
  });
  const statuses = { viewer: 200, reader: 404, disco: 403, nobody: 403 };
  for (const [user, status] of Object.entries(statuses))
    t.equal((await callsOf(jenkins, user).ask('queue/item/1/api/json')).status, status, user);
});

t.test('a node is created, or refused with the words of Jenkins', async (t) => {
  const { jenkins } = await startJenkins(t);
  const { post, ask, json } = callsOf(jenkins);
  const create = (form: URLSearchParams) => post('computer/doCreateItem', form);
  const without = (name: string, field: string) => {
    const form = nodeForm(name);
    form.delete(field);
    return form;
  };
  const good = await create(nodeForm('c1'));
  t.equal(good.status, 302);
  t.equal(good.headers.get('location'), `${jenkins.url}computer/`);
  const refusals: [string, string][] = [
    ['c1', 'Agent called  c1  already exists'],
    ['a/b', '/  is an unsafe character'],
    ['a?b', '?  is an unsafe character'],
    ['a%b/', '%  is an unsafe character'],
    ['..', '..  is not an allowed name'],
    ['.', '.  is not an allowed name'],
    ['a.', 'A name cannot end with  .'],
    ['a\tb', 'No control code is allowed: a\\u9;b'],
    ['', "Query parameter 'name' is required"],
  ];
  for (const [name, reason] of refusals) {
    const answer = await create(nodeForm(name));
    t.equal(answer.status, 400, name);
    const told = answer.headers.get('x-error') ?? '';
    if (name === '') t.match(told, /^Query parameter .name. is required$/);
    else t.equal(told, reason, name);
    t.match(answer.headers.get('content-type'), 'text/html');
  }
  const formless = await create(without('f', 'json'));
  t.equal(formless.status, 400);
  t.equal(formless.headers.get('x-error'), null);
  t.match(await formless.text(), /This page expects a form submission/);
  const broken: [string, URLSearchParams][] = [
    [
      'json that is none',
      new URLSearchParams({ name: 'b1', type: 'hudson.slaves.DumbSlave', json: '{' }),
    ],
    ['no type', without('b2', 'type')],
    ['unknown type', new URLSearchParams({ name: 'b3', type: 'Nope', json: '{}' })],
    ['mode', nodeForm('b4', { mode: 'FOO' })],
    ['launcher as text', nodeForm('b5', { launcher: 'hudson.slaves.JNLPLauncher' })],
    ['launcher', nodeForm('b6', { launcher: { 'stapler-class': 'Nope' } })],
  ];
  for (const [what, form] of broken) t.equal((await create(form)).status, 500, what);
  for (const executors of [0, 'zwei']) {
    const name = `ghost-${executors}`;
    t.equal((await create(nodeForm(name, { numExecutors: executors }))).status, 302);
    t.equal((await ask(`computer/${name}/api/json`)).status, 404);
    t.equal((await post(`computer/${name}/doDelete`)).status, 404);
    t.equal((await create(nodeForm(name))).status, 400, 'the name is taken');
  }
  const descriptor = nodeForm('c2', { name: 'other' });
  descriptor.set('type', 'hudson.slaves.DumbSlave$DescriptorImpl');
  t.equal((await create(descriptor)).status, 302, 'the form field wins over the name in json');
  const least = JSON.stringify({
    launcher: { $class: 'hudson.slaves.JNLPLauncher' },
    ...{ remoteFS: '/r', labelString: 'x' },
  });
  await create(new URLSearchParams({ name: 'c3', type: 'hudson.slaves.DumbSlave', json: least }));
  t.match(jenkins.world.nodes.get('c3'), { mode: 'NORMAL', numExecutors: 1, webSocket: false });
  for (const name of ['a b', 'a+b', 'ä', 'a(b)', "a'b", 'a"b', 'a,b', 'a~b', 'C1', 'x'.repeat(100)])
    t.equal((await create(nodeForm(name))).status, 302, name);
  await create(nodeForm(' lead'));
  t.equal((await ask('computer/lead/api/json')).status, 200);
  for (const path of ['a%20b', 'a+b', 'a%2Bb', '(built-in)', '(master)'])
    t.equal((await ask(`computer/${path}/api/json`)).status, 200, path);
  t.equal((await ask('computer/built-in/api/json')).status, 404);
  t.equal((await ask('computer/doCreateItem')).status, 404);
  const xml = await post('computer/createItem?name=x1', '<slave/>');
  t.equal(xml.headers.get('x-error'), 'No mode given', 'XML came with 2.539');
  t.match(await json('computer/api/json?tree=computer[displayName]'), {
    computer: [{ displayName: 'Built-In Node' }, { displayName: 'c1' }],
  });
});

t.test('configuration, secret and launch data of a node', async (t) => {
  const { jenkins } = await startJenkins(t);
  const { ask, post } = callsOf(jenkins);
  await post('computer/doCreateItem', nodeForm('c20'));
  const read = async (path: string) => (await ask(path)).text();
  t.equal(
    await read('computer/c20/config.xml'),
    `<?xml version="1.1" encoding="UTF-8"?>
<slave>
  <name>c20</name>
  <description>d</description>
  <remoteFS>/home/jenkins/agent</remoteFS>
  <numExecutors>1</numExecutors>
  <mode>EXCLUSIVE</mode>
  <retentionStrategy class="hudson.slaves.RetentionStrategy$Always"/>
  <launcher class="hudson.slaves.JNLPLauncher">
    <workDirSettings><disabled>false</disabled><internalDir>remoting</internalDir><failIfWorkDirIsMissing>false</failIfWorkDirIsMissing></workDirSettings>
    <webSocket>true</webSocket>
  </launcher>
  <label>l1</label>
  <nodeProperties/>
</slave>`,
  );
  const secret = jenkins.secretOf('c20');
  const launch = await read('computer/c20/jenkins-agent.jnlp');
  t.equal(
    launch,
    `<jnlp><application-desc><argument>${secret}</argument><argument>c20</argument><argument>-webSocket</argument><argument>-workDir</argument><argument>/home/jenkins/agent</argument><argument>-internalDir</argument><argument>remoting</argument><argument>-url</argument><argument>${jenkins.url}</argument></application-desc></jnlp>`,
  );
  t.equal(await read('computer/c20/slave-agent.jnlp'), launch);
  t.equal(await (await post('computer/c20/jenkins-agent.jnlp')).text(), launch);
  const viewer = callsOf(jenkins, 'viewer');
  const encrypted = await viewer.ask('computer/c20/jenkins-agent.jnlp?encrypt=true');
  t.equal(encrypted.headers.get('content-type'), 'application/octet-stream');
  t.equal((await viewer.ask('computer/c20/config.xml')).status, 403);
  for (const node of ['none', '(built-in)'])
    t.equal((await ask(`computer/${node}/jenkins-agent.jnlp`)).status, 404, node);
  await post('computer/c20/doDelete');
  await post('computer/doCreateItem', nodeForm('c20'));
  t.equal(await read('computer/c20/jenkins-agent.jnlp'), launch, 'the same for ever');

  const xml = (await read('computer/c20/config.xml')).replace('>l1<', '>l2 "my label"<');
  t.equal((await post('computer/c20/config.xml', xml)).status, 200);
  t.equal(jenkins.world.nodes.get('c20')?.labelString, 'l2 "my label"');
  t.equal((await post('computer/c20/config.xml', '<nonsense/>')).status, 500);
  await post('computer/c20/config.xml', xml.replace('>c20<', '>c21<'));
  t.equal((await ask('computer/c20/api/json')).status, 404, 'another name renames');
  t.equal((await ask('computer/c21/api/json')).status, 200);
});

t.test('what lies at the root: agent.jar, agents without upgrade, labels', async (t) => {
  const { jenkins } = await startJenkins(t, { agentJar: Buffer.from('jar') });
  const { json } = callsOf(jenkins);
  for (const user of ['operator', null]) {
    const jar = await callsOf(jenkins, user).ask('jnlpJars/agent.jar');
    t.equal(await jar.text(), 'jar');
    t.match(jar.headers.get('last-modified'), /GMT$/);
    t.equal(jar.headers.get('etag'), null);
    t.equal(jar.headers.get('x-jenkins'), null);
  }
  const head = await callsOf(jenkins, null).ask('jnlpJars/agent.jar', { method: 'HEAD' });
  t.equal(head.headers.get('content-length'), '3');
  t.equal((await callsOf(jenkins, null).ask('wsagents/')).status, 400);
  t.equal((await callsOf(jenkins, null).ask('tcpSlaveAgentListener/')).status, 404);

  const labels = 'installed-os-centos9 installed-os-noble x86_64 gigantic';
  for (const name of ['n1', 'n2']) jenkins.addNode({ name, labelString: labels });
  jenkins.define({ name: 'fs-ceph', label: CEPH });
  const wanted = 'tree=name,description,offline,nodes[nodeName],clouds,tiedJobs[name]';
  t.strictSame(await json(`label/${encodeURIComponent(CEPH)}/api/json?${wanted}`), {
    ...{ _class: 'hudson.model.labels.LabelExpression$And', clouds: [] },
    ...{ description: 'group of n1,n2', name: CEPH },
    nodes: ['n1', 'n2'].map((nodeName) => ({ _class: 'hudson.slaves.DumbSlave', nodeName })),
    offline: true,
    tiedJobs: [{ _class: 'hudson.model.FreeStyleProject', name: 'fs-ceph' }],
  });
  for (const [text, kind, nodes] of [
    ['nope', 'LabelAtom', []],
    ['%26%26', 'LabelAtom', []],
    ['a-%3Eb', 'LabelExpression$Implies', ['', 'n1', 'n2']],
    ['!c', 'LabelExpression$Not', ['', 'n1', 'n2']],
    ['a||b', 'LabelExpression$Or', []],
    ['a%3C-%3En1', 'LabelExpression$Iff', ['', 'n2']],
  ] as const)
    t.match(
      await json(`label/${text}/api/json`),
      {
        _class: `hudson.model.labels.${kind}`,
        nodes: nodes.map((nodeName) => ({ nodeName })),
        offline: nodes.length === 0,
      },
      text,
    );
});

t.test('builds are asked for, merged, refused and followed', async (t) => {
  const { jenkins, clock } = await startJenkins(t);
  const { post, ask, json } = callsOf(jenkins);
  jenkins.define({ name: 'par', label: 'x', parameters: { A: 'a', B: 'b' } });
  jenkins.define({ name: 'fs', label: 'x' });
  const asks: [string, Record<string, string>, number, string | null][] = [
    ['par/buildWithParameters?delay=0sec', { A: '1', Z: '2' }, 201, 'queue/item/1/'],
    ['par/buildWithParameters?delay=0sec', { A: '1' }, 303, 'queue/item/1/'],
    ['par/buildWithParameters?delay=0sec', { A: '2' }, 201, 'queue/item/2/'],
    ['par/buildWithParameters', {}, 201, 'queue/item/3/'],
    ['fs/buildWithParameters', {}, 500, null],
    ['fs/build?delay=0sec', {}, 201, 'queue/item/4/'],
    ['fs/build?delay=0sec', {}, 201, 'queue/item/4/'],
    ['par/build', {}, 400, null],
    ['par/build', { json: '{"parameter":[{"name":"A","value":"j"}]}' }, 201, 'job/par/'],
    ['fs/build?delay=bogus', {}, 500, null],
    ['none/build', {}, 404, null],
  ];
  for (const [path, form, status, location] of asks) {
    const answer = await post(`job/${path}`, new URLSearchParams(form));
    t.equal(answer.status, status, path);
    t.equal(answer.headers.get('location'), location && jenkins.url + location, path);
  }
  t.equal(jenkins.world.items.get(1)?.startedBy.length, 2, 'one cause more');
  t.match(await (await post('job/par/build')).text(), /Nothing is submitted/);
  const got = await ask('job/par/buildWithParameters');
  t.equal(got.status, 405);
  t.equal(got.headers.get('allow'), 'POST');
  const denied = await callsOf(jenkins, 'viewer').post('job/fs/build');
  t.equal(denied.headers.get('x-required-permission'), 'hudson.model.Item.Build');
  jenkins.define({ name: 'off', label: 'x' }).disabled = true;
  t.equal((await post('job/off/build')).status, 409);
  const proxied = await ask('job/fs/build', {
    ...{ method: 'POST', headers: { 'x-forwarded-proto': 'https' } },
  });
  t.match(proxied.headers.get('location'), /^https:\/\/127\.0\.0\.1/);

  jenkins.enqueue({ name: 'log', blocks: [{ label: null }], parameters: { A: 'pq' } });
  const build = jenkins.lastBuild('log');
  if (build === undefined) throw new Error('it runs');
  const wanted =
    'tree=building,inProgress,result,number,queueId,url,actions[parameters[name,value]]';
  t.match(await json(`job/log/1/api/json?${wanted}`), {
    ...{ _class: 'org.jenkinsci.plugins.workflow.job.WorkflowRun', building: true, number: 1 },
    actions: [{ parameters: [{ name: 'A', value: 'pq' }] }],
    ...{ inProgress: true, result: null, url: `${jenkins.url}job/log/1/`, queueId: build.queueId },
  });
  const progress = async (start: number) => {
    const answer = await ask(`job/log/1/logText/progressiveText?start=${start}`);
    const { headers } = answer;
    const [size, more] = [headers.get('x-text-size'), headers.get('x-more-data')];
    return { size: Number(size), more, body: await answer.text() };
  };
  const first = await progress(0);
  t.equal(first.more, 'true');
  t.match(first.body, 'Started by user operator\r\n');
  t.ok(first.size > first.body.length, 'what is hidden counts');
  t.equal((await progress(first.size)).body, '');
  clock.advance(1000);
  jenkins.finish(build);
  const last = await progress(first.size);
  t.match(last.body, /Finished: SUCCESS\r\n$/);
  t.equal(last.more, null);
  t.match((await progress(last.size + 50)).body, /^Started by/, 'beyond the end it begins anew');
  t.match(await (await ask('job/log/1/consoleText')).text(), 'Started by user operator\n');
  t.equal((await ask('job/log/2/logText/progressiveText')).status, 404);
  t.equal((await ask('job/log/1/wfapi/describe')).status, 404);
  t.match(await json('job/log/1/api/json'), { building: false, result: 'SUCCESS', duration: 1000 });
  for (const action of ['stop', 'term', 'kill'])
    t.equal((await post(`job/log/1/${action}`)).status, 302, action);
  t.equal((await ask('job/log/1/stop')).status, 405);
  const unable = await callsOf(jenkins, 'viewer').post('job/log/1/stop');
  t.equal(unable.headers.get('x-required-permission'), 'hudson.model.Item.Cancel');
  jenkins.enqueue({ name: 'hang', blocks: [{ label: 'x' }] });
  await post('job/hang/1/stop');
  t.equal(jenkins.lastBuild('hang')?.result, 'ABORTED');
});
