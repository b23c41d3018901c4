/** What shaman told of a project's changes, as it happened. */
export interface FollowedEvents {
  /** Hangs up when so many repositories were told ready; answers a line for each change. */
  untilReady(repos: number): Promise<readonly string[]>;
}

interface Change {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
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
  const reading = read(response.body, (change) => {
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

async function read(
  body: AsyncIterable<Uint8Array>,
  hear: (change: Change) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const type = /^event: ?(.*)$/m.exec(block)?.[1];
        const data = /^data: ?(.*)$/m.exec(block)?.[1];
        if (type === undefined || data === undefined) continue;
        // Our own stream: each event's data is one JSON object.
        hear({ type, data: JSON.parse(data) as Change['data'] });
      }
    }
  } catch (cause) {
    if (!(cause instanceof Error && cause.name === 'AbortError')) throw cause;
  }
}

function lineOf({ type, data }: Change): string {
  const at = [data['distro'], data['distro_version']].map(String).join('/');
  return `${type} ${at}: ${String(data['status'])}`;
}
