import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GitbuilderError } from '../domain/errors.ts';
import { reasonOf } from '../domain/reason.ts';
import type { User } from './auth.ts';
import { isMissing, writeDurably } from './durable-file.ts';
import { hashKey, makeKey } from './keys.ts';

const ADMIN = 'admin';

/**
 * The users of a start without any in the configuration: one admin, whose random key is made at the
 * first start and stands in `<data>/credentials` as `user:key`, readable by its owner alone.
 */
export async function firstUsers(data: string): Promise<{ users: User[]; file: string }> {
  const file = join(data, 'credentials');
  const line = (await readLine(file)) ?? (await make(file));
  const colon = line.indexOf(':');
  if (colon < 1 || colon === line.length - 1) {
    throw new Error(`${file} must hold one line, user:key; remove it to have a new one made`);
  }
  const name = line.slice(0, colon);
  return {
    users: [{ name, keyHash: hashKey(line.slice(colon + 1)), scopes: ['admin'] }],
    file,
  };
}

/** A key or passphrase from its file: the first line, without its end. */
export async function readSecret(file: string): Promise<string> {
  const line = (await readFile(file, 'utf8')).split(/\r?\n/, 1)[0] ?? '';
  if (line === '') throw new Error(`${file} holds no secret: its first line is empty`);
  return line;
}

/** The secret in the file that a setting names; CONFIGURATION_INVALID says which setting, for a bare ENOENT does not. */
export async function configuredSecret(setting: string, file: string): Promise<string> {
  try {
    return await readSecret(file);
  } catch (cause) {
    const reason = isMissing(cause) ? 'there is no such file' : reasonOf(cause);
    const problems = `${setting}: ${reason}`;
    throw new GitbuilderError('CONFIGURATION_INVALID', { file, problems }, { cause });
  }
}

async function readLine(file: string): Promise<string | null> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function make(file: string): Promise<string> {
  const line = `${ADMIN}:${makeKey()}`;
  await writeDurably(file, `${line}\n`, { mode: 0o600 });
  return line;
}
