import { DEFAULT_FLAVOR, parseIdentity } from '../../domain/identity.ts';
import { parseWord } from '../../domain/names.ts';
import { reasonOf } from '../../domain/reason.ts';
import { parseFolderAddress } from '../../domain/web-address.ts';
import { authorizationFrom } from '../key-file.ts';
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
    return { server, place, authorization: await authorizationFrom(flags.keyFile, env) };
  } catch (cause) {
    throw new UsageError(reasonOf(cause), { cause });
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
