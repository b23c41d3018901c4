import { DEFAULT_FLAVOR, parseIdentity } from '../../domain/identity.ts';
import { parseWord } from '../../domain/names.ts';
import { parseFolderAddress } from '../../domain/web-address.ts';
import { basicAuthorization } from '../../platform/auth.ts';
import { readSecret } from '../../platform/credentials.ts';
import { UsageError } from './problem.ts';
import type { UploadPlace } from './storage-node.ts';

/** What commander found on the command line. */
export interface UploadFlags {
  readonly chacra?: string;
  readonly shaman?: string;
  readonly project: string;
  readonly ref: string;
  readonly sha1: string;
  readonly distro: string;
  readonly distroVersion: string;
  readonly arch: string;
  readonly flavor?: string;
  readonly keyFile?: string;
  readonly force?: true;
  readonly parallel: number;
  readonly update?: true;
  readonly wait?: number;
  readonly json?: true;
}

/** Whom to ask: a storage node itself, or shaman for one. */
export type Server = { readonly kind: 'chacra' | 'shaman'; readonly url: string };

/** An upload that can be begun. */
export interface UploadOrder {
  readonly server: Server;
  readonly place: UploadPlace;
  readonly authorization: string;
}

/** Checks everything that was typed before anything is sent; UsageError says what is wrong. */
export async function readOrder(flags: UploadFlags, env: NodeJS.ProcessEnv): Promise<UploadOrder> {
  try {
    const server = serverOf(flags);
    const identity = parseIdentity({ ...flags, flavor: flags.flavor ?? DEFAULT_FLAVOR });
    const place = { identity, arch: parseWord('arch', flags.arch) };
    const keyFile = flags.keyFile ?? env['GITBUILDER_KEY_FILE'];
    if (keyFile === undefined || keyFile === '') {
      throw new UsageError('say whose key to use: --key-file FILE, or GITBUILDER_KEY_FILE');
    }
    return { server, place, authorization: await readKey(keyFile) };
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function serverOf({ chacra, shaman }: UploadFlags): Server {
  if (chacra !== undefined && shaman === undefined) {
    return { kind: 'chacra', url: parseFolderAddress('--chacra', chacra) };
  }
  if (shaman !== undefined && chacra === undefined) {
    return { kind: 'shaman', url: parseFolderAddress('--shaman', shaman) };
  }
  throw new UsageError('say where to: either --chacra URL or --shaman URL');
}

/** The key stands in a file, because everybody on a machine can read arguments and many read logs. */
async function readKey(file: string): Promise<string> {
  const line = await readSecret(file);
  const colon = line.indexOf(':');
  if (colon < 1 || colon === line.length - 1) {
    throw new UsageError(`${file} must hold one line, user:key`);
  }
  return basicAuthorization(line.slice(0, colon), line.slice(colon + 1));
}
