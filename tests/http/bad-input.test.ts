import t from 'tap';
import { basicAuthorization } from '../../services/platform/auth.ts';
import { KEY, authorization, startNode } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { errorsOf, untouched } from '../fixtures/untouched.ts';
import { fileForm } from '../fixtures/multipart.ts';
import { openRaw, requestHead } from '../fixtures/raw-connection.ts';
import { BINARIES, REPO, REPOS, SHA1 } from '../fixtures/some-address.ts';

const LONG = 'ü'.repeat(128);

/** Sends a request whose path no client would leave as it is. */
function sendRaw(t: Parameters<typeof startNode>[0], node: TestNode, method: string, path: string) {
  const headers = { Authorization: authorization(), 'Content-Length': 0, Connection: 'close' };
  return openRaw(t, node.url, requestHead(method, path, headers)).answer();
}

t.test('names in a URL', async (t) => {
  const node = await startNode(t);
  const check = untouched(t, node);
  const words = ['project', 'ref', 'sha1', 'distro', 'version', 'arch', 'flavor', 'name'];
  for (const [segment, reason] of [
    ['..', /leave its folder/],
    ['%2e%2E', /leave its folder/],
    ['.', /leave its folder/],
    ['', /is empty/],
    ['%2Fetc%2Fpasswd', /path separator|is empty/],
    ['a%2F..%2F..%2Fb', /path separator|leave its folder/],
    ['..%5C..%5Cb', /path separator/],
    ['a%00b', /control character/],
    ['a%0D%0AX:b', /control character/],
    ['%7F', /control character/],
    ['a%C2%85b', /control character/],
    ['a%EF%BF%BEb', /noncharacter/],
    [encodeURIComponent(LONG), /longer than 255 bytes/],
    ['%zz', /percent-encoding/],
    ['%', /percent-encoding/],
    ['%ff', /percent-encoding/],
    ['%ED%A0%80', /percent-encoding/],
  ] as const) {
    for (const [at, what] of words.entries()) {
      const parts = ['ceph', 'main', SHA1, 'debian', 'bookworm', 'x86_64', 'default', 'name'];
      parts[at] = segment;
      // At the end, an empty name is the folder's URL.
      if (segment === '' && what === 'name') continue;
      const path = `/binaries/${parts.slice(0, 6).join('/')}/flavors/${parts.slice(6).join('/')}`;
      const answer = await sendRaw(t, node, 'PUT', path);
      t.equal(answer.status, 400, `${what} ${segment.slice(0, 20)}`);
      t.match(JSON.parse(answer.body), { code: 'NAME_INVALID', message: reason, advice: String });
      const reading = await sendRaw(t, node, 'GET', path);
      t.ok([400, 404].includes(reading.status), `GET ${what}: ${reading.status}`);
    }
  }
  for (const word of ['a%20b', 'a%22b', '%3Cscript%3E', 'a%25b', 'a%3Fb', 'a%23b', '%60id%60']) {
    const answer = await sendRaw(t, node, 'POST', `/binaries/${word}/`);
    t.equal(answer.status, 400, word);
    t.match(JSON.parse(answer.body), { message: /^invalid project ".*": it holds a blank or/ });
  }
  for (const path of ['/r/../../etc/passwd', '/r/%2e%2e/%2e%2e/etc/passwd', '/r/..%2F..%2Fetc']) {
    t.equal((await sendRaw(t, node, 'GET', path)).status, 404, path);
  }
  await check();
});

t.test('names in a form', async (t) => {
  const node = await startNode(t);
  const check = untouched(t, node);
  for (const [name, reason] of [
    ['../../../x', /path separator/],
    ['/etc/cron.d/x', /path separator/],
    ['sub/x', /path separator/],
    ['x/', /path separator/],
    ['/', /path separator/],
    ['..', /leave its folder/],
    ['.', /leave its folder/],
    ['C:\\\\x', /path separator/],
    ['a\0b', /control character/],
    ['a\tb', /control character/],
    [LONG, /longer than 255 bytes/],
    ['flavors', /reserved/],
  ] as const) {
    const answer = await node.fetch(`${BINARIES}/`, { method: 'POST', ...fileForm(name, 'x') });
    t.equal(answer.status, 400, JSON.stringify(name).slice(0, 30));
    t.match(await answer.json(), { message: reason });
  }
  await check();
});

t.test('forms that are none', async (t) => {
  const node = await startNode(t);
  const check = untouched(t, node);
  const form = fileForm('a', 'content');
  const text = form.body.toString();
  const type = form.headers['content-type'] ?? '';
  for (const [what, contentType, body] of [
    ['no boundary', 'multipart/form-data', text],
    ['an empty boundary', 'multipart/form-data; boundary=', text],
    ['another boundary', 'multipart/form-data; boundary=other', text],
    ['no body', type, ''],
    ['no form at all', type, 'just text'],
    ['no end', type, text.slice(0, -8)],
    ['no blank line', type, text.replace('\r\n\r\n', '\r\n')],
    ['no part', type, text.slice(text.lastIndexOf('--', text.length - 5))],
    ['no name', type, text.replace('name="file"; ', '')],
    ['a url-encoded form', 'application/x-www-form-urlencoded', 'file=a'],
    ['JSON', 'application/json', '{"file": "a"}'],
  ] as const) {
    const headers = { 'content-type': contentType };
    const answer = await node.fetch(`${BINARIES}/`, { method: 'POST', headers, body });
    t.equal(answer.status, 400, what);
    t.match(await answer.json(), { message: /form|file/, advice: String }, what);
  }
  await check();
});

t.test('JSON bodies', async (t) => {
  const node = await startNode(t, { chacra: '  projects: { ceph: { automatic: false } }' });
  await node.fetch(`${BINARIES}/a`, { method: 'PUT', body: 'a' });
  const before = await (await node.fetch(`${REPOS}/`)).text();
  const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
  const decode = /could not decode JSON body/;
  const anywhere = [
    ['', 400, decode],
    ['{"type":', 400, decode],
    ["{'type': 'raw'}", 400, decode],
    ['[]', 400, /expected (object|record), received array/],
    ['5', 400, /expected (object|record), received number/],
    ['null', 400, /expected (object|record), received null/],
    [deep, 400, /nested deeper than 100 levels/],
    [JSON.stringify({ a: 'x'.repeat(1 << 20) }), 413, /larger than 1048576 bytes/],
  ] as const;
  const cases: (readonly [string, string, number, RegExp])[] = [
    ...[REPOS, `${REPOS}/extra`, `${BINARIES}/b`].flatMap((path) =>
      anywhere.map((row) => [path, ...row] as const),
    ),
    [REPOS, '{}', 400, /at least one key is needed/],
    [REPOS, '{"type":5}', 400, /^type: /],
    [REPOS, '{"type":"zip"}', 400, /^type: /],
    [REPOS, '{"needs_update":"yes"}', 400, /^needs_update: /],
    [REPOS, '{"type":"raw","signed":true}', 400, /signed/],
    [REPOS, '{"ref":"other"}', 400, /ref of a repository cannot be changed/],
    [REPOS, '{"distro":"ubuntu"}', 400, /distro of a repository cannot be changed/],
    [`${BINARIES}/b`, '{}', 400, /could not find required key: 'name'/],
    [`${BINARIES}/b`, '{"name":"b","signed":true}', 400, /signed/],
    [`${BINARIES}/b`, '{"name":"../b"}', 400, /path separator/],
    [`${BINARIES}/b`, '{"name":"b","force":"yes"}', 400, /^force: /],
  ];
  const headers = { 'content-type': 'application/json' };
  for (const [path, body, status, message] of cases) {
    const answer = await node.fetch(path, { method: 'POST', headers, body });
    const shown = `${path.split('/').at(-1)} ${body.slice(0, 30)}`;
    t.equal(answer.status, status, shown);
    t.match(await answer.json(), { message, advice: String, code: String }, shown);
  }
  t.equal(await (await node.fetch(`${REPOS}/`)).text(), before);
  const odd = await node.fetch(`${REPOS}/extra`, { method: 'POST', body: '{"__proto__":{"a":1}}' });
  t.equal(odd.status, 200);
  t.equal((await node.fetch(`repos/${REPO}/`)).status, 200);
  t.same(errorsOf(node), []);
});

t.test('credentials', async (t) => {
  const node = await startNode(t);
  const check = untouched(t, node);
  const encoded = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  for (const [what, header] of [
    ['none', ''],
    ['another scheme', 'Digest username="root"'],
    ['no credentials', 'Basic'],
    ['no base64', 'Basic !!!!'],
    ['no colon', encoded('root')],
    ['no key', encoded('root:')],
    ['a wrong key', encoded('root:wrong')],
    ['the first part of a key', encoded(`root:${KEY.split(':')[0]}`)],
    ['more than the key', encoded(`root:${KEY}:`)],
    ['no user', encoded(`:${KEY}`)],
    ['an unknown user', encoded(`nobody:${KEY}`)],
    ['a word of JavaScript', encoded(`__proto__:${KEY}`)],
    ['a long one', encoded(`root:${'x'.repeat(5000)}`)],
    ['the key unencoded', `Basic root:${KEY}`],
    ['a wrong token', 'Bearer wrong'],
    ['no token', 'Bearer '],
  ] as const) {
    const headers = { authorization: header };
    const answer = await node.fetch(`${BINARIES}/a`, { method: 'PUT', body: 'a', headers });
    t.equal(answer.status, 401, what);
    t.match(answer.headers.get('www-authenticate'), /^Basic realm=/);
    t.match(await answer.json(), { code: 'UNAUTHENTICATED', advice: /curl -u user:key/ });
  }
  await check();
  for (const header of [basicAuthorization('root', KEY), `bearer ${KEY}`, `Bearer ${KEY}`]) {
    const headers = { authorization: header };
    const answer = await node.fetch(`${BINARIES}/a`, { method: 'PUT', body: 'a', headers });
    t.ok(answer.ok, header.slice(0, 6));
  }
});

t.test('requests that are hardly any', async (t) => {
  const node = await startNode(t);
  const check = untouched(t, node);
  const head = requestHead;
  for (const [what, text, ...statuses] of [
    ['headers over the limit', head('GET', '/', { X: 'x'.repeat(20_000) }), 431],
    ['a URL over the limit', head('GET', `/r/${'x'.repeat(20_000)}`), 431],
    ['no host', head('GET', '/', { Host: null }), 400],
    ['a strange host', head('GET', '/repos', { Host: '"><script>' }), 302],
    ['two slashes', head('GET', '//'), 200, 404],
    ['a path like a host', head('GET', '//x:y@z:99999/'), 404],
    ['a redirect like a host', head('GET', '//evil.example/binaries'), 404],
    ['an absolute URL', head('GET', 'http://other.example/health/'), 204],
    ['an absolute URL of files', head('GET', 'http://other.example/r/'), 200, 404],
    ['an absolute URL that is none', head('GET', 'http://[/'), 400, 404],
    ['an asterisk', head('OPTIONS', '*'), 404, 405],
    ['a broken query', head('GET', '/search/?%zz=%'), 405],
    ['no path', head('GET', '?a=b'), 200, 400, 404],
    ['an unknown method', head('BREW', '/'), 400],
    ['a method for proxies', head('CONNECT', 'other.example:443'), 0, 400],
    ['a negative length', head('PUT', `/${BINARIES}/a`, { 'Content-Length': -1 }), 400],
    ['an upgrade', head('GET', '/', { Connection: 'Upgrade', Upgrade: 'h2c' }), 200],
    ['an expectation', head('GET', '/', { Expect: 'miracles' }), 417],
    ['no HTTP', 'hello\r\n\r\n', 400],
  ] as const) {
    const answer = await openRaw(t, node.url, text).answer();
    t.ok(
      statuses.some((status) => status === answer.status),
      `${what}: ${answer.status}`,
    );
  }
  await check();
});
