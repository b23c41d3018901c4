import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { SIGNING_KEY_TYPES, makeSigningKey } from '../adapters/make-signing-key.ts';
import type { SigningKeyType } from '../adapters/make-signing-key.ts';
import { reasonOf } from '../domain/reason.ts';
import { SCOPE_MEANS, SCOPES } from '../domain/scope.ts';
import type { Scope } from '../domain/scope.ts';
import { hashKey, makeKey } from '../platform/keys.ts';

type Print = (text: string) => void;

/** Adds `key user` and `key signing` to the command. */
export function keyCommands(
  program: Command,
  print: Print = (text) => process.stdout.write(text),
): void {
  const key = program.command('key').description('make keys for users and for signing');
  key
    .command('user')
    .description('make a random key for a user of a service')
    .argument('<name>', 'name of the user')
    .addOption(
      new Option('--scope <scope...>', 'what the user may do')
        .choices(SCOPES)
        .makeOptionMandatory(),
    )
    .addHelpText(
      'after',
      `\nScopes:\n${SCOPES.map((scope) => `  ${scope.padEnd(9)}${SCOPE_MEANS[scope]}`).join('\n')}`,
    )
    .action((name: string, options: { scope: Scope[] }) => userKey(name, options.scope, print));
  key
    .command('signing')
    .description('make an OpenPGP key that signs repositories')
    .option('--out <file>', 'where to write the private key', 'signing.asc')
    .addOption(
      new Option('--type <type>', 'kind of key').choices(SIGNING_KEY_TYPES).default('rsa3072'),
    )
    .option('--name <name>', 'whose key it is, as package managers show it', 'gitbuilder')
    .action((options: { out: string; type: SigningKeyType; name: string }) =>
      signingKey(options, print),
    );
}

function userKey(name: string, scopes: readonly Scope[], print: Print): void {
  if (!/^[^\s:]+$/.test(name)) throw new Error('a user name has no ":" and no blanks');
  const key = makeKey();
  const keyHash = hashKey(key);
  const entry = `{ name: ${JSON.stringify(name)}, keyHash: "${keyHash}", scopes: [${scopes.join(', ')}] }`;
  print(
    `key:     ${key}\nkeyHash: ${keyHash}\n\n` +
      'The key is shown only this once. Put its hash into the configuration and restart:\n\n' +
      `users:\n  - ${entry}\n`,
  );
}

async function signingKey(
  options: { readonly out: string; readonly type: SigningKeyType; readonly name: string },
  print: Print,
): Promise<void> {
  const path = resolve(options.out);
  const { armoredKey, fingerprint } = await makeSigningKey(options);
  try {
    await writeFile(path, armoredKey, { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    const why = isThere
      ? `${path} exists and may be the key in use`
      : `cannot write the key: ${reasonOf(error)}`;
    throw new Error(`${why}: choose another --out`, { cause: error });
  }
  print(
    `fingerprint: ${fingerprint}\nprivate key: ${path}\n\n` +
      'Put it into the configuration and restart:\n\n' +
      `chacra:\n  signing: { keyFile: ${JSON.stringify(path)} }\n\n` +
      'Clients fetch the public key from /api/v1/key.asc of the storage node.\n',
  );
}
