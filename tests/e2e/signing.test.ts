import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Command } from 'commander';
import fc from 'fast-check';
import * as openpgp from 'openpgp';
import t from 'tap';
import type { Test } from 'tap';
import type { Signer } from '../../services/chacra/signer.ts';
import { SIGNING_KEY_TYPES, makeSigningKey } from '../../services/adapters/make-signing-key.ts';
import { loadSigner, openSigner } from '../../services/adapters/openpgp-signer.ts';
import { keyCommands } from '../../services/cli/key.ts';
import { parseConfiguration } from '../../services/platform/configuration.ts';
import { matchesKey } from '../../services/platform/keys.ts';
import { startNode } from '../fixtures/chacra.ts';
import { untilPublished } from '../fixtures/signed-node.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { needs } from '../fixtures/tool.ts';

const run = promisify(execFile);
const GPG = needs(['gpg', 'gnupg'], ['gpgv', 'gpgv']);

/** Like a Release file, with what makes cleartext signatures go wrong: dashes, blanks at line ends, umlauts. */
const TEXT =
  'Origin: gitbuilder\nSHA256:\n 00 1 a  \n- dashed\n-----BEGIN\nFrom x\nÜmlaut\t\n\nend\n';

/** Lets the gpgv that apt uses judge, with nothing but the signer's public key. */
async function judge(folder: string, signer: Signer) {
  const keyring = join(folder, 'public.gpg');
  writeFileSync(join(folder, 'public.asc'), signer.publicKeyArmored);
  await run('gpg', [
    '--batch',
    '--yes',
    '--homedir',
    folder,
    '--dearmor',
    '-o',
    keyring,
    join(folder, 'public.asc'),
  ]);
  const gpgv = async (...files: string[]) => {
    const { stdout } = await run('gpgv', ['--status-fd', '1', '--keyring', keyring, ...files], {
      cwd: folder,
    });
    return stdout;
  };
  return {
    async clearsigned(signed: string): Promise<string> {
      writeFileSync(join(folder, 'InRelease'), signed);
      await run('gpgv', [
        '--keyring',
        keyring,
        '--output',
        join(folder, 'text'),
        join(folder, 'InRelease'),
      ]);
      return gpgv('InRelease');
    },
    text: () => readFileSync(join(folder, 'text'), 'utf8'),
    async detached(text: string, signature: string): Promise<string> {
      writeFileSync(join(folder, 'Release'), text);
      writeFileSync(join(folder, 'Release.gpg'), signature);
      return gpgv('Release.gpg', 'Release');
    },
  };
}

/** A home for gpg; not a testdir, because its agent's socket needs a short path. */
function gpgHome(t: Test): string {
  const home = mkdtempSync(join(tmpdir(), 'gpg-'));
  // Else the agent takes seconds to measure how much work a passphrase should cost here.
  writeFileSync(join(home, 'gpg-agent.conf'), 's2k-count 65536\n');
  t.teardown(async () => {
    await run('gpgconf', ['--homedir', home, '--kill', 'gpg-agent']);
    rmSync(home, { recursive: true, force: true });
  });
  return home;
}

/** Blanks at line ends are no part of a cleartext signature (RFC 4880, 7.1). */
function withoutTrailingBlanks(text: string): string {
  return text.replace(/[ \t]+$/gm, '');
}

async function verify(t: Test, signer: Signer): Promise<void> {
  const folder = t.testdir();
  const judged = await judge(folder, signer);
  const clearsigned = await signer.clearsign(TEXT);
  t.notMatch(clearsigned, /\r/);
  t.match(await judged.clearsigned(clearsigned), /GOODSIG/);
  t.equal(withoutTrailingBlanks(judged.text()).trimEnd(), withoutTrailingBlanks(TEXT).trimEnd());
  t.match(await judged.detached(TEXT, await signer.detach(TEXT)), /VALIDSIG/);

  await t.rejects(judged.clearsigned(clearsigned.replace('gitbuilder', 'gitbuilden')), {
    message: /BAD signature/,
  });
  await t.rejects(judged.detached(`${TEXT} `, await signer.detach(TEXT)), {
    message: /BAD signature/,
  });
  const other = await openSigner(await makeSigningKey({ type: 'ed25519', name: 'other' }));
  await t.rejects(judged.detached(TEXT, await other.detach(TEXT)), { message: /No public key/ });
}

for (const type of SIGNING_KEY_TYPES) {
  t.test(`our own ${type} key`, GPG, async (t) => {
    const made = await makeSigningKey({ type, name: 'Our builds' });
    const signer = await openSigner(made);
    t.equal(signer.fingerprint, made.fingerprint);
    t.notMatch(signer.publicKeyArmored, /PRIVATE/);
    await verify(t, signer);
    const folder = t.testdir({ 'key.asc': made.armoredKey });
    const { stdout } = await run('gpg', [
      '--homedir',
      folder,
      '--with-colons',
      '--show-keys',
      join(folder, 'key.asc'),
    ]);
    t.match(stdout, new RegExp(`fpr:+${signer.fingerprint}:`), 'gpg reads it');
    t.match(stdout, /^sec:[^:]*:(3072:1|4096:1|25[56]:22):/m);
  });
}

/** A key as an operator makes it with gpg: primary key, subkeys, passphrase. */
interface GpgKey {
  readonly title: string;
  readonly algorithm: string;
  readonly usage: string;
  readonly subkeys: ReadonlyArray<readonly [algorithm: string, usage: string]>;
  readonly passphrase: string;
  /** Exports only the subkeys, as those do who keep the primary key offline. */
  readonly offline?: boolean;
}

const OPERATORS: readonly GpgKey[] = [
  { title: 'RSA', algorithm: 'rsa2048', usage: 'sign,cert', subkeys: [], passphrase: '' },
  {
    title: 'RSA with a passphrase and an encryption subkey',
    algorithm: 'rsa3072',
    usage: 'sign,cert',
    subkeys: [['rsa3072', 'encrypt']],
    passphrase: 'corréct: horse ',
  },
  {
    title: 'ed25519 with a cv25519 subkey',
    algorithm: 'ed25519',
    usage: 'sign,cert',
    subkeys: [['cv25519', 'encrypt']],
    passphrase: 'p',
  },
  {
    title: 'certify-only primary with a signing subkey',
    algorithm: 'ed25519',
    usage: 'cert',
    subkeys: [['rsa2048', 'sign']],
    passphrase: 'p',
  },
  {
    title: 'primary kept offline',
    algorithm: 'rsa2048',
    usage: 'cert',
    subkeys: [['ed25519', 'sign']],
    passphrase: 'p',
    offline: true,
  },
];

for (const key of OPERATORS) {
  t.test(`an operator's key from gpg: ${key.title}`, GPG, async (t) => {
    const home = gpgHome(t);
    const gpg = async (...args: string[]) => {
      const unlocked = ['--pinentry-mode', 'loopback', '--passphrase', key.passphrase];
      const { stdout } = await run('gpg', ['--batch', '--homedir', home, ...unlocked, ...args]);
      return stdout;
    };
    await gpg('--quick-gen-key', 'Operator <op@example.org>', key.algorithm, key.usage, 'never');
    const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(await gpg('--with-colons', '-k'))?.[1] ?? '';
    for (const [algorithm, usage] of key.subkeys) {
      await gpg('--quick-add-key', fingerprint, algorithm, usage, 'never');
    }
    const exported = key.offline === true ? '--export-secret-subkeys' : '--export-secret-keys';
    const keyFile = join(home, 'signing.asc');
    writeFileSync(keyFile, await gpg('--armor', exported));
    const passphraseFile = join(home, 'passphrase');
    writeFileSync(passphraseFile, `${key.passphrase}\n`);

    const signing = key.passphrase === '' ? { keyFile } : { keyFile, passphraseFile };
    const signer = await loadSigner(signing);
    t.equal(signer.fingerprint, fingerprint);
    await t.test('signs', (t) => verify(t, signer));

    if (key.passphrase === '') return;
    await t.rejects(loadSigner({ keyFile }), {
      code: 'CONFIGURATION_INVALID',
      message: /signing\.asc: .*set chacra\.signing\.passphraseFile/,
    });
    writeFileSync(passphraseFile, 'wrong\n');
    await t.rejects(loadSigner(signing), { code: 'CONFIGURATION_INVALID', message: /passphrase/ });
  });
}

t.test('keys that cannot sign are refused at once', GPG, async (t) => {
  const folder = t.testdir();
  const refused = async (text: string, message: RegExp) => {
    writeFileSync(join(folder, 'key'), text);
    await t.rejects(loadSigner({ keyFile: join(folder, 'key') }), {
      code: 'CONFIGURATION_INVALID',
      message,
    });
  };
  await t.rejects(loadSigner({ keyFile: join(folder, 'absent') }), { message: /ENOENT/ });
  await refused('', /no armoured private key/);
  const good = await makeSigningKey({ type: 'ed25519', name: 'x' });
  await refused((await openSigner(good)).publicKeyArmored, /no armoured private key/);
  await refused(good.armoredKey.slice(0, -200), /cannot sign with this key/);

  const home = gpgHome(t);
  const gpg = ['--batch', '--homedir', home, '--pinentry-mode', 'loopback', '--passphrase', ''];
  const past = ['--faked-system-time', '20200101T000000'];
  await run('gpg', [...gpg, ...past, '--quick-gen-key', 'Old', 'ed25519', 'sign', '1d']);
  const { stdout } = await run('gpg', [...gpg, '--armor', '--export-secret-keys']);
  await refused(stdout, /expired/);
});

t.test(
  'what our own Ed25519 signs holds to an independent reader, whatever the text',
  async (t) => {
    // Blanks, dashes and what other languages take for line ends, among anything else.
    const piece = fc.oneof(
      fc.constantFrom('\n', '\r\n', '-', '- ', ' ', '\t', '\u2028', 'From '),
      fc.string({ unit: 'grapheme' }),
    );
    const text = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''));
    const holds = async (verifying: ReturnType<typeof openpgp.verify>): Promise<boolean> => {
      const [signature] = (await verifying).signatures;
      return (await signature?.verified) ?? false;
    };
    await t.resolves(
      fc.assert(
        // A new key each time: some of its numbers begin with zeros.
        fc.asyncProperty(text, async (text) => {
          const signer = await openSigner(await makeSigningKey({ type: 'ed25519', name: 'x' }));
          const verificationKeys = await openpgp.readKey({ armoredKey: signer.publicKeyArmored });
          const signature = await openpgp.readSignature({
            armoredSignature: await signer.detach(text),
          });
          const binary = await openpgp.createMessage({ binary: Buffer.from(text) });
          const clearsigned = await signer.clearsign(text);
          const message = await openpgp.readCleartextMessage({ cleartextMessage: clearsigned });
          return (
            (await holds(openpgp.verify({ message: binary, signature, verificationKeys }))) &&
            (await holds(openpgp.verify({ message, verificationKeys })))
          );
        }),
        { numRuns: 300 },
      ),
    );
  },
);

t.test('a key that expires while the service runs signs no more', async (t) => {
  let now = new Date('2026-01-01T00:00:00Z');
  const clock = { now: () => now, after: () => () => undefined };
  for (const kind of [{ type: 'ecc', curve: 'ed25519Legacy' }, { type: 'rsa' }] as const) {
    now = new Date('2026-01-01T00:00:00Z');
    const options = { ...kind, userIDs: [{ name: 'x' }], date: now, keyExpirationTime: 3600 };
    const { privateKey } = await openpgp.generateKey({ ...options, format: 'armored' });
    const signer = await openSigner({ armoredKey: privateKey, clock });
    t.match(await signer.detach('text'), /BEGIN PGP SIGNATURE/);
    now = new Date('2026-01-01T01:00:01Z');
    await t.rejects(signer.detach('text'), { message: /expired/ });
    await t.rejects(signer.clearsign('text'), { message: /expired/ });
  }
});

t.test('of several parts the newest signs that may and whose secret is here', async (t) => {
  const start = new Date('2026-01-01T00:00:00Z');
  let now = start;
  const clock = { now: () => now, after: () => () => undefined };
  for (const kind of [{ type: 'ecc', curve: 'ed25519Legacy' }, { type: 'rsa' }] as const) {
    const { privateKey: key } = await openpgp.generateKey({
      ...kind,
      userIDs: [{ name: 'x' }],
      subkeys: [{ sign: true, keyExpirationTime: 3600 }],
      date: start,
      format: 'object',
    });
    const subkey = key.subkeys[0];
    if (subkey === undefined) throw new Error('no subkey was made');
    const signers = async (signer: Signer) => {
      const ids = [];
      const clearsigned = await signer.clearsign('text');
      const [cleartextMessage, armoredSignature] = [clearsigned, await signer.detach('text')];
      const message = await openpgp.readCleartextMessage({ cleartextMessage });
      const detached = await openpgp.readSignature({ armoredSignature });
      for (const id of [...message.getSigningKeyIDs(), ...detached.getSigningKeyIDs()])
        ids.push(id.toHex());
      return ids;
    };
    const [first, second] = [subkey.getKeyID().toHex(), key.getKeyID().toHex()];
    now = start;
    const signer = await openSigner({ armoredKey: key.armor(), clock });
    t.match(signer, {
      fingerprint: key.getFingerprint().toUpperCase(),
      signsWith: subkey.getFingerprint().toUpperCase(),
    });
    t.same(await signers(signer), [first, first]);
    now = new Date('2026-01-01T01:00:01Z');
    t.same(await signers(signer), [second, second], 'one that has expired makes way');

    now = start;
    // As gpg exports a key whose subkey is on a card, and one whose primary key is kept elsewhere.
    const withStub = async (part: 'primary' | 'subkey') => {
      const stubbed = await openpgp.readPrivateKey({ armoredKey: key.armor() });
      const { keyPacket } = part === 'primary' ? stubbed : (stubbed.subkeys[0] ?? stubbed);
      if (keyPacket instanceof openpgp.SecretKeyPacket) keyPacket.makeDummy();
      return openSigner({ armoredKey: stubbed.armor(), clock });
    };
    t.same(await signers(await withStub('subkey')), [second, second], 'a subkey on a card');
    const offline = await withStub('primary');
    t.same(await signers(offline), [first, first], 'a primary key that is kept elsewhere');
    now = new Date('2026-01-01T01:00:01Z');
    await t.rejects(offline.detach('text'), { message: /secret of no part that may sign now/ });
  }
});

t.test('the commands print what works', GPG, async (t) => {
  const folder = t.testdir();
  const gitbuilder = async (...args: string[]): Promise<string> => {
    let printed = '';
    const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
    keyCommands(program, (text) => (printed += text));
    await program.parseAsync(['key', ...args], { from: 'user' });
    return printed;
  };

  const user = await gitbuilder('user', 'ci', '--scope', 'upload', '--scope', 'node');
  const key = /^key: +(\S+)$/m.exec(user)?.[1] ?? '';
  const read = parseConfiguration(user.slice(user.indexOf('users:')), '/x.yaml');
  t.match(read.users, [{ name: 'ci', scopes: ['upload', 'node'] }]);
  t.ok(matchesKey(key, read.users[0]?.keyHash ?? ''));
  await t.rejects(gitbuilder('user', 'ci'), { code: 'commander.missingMandatoryOptionValue' });
  await t.rejects(gitbuilder('user', 'ci', '--scope', 'root'), {
    code: 'commander.invalidArgument',
  });
  await t.rejects(gitbuilder('user', 'c:i', '--scope', 'upload'), { message: /no ":"/ });

  const out = join(folder, 'signing.asc');
  const signing = await gitbuilder(
    'signing',
    '--out',
    out,
    '--type',
    'ed25519',
    '--name',
    'Builds',
  );
  t.equal(statSync(out).mode & 0o777, 0o600);
  const snippet = signing.slice(signing.indexOf('chacra:'), signing.indexOf('\nClients'));
  const { chacra } = parseConfiguration(snippet, '/x.yaml');
  const signer = await loadSigner(chacra.signing ?? { keyFile: '' });
  t.match(signing, signer.fingerprint);
  await t.test('signs', (t) => verify(t, signer));
  const before = readFileSync(out, 'utf8');
  await t.rejects(gitbuilder('signing', '--out', out), { message: /exists/ });
  t.equal(readFileSync(out, 'utf8'), before, 'an existing key is never replaced');
  await t.rejects(gitbuilder('signing', '--out', join(folder, 'no', 'key.asc')), {
    message: /cannot write .*ENOENT.*: choose another --out/,
  });
});

t.test(
  'a new key or subkey signs a repository at its next update, though nothing else changed',
  GPG,
  async (t) => {
    const folder = testFolder(t);
    const repo = `ceph/main/${'a'.repeat(40)}/debian/bookworm`;
    const publishedUnder = async (armoredKey: string): Promise<string> => {
      writeFileSync(join(folder, 'signing.asc'), armoredKey);
      const chacra =
        '  signing: { keyFile: signing.asc }\n  projects: { ceph: { automatic: false } }';
      const node = await startNode(t, { folder, chacra });
      const deb = someDeb();
      const path = `binaries/${repo}/x86_64/flavors/default/${deb.name}`;
      await node.fetch(path, { method: 'PUT', body: deb.bytes });
      await node.fetch(`repos/${repo}/update`, { method: 'POST' });
      await untilPublished(node, repo);
      const inRelease = await (
        await node.fetch(`r/${repo}/flavors/default/dists/bookworm/InRelease`)
      ).text();
      const key = await (await node.fetch('api/v1/key.asc')).text();
      writeFileSync(join(folder, 'key.asc'), key);
      writeFileSync(join(folder, 'InRelease'), inRelease);
      const keyring = join(folder, 'key.gpg');
      await run('gpg', ['--batch', '--yes', '--dearmor', '-o', keyring, join(folder, 'key.asc')]);
      await run('gpgv', ['--keyring', keyring, join(folder, 'InRelease')]);
      await node.stop();
      return inRelease;
    };
    const key = async () => (await makeSigningKey({ type: 'ed25519', name: 'x' })).armoredKey;
    const second = await key();
    const signed = [await publishedUnder(await key()), await publishedUnder(second)];
    t.equal(await publishedUnder(second), signed[1], 'the same key');
    const grown = await openpgp.readPrivateKey({ armoredKey: second });
    const options = { type: 'ecc', curve: 'ed25519Legacy', sign: true } as const;
    signed.push(await publishedUnder((await grown.addSubkey(options)).armor()));
    t.equal(new Set(signed).size, 3, 'all verified');
  },
);
