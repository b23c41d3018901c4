import { readEvents } from './read-events.ts';
import type { ToldEvent } from './read-events.ts';

/** What shaman told of a project's changes, as it happened. */
export interface FollowedEvents {
  /** Hangs up when so many repositories were told ready; answers a line for each change. */
  untilReady(repos: number): Promise<readonly string[]>;
}

/** Listens to shaman's event stream, as a waiting person's browser would. */
export async function followEvents(
  shaman: string,
  project: string,
  stop: AbortSignal,
): Promise<FollowedEvents> {
  const hangUp = new AbortController();
  const query = new URLSearchParams({ project }).toString();
  const response = await fetch(`${shaman}api/v1/events?${query}`, {
    signal: AbortSignal.any([hangUp.signal, stop]),
  });
  if (!response.ok || response.body === null) {
    throw new Error(`shaman's event stream answered ${response.status}`);
  }
  const lines: string[] = [];
  let ready = 0;
  let wanted = Number.POSITIVE_INFINITY;
  const hangUpWhenReady = () => {
    if (ready >= wanted) hangUp.abort();
  };
  const reading = readEvents(response.body, (change) => {
    lines.push(lineOf(change));
    if (change.type === 'repo' && change.data['status'] === 'ready') ready += 1;
    hangUpWhenReady();
  });
  return {
    async untilReady(repos) {
      wanted = repos;
      hangUpWhenReady();
      await reading;
      return lines;
    },
  };
}

function lineOf({ type, data }: ToldEvent): string {
  const at = [data['distro'], data['distro_version']].map(String).join('/');
  return `${type} ${at}: ${String(data['status'])}`;
}
