import { closeSync, openSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { SCOPES, allows } from '../../services/domain/scope.ts';
import { authenticator, basicAuthorization, requireScope } from '../../services/platform/auth.ts';
import { configuredSecret, firstUsers, readSecret } from '../../services/platform/credentials.ts';
import { hashKey, makeKey, matchesKey } from '../../services/platform/keys.ts';
import { logDestination, makeLogger } from '../../services/platform/logging.ts';
import { makeMetrics } from '../../services/platform/metrics.ts';
import { parseConfiguration } from '../../services/platform/configuration.ts';

t.test('keys', async (t) => {
  const keys = new Set(Array.from({ length: 100 }, makeKey));
  t.equal(keys.size, 100);
  for (const key of keys) t.match(key, /^[\w-]{43}$/);
  const hash = hashKey('secret');
  t.match(hash, /^sha256\$[0-9a-f]{32}\$[0-9a-f]{64}$/);
  t.notMatch(hash, hashKey('secret'), 'salted');
  t.ok(matchesKey('secret', hash));
  for (const wrong of ['', 'Secret', 'secret ', hash]) t.notOk(matchesKey(wrong, hash), wrong);
  for (const kept of ['', 'sha256', 'sha256$$', 'md5$a$b', `${hash}00`, hash.slice(0, -2)]) {
    t.notOk(matchesKey('secret', kept), kept);
  }
  t.equal(
    parseConfiguration(`users: [{name: a, keyHash: "${hash}", scopes: [admin]}]`, '/x').users[0]
      ?.keyHash,
    hash,
    'the configuration takes it',
  );
});

t.test('Basic and Bearer', async (t) => {
  const users = [
    { name: 'ci', keyHash: hashKey('a:b:c'), scopes: ['upload'] },
    { name: 'root', keyHash: hashKey('kéy'), scopes: ['admin'] },
  ] as const;
  const authenticate = authenticator(users);
  const ci = { user: 'ci', scopes: ['upload'] };

  t.strictSame(authenticate(basicAuthorization('ci', 'a:b:c')), ci, 'a key with colons');
  t.strictSame(authenticate(`bAsIc  ${btoa('ci:a:b:c')} `), ci);
  t.strictSame(authenticate('Bearer a:b:c'), ci, 'a key alone');
  t.strictSame(authenticate(basicAuthorization('root', 'kéy')), {
    user: 'root',
    scopes: ['admin'],
  });
  const rotating = authenticator([...users, { ...users[0], keyHash: hashKey('new') }]);
  for (const key of ['a:b:c', 'new']) {
    t.strictSame(rotating(basicAuthorization('ci', key)), ci, 'either key of one user');
  }
  const wrong = [
    undefined,
    '',
    'Basic',
    'Basic !!!',
    `Basic ${btoa('ci')}`,
    'Bearer wrong',
    'Bearer ',
    'Digest a:b:c',
    basicAuthorization('ci', 'a:b'),
    basicAuthorization('ci', ''),
    basicAuthorization('', ''),
    basicAuthorization('root', 'a:b:c'),
    basicAuthorization('nobody', 'a:b:c'),
    basicAuthorization('constructor', 'a:b:c'),
  ];
  for (const header of wrong) t.equal(authenticate(header), null, header ?? 'none');
  fc.assert(
    fc.property(
      fc.stringMatching(/^[^\s:]+$/),
      fc.string({ minLength: 1, unit: 'binary' }),
      (name, key) => {
        const one = authenticator([{ name, keyHash: hashKey(key), scopes: [] }]);
        return one(basicAuthorization(name, key))?.user === name;
      },
    ),
  );
});

t.test('scopes', async (t) => {
  for (const scope of SCOPES) {
    t.ok(allows(['admin'], scope), `admin may ${scope}`);
    t.ok(allows([scope], scope));
    t.equal(allows(['upload'], scope), scope === 'upload');
    t.notOk(allows([], scope));
  }
  const caller = { user: 'ci', scopes: ['upload'] } as const;
  t.equal(requireScope(caller, 'upload'), caller);
  t.throws(() => requireScope(caller, 'admin'), {
    code: 'FORBIDDEN',
    message: 'user ci lacks the scope admin',
  });
  t.throws(() => requireScope(null, 'upload'), { code: 'UNAUTHENTICATED' });
});

t.test('the first start makes an admin key', async (t) => {
  const data = t.testdir();
  const first = await firstUsers(data);
  t.equal(first.file, join(data, 'credentials'));
  t.equal(statSync(first.file).mode & 0o777, 0o600);
  const text = readFileSync(first.file, 'utf8');
  t.match(text, /^admin:[\w-]{43}\n$/);
  const key = text.trim().slice('admin:'.length);
  const again = await firstUsers(data);
  for (const { users } of [first, again]) {
    t.strictSame(authenticator(users)(basicAuthorization('admin', key)), {
      user: 'admin',
      scopes: ['admin'],
    });
  }
  t.strictSame(readdirSync(data), ['credentials']);
  writeFileSync(first.file, 'nothing useful\n');
  await t.rejects(firstUsers(data), { message: /must hold one line/ });

  writeFileSync(join(data, 'secret'), 'a b:c \r\nmore\n');
  t.equal(await readSecret(join(data, 'secret')), 'a b:c ');
  writeFileSync(join(data, 'empty'), '\n');
  await t.rejects(readSecret(join(data, 'empty')), { message: /holds no secret/ });

  t.equal(await configuredSecret('chacra.shaman.keyFile', join(data, 'secret')), 'a b:c ');
  for (const [name, reason] of [
    ['absent', 'chacra.shaman.keyFile: there is no such file'],
    ['empty', /^chacra.shaman.keyFile: .* holds no secret/],
    ['.', /^chacra.shaman.keyFile: EISDIR/],
  ] as const) {
    await t.rejects(configuredSecret('chacra.shaman.keyFile', join(data, name)), {
      code: 'CONFIGURATION_INVALID',
      fields: { file: join(data, name), problems: reason },
    });
  }
});

t.test('logs carry no secret, metrics no global state', async (t) => {
  const lines: string[] = [];
  const log = makeLogger('info', { write: (line: string) => lines.push(line) });
  const headers = { authorization: 'hidden', cookie: 'hidden', 'proxy-authorization': 'hidden' };
  log.info(
    { headers, req: { headers, url: '/x' }, key: 'hidden', user: { token: 'hidden' } },
    'asked',
  );
  log.child({ service: 'chacra' }).warn({ passphrase: 'hidden' }, 'again');
  log.debug({}, 'below the level');
  t.equal(lines.length, 2);
  t.notMatch(lines.join(''), /hidden/);
  t.match(JSON.parse(lines[0] ?? ''), { level: 30, msg: 'asked', req: { url: '/x' } });

  const registry = makeMetrics();
  t.match(await registry.metrics(), /process_resident_memory_bytes \d+/);
  t.not(registry, makeMetrics());
});

t.test('a log on a full disk loses lines and nothing else', async (t) => {
  const folder = t.testdir();
  const open = (path: string) => {
    const descriptor = openSync(path, 'a');
    t.teardown(() => closeSync(descriptor));
    return descriptor;
  };
  makeLogger('info', logDestination(open('/dev/full'))).info('lost');
  const path = join(folder, 'log');
  makeLogger('info', logDestination(open(path))).info('kept');
  t.match(readFileSync(path, 'utf8'), /"msg":"kept"/);
});
