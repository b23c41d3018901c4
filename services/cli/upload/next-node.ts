import { parseFolderAddress } from '../../domain/web-address.ts';
import type { RepoIdentity } from '../../domain/identity.ts';
import { refusal } from './answers.ts';
import { troubleOf, unreachable } from './problem.ts';
import type { HttpClient } from './http-client.ts';
import type { Retries } from './retries.ts';

/** Asks shaman which storage node takes a sha1: always the same one, so that its repositories stay together. */
export async function nextNode(
  shaman: string,
  { sha1, project, ref }: RepoIdentity,
  { client, retries }: { readonly client: HttpClient; readonly retries: Retries },
): Promise<string> {
  const query = new URLSearchParams({ sha1, project, ref }).toString();
  const url = `${shaman}api/nodes/next/?${query}`;
  const answered = await retries
    .run(() => client.send({ method: 'GET', url }))
    .catch((cause: unknown) => {
      const { message, advice } = troubleOf(cause);
      throw advice === null ? unreachable(`shaman at ${shaman}`, message, cause) : cause;
    });
  if (answered.status !== 200) throw refusal('shaman', answered);
  return parseFolderAddress('the node that shaman names', answered.text.trim());
}
