import type { z } from 'zod';
import { reasonOf } from '../../domain/reason.ts';
import { parseFolderAddress } from '../../domain/web-address.ts';
import { authorizationFrom } from '../key-file.ts';
import { refusal } from '../upload/answers.ts';
import { Problem, unreachable } from '../upload/problem.ts';

/** What every command that speaks with a storage node is told. */
export interface NodeFlags {
  readonly chacra: string;
  readonly keyFile?: string;
  readonly json?: true;
}

/** Small questions to a storage node, as a user of it. */
export class NodeClient {
  readonly #url: string;
  readonly #authorization: string;

  constructor(url: string, authorization: string) {
    this.#url = url;
    this.#authorization = authorization;
  }

  /** The answer's JSON, of a known shape; what is no success becomes an error that says why. */
  async ask<T>(method: string, path: string, schema: z.ZodType<T>, body?: object): Promise<T> {
    return schema.parse(JSON.parse(await this.send(method, path, body)));
  }

  /** The answer's text. */
  async send(method: string, path: string, body?: object): Promise<string> {
    const answer = await fetch(new URL(path, this.#url), {
      method,
      headers: { accept: 'application/json', authorization: this.#authorization },
      redirect: 'manual',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((cause: unknown) => {
      const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : '';
      throw unreachable(this.#url, why, cause);
    });
    const text = await answer.text();
    if (answer.ok) return text;
    const headers = Object.fromEntries(answer.headers);
    throw refusal(this.#url, { status: answer.status, headers, text });
  }
}

/** The address that a flag names. */
export function addressOf(flag: string, text: string): string {
  try {
    return parseFolderAddress(flag, text);
  } catch (cause) {
    // Its advice is for those who send requests.
    const message = reasonOf(cause);
    throw new Problem(message, 'Write it whole, such as https://chacra.example.org/.', { cause });
  }
}

/** The node that the flags name, with the key that they name. */
export async function nodeClient(flags: NodeFlags, env: NodeJS.ProcessEnv): Promise<NodeClient> {
  const url = addressOf('--chacra', flags.chacra);
  return new NodeClient(url, await authorizationFrom(flags.keyFile, env));
}
